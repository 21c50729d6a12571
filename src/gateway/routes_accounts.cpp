// Local accounts: administrators make and remove them, owners say who may what in their source.
#include "access/limits.hpp"
#include "gateway/context.hpp"
#include "gateway/shapes.hpp"

namespace lockstep::gateway {
namespace {

const std::string kAccounts = "/api/v1/accounts";
const std::string kPeople = "/api/v1/sources/{source}/people";

JsonObject shape(const access::Account& account) {
  JsonObject sources;
  for (const auto& [source, role] : account.rights.sources) sources[source.str()] = to_string(role);
  JsonObject out{{"account", account.name}, {"sources", std::move(sources)}, {"created", to_iso8601(account.created)}};
  if (account.everywhere) out["everywhere"] = to_string(*account.everywhere);
  if (JsonObject businesses = to_json(account.rights.businesses); !businesses.empty())
    out["businesses"] = std::move(businesses);
  return out;
}

// A role by name, or nothing after answering 422.
std::optional<Role> role_in(const Call& call, const Json* value, Role highest) {
  const auto role = value != nullptr && value->is_string() ? access::role_named(value->get_string()) : std::nullopt;
  if (role && *role <= highest) return role;
  call.answer(problem({ErrorKind::invalid,
                       highest == Role::admin ? "a role is viewer, editor, owner or admin"
                                              : "a role in a source is viewer, editor, owner or business",
                       {}}));
  return std::nullopt;
}

// {"role": "editor"}, or {"role": "business", "business": "cafe-7"}; nothing after answering 422.
std::optional<access::Grant> grant_in(const Call& call, const JsonObject& body) {
  if (string_member(body, "role") != access::kBusiness) {
    const auto role = role_in(call, find_member(body, "role"), Role::owner);
    return role ? std::optional<access::Grant>(*role) : std::nullopt;
  }
  const std::string_view name = string_member(body, "business");
  if (!name.empty() && name.size() <= access::limits::kBusinessBytes) return access::Business{std::string(name)};
  call.answer(problem({ErrorKind::invalid, "the role business needs 'business', its name: 200 bytes at most", {}}));
  return std::nullopt;
}

std::optional<access::Grants> grants_in(const Context& context, const Call& call, const Json* sources) {
  access::Grants out;
  if (sources == nullptr) return out;
  if (!sources->is_object()) {
    call.answer(problem({ErrorKind::invalid, "'sources' is an object: a role for each source", {}}));
    return std::nullopt;
  }
  for (const auto& [name, value] : sources->get_object()) {
    const SourceId source{std::string(name)};
    if (context.hub.catalog().find(source) == nullptr) {
      call.answer(problem({ErrorKind::invalid, "there is no such source", {}}));
      return std::nullopt;
    }
    const auto role = role_in(call, &value, Role::owner);
    if (!role) return std::nullopt;
    out[source] = *role;
  }
  return out;
}

// The account in the path, as it is kept. What can be no name is none that there is.
std::string named(const Call& call) { return access::account_name(call.parameter("account")).value_or(""); }

access::Accounts::Done answer_account(Context& context, std::shared_ptr<Call> call, unsigned status, std::string name) {
  return [&context, call = std::move(call), status, name = std::move(name)](const Result<void>& done) {
    if (!done) return call->answer(problem(done.error()));
    const access::Account* account = context.accounts.find(name);
    call->answer(json_response(status, account == nullptr ? JsonObject{{"account", name}} : shape(*account)));
  };
}

void list_accounts(Context& context, const std::shared_ptr<Call>& call) {
  JsonArray items;
  for (const auto& [name, account] : context.accounts.all()) items.push_back(shape(account));
  call->answer(json_response(200, JsonObject{{"items", std::move(items)}}));
}

void add_account(Context& context, const std::shared_ptr<Call>& call) {
  const auto body = body_object(*call);
  if (!body) return;
  const auto name = access::account_name(string_member(*body, "account"));
  if (!name) return call->answer(problem(name.error()));
  std::optional<Role> everywhere;
  if (const Json* role = find_member(*body, "everywhere")) {
    everywhere = role_in(*call, role, Role::admin);
    if (!everywhere) return;
  }
  auto sources = grants_in(context, *call, find_member(*body, "sources"));
  if (!sources) return;
  context.accounts.add(*name, std::string(string_member(*body, "password")), everywhere, {std::move(*sources)},
                       answer_account(context, call, 201, *name));
}

void set_everywhere(Context& context, const std::shared_ptr<Call>& call) {
  const auto body = body_object(*call);
  if (!body) return;
  const Json* given = find_member(*body, "everywhere");
  std::optional<Role> role;
  if (given == nullptr || !given->is_null()) {
    role = role_in(*call, given, Role::admin);
    if (!role) return;
  }
  context.accounts.grant_everywhere(named(*call), role, answer_account(context, call, 200, named(*call)));
}

void set_password(Context& context, const std::shared_ptr<Call>& call) {
  const auto body = body_object(*call);
  if (!body) return;
  context.accounts.set_password(named(*call), std::string(string_member(*body, "password")),
                                answer_account(context, call, 200, named(*call)));
}

bool has_right_in(const access::Account& account, const SourceId& source) {
  return account.rights.sources.contains(source) || account.rights.businesses.contains(source);
}

// What an owner sees of an account: its right here, nothing of elsewhere.
JsonObject person(const access::Account& account, const SourceId& source) {
  JsonObject out{{"account", account.name}};
  if (const auto role = account.rights.sources.find(source); role != account.rights.sources.end()) {
    out["role"] = to_string(role->second);
    return out;
  }
  const sync::Businesses& names = account.rights.businesses.at(source);
  out["role"] = access::kBusiness;
  out["business"] = *names.begin();  // there is one: a grant takes the place of the one before
  return out;
}

void list_people(Context& context, const std::shared_ptr<Call>& call) {
  JsonArray items;
  for (const auto& [name, account] : context.accounts.all()) {
    if (has_right_in(account, call->source())) items.push_back(person(account, call->source()));
  }
  call->answer(json_response(200, JsonObject{{"items", std::move(items)}}));
}

void grant(Context& context, const std::shared_ptr<Call>& call) {
  const auto body = body_object(*call);
  if (!body) return;
  const auto name = access::account_name(call->parameter("account"));
  if (!name) return call->answer(problem(name.error()));
  const auto given = grant_in(*call, *body);
  if (!given) return;
  auto done = [&context, call, name = *name](const Result<void>& stored) {
    if (!stored) return call->answer(problem(stored.error()));
    const access::Account* account = context.accounts.find(name);
    if (account == nullptr || !has_right_in(*account, call->source()))  // taken away again meanwhile
      return call->answer(problem({ErrorKind::not_found, "there is no such account", {}}));
    call->answer(json_response(200, person(*account, call->source())));
  };
  if (const Json* password = find_member(*body, "password"); password != nullptr) {
    // Who manages everything could have made it in the other way, too.
    if (call->caller.may_administer()) {
      access::Rights rights;
      rights.add(call->source(), *given);
      return context.accounts.add(*name, std::string(string_member(*body, "password")), std::nullopt, std::move(rights),
                                  std::move(done));
    }
    return context.accounts.add_to_source(*name, std::string(string_member(*body, "password")), call->source(), *given,
                                          std::move(done));
  }
  context.accounts.grant(*name, call->source(), given, std::move(done));
}

void revoke(Context& context, const std::shared_ptr<Call>& call) {
  context.accounts.grant(named(*call), call->source(), std::nullopt, [call](const Result<void>& done) {
    if (!done) return call->answer(problem(done.error()));
    call->answer(json_response(200, JsonObject{{"account", call->parameter("account")}}));
  });
}

}  // namespace

void add_account_routes(Router& router, Context& context) {
  const auto add = [&](const char* method, const std::string& pattern, Needs needs, auto run) {
    router.add({method, pattern, needs, [&context, run](std::shared_ptr<Call> call) { run(context, call); }});
  };
  add("GET", kAccounts, Needs::administrator, list_accounts);
  add("POST", kAccounts, Needs::administrator, add_account);
  add("DELETE", kAccounts + "/{account}", Needs::administrator, [](Context& in, const std::shared_ptr<Call>& call) {
    in.accounts.remove(named(*call), answer_account(in, call, 200, named(*call)));
  });
  add("PUT", kAccounts + "/{account}/everywhere", Needs::administrator, set_everywhere);
  add("PUT", kAccounts + "/{account}/password", Needs::administrator, set_password);
  add("GET", kPeople, Needs::operator_, list_people);
  add("PUT", kPeople + "/{account}", Needs::operator_, grant);
  add("DELETE", kPeople + "/{account}", Needs::operator_, revoke);
}

}  // namespace lockstep::gateway
