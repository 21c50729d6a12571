#include "simulation/crm.hpp"

#include <set>

#include "base/assert.hpp"

namespace lockstep::simulation {
namespace {

std::string text_of(const Json& object, std::string_view name) { return std::string(string_member(object, name)); }

Values contact_values(const Json& contact) {
  Values out;
  put_value(out, "email", canonical_email(text_of(contact, "email")));
  put_value(out, "phone", canonical_phone(text_of(contact, "phone")));
  put_value(out, "first_name", canonical_text(text_of(contact, "firstName")));
  put_value(out, "last_name", canonical_text(text_of(contact, "lastName")));
  put_value(out, "city", canonical_text(text_of(contact, "city")));
  put_tags(out, find_member(contact, "tags"));
  return out;
}

Values deal_values(const Json& deal) {
  Values out;
  put_value(out, "name", canonical_text(text_of(deal, "name")));
  put_value(out, "status", canonical_text(text_of(deal, "status")));
  put_value(out, "stage", text_of(deal, "pipelineStageId"));
  put_value(out, "contact", text_of(deal, "contactId"));
  if (const Json* amount = find_member(deal, "monetaryValue")) put_value(out, "amount", canonical_amount(*amount));
  return out;
}

}  // namespace

Crm::Crm(gohighlevel::SandboxSettings settings, const Clock& clock, std::uint64_t seed, History& history)
    : clock_(clock), random_(seed), sandbox_(std::move(settings), clock, random_), history_(history) {
  const Json answer = control("GET", "pipelines", nullptr);
  const Json& first = answer.at("pipelines").at(0);
  pipeline_ = text_of(first, "id");
  for (const Json& stage : first.at("stages").get_array()) stages_.push_back(text_of(stage, "id"));
}

gohighlevel::SandboxReply Crm::call(const wire::HttpRequest& request) {
  gohighlevel::SandboxReply reply = sandbox_.handle(request);
  ++answers_[reply.response.status];
  if (request.method != "GET" && !request.target.ends_with("search")) {
    // With a contact the CRM deletes its deals: that is the CRM's own doing, as if a person had done it.
    const bool takes_deals = request.method == "DELETE" && request.target.starts_with("/contacts/");
    watch_kind(Kind::deal, takes_deals ? Hand::person : Hand::lockstep);
    watch(Hand::lockstep);
  }
  if (on_change) on_change();
  return reply;
}

JsonObject Crm::install_app() {
  const gohighlevel::OAuthClient client = gohighlevel::SandboxSettings::demo().oauth_clients.front();
  for (;;) {  // the CRM's faults strike here, too
    const Json code = control("POST", "oauth/codes", JsonObject{{"clientId", client.client_id}});
    wire::HttpRequest request;
    request.method = "POST";
    request.target = "/oauth/token";
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.body = "client_id=" + client.client_id + "&client_secret=" + client.client_secret +
                   "&grant_type=authorization_code&code=" + text_of(code, "code");
    const auto tokens = parse_json(sandbox_.handle(request).response.body);
    if (!tokens || find_member(*tokens, "refresh_token") == nullptr) continue;
    return {{"client_id", client.client_id},
            {"client_secret", client.client_secret},
            {"refresh_token", text_of(*tokens, "refresh_token")}};
  }
}

std::uint64_t Crm::answers(unsigned status) const {
  const auto at = answers_.find(status);
  return at == answers_.end() ? 0 : at->second;
}

std::uint64_t Crm::beyond_budget() {
  const Json faults = control("GET", "faults", nullptr);
  const Json* rule = find_member(faults, "too_many_requests");
  const Json* hits = rule == nullptr ? nullptr : find_member(*rule, "hits");
  return answers(429) - (hits == nullptr ? 0 : hits->to_number<std::uint64_t>());
}

Json Crm::control(const std::string& method, const std::string& path, const Json& body) {
  wire::HttpRequest request;
  request.method = method;
  request.target = "/_sandbox/" + path;
  request.headers.add("Content-Type", "application/json");
  if (!body.is_null()) request.body = to_text(body);
  const gohighlevel::SandboxReply reply = sandbox_.handle(request);
  if (reply.response.status >= 300) return nullptr;
  auto parsed = parse_json(reply.response.body, {std::size_t{64} << 20, 32});
  LOCKSTEP_ASSERT(parsed.has_value(), "the sandbox answers JSON");
  return std::move(*parsed);
}

Json Crm::act(const std::string& method, const std::string& path, const Json& body) {
  Json answer = control(method, path, body);
  watch(Hand::person);
  if (on_change) on_change();
  return answer;
}

void Crm::watch(Hand by) {
  watch_kind(Kind::contact, by);
  watch_kind(Kind::deal, by);
}

void Crm::watch_kind(Kind kind, Hand by) {
  const bool contacts = kind == Kind::contact;
  const Json all = control("GET", contacts ? "contacts" : "opportunities", nullptr);
  std::set<std::string> there;
  for (const Json& one : all.at(contacts ? "contacts" : "opportunities").get_array()) {
    std::string id = text_of(one, "id");
    history_.note({Side::crm, kind, id}, clock_.now(), by, true, contacts ? contact_values(one) : deal_values(one));
    there.insert(std::move(id));
  }
  for (const ObjectId& object : history_.alive(Side::crm, kind)) {
    if (!there.contains(object.id)) history_.note(object, clock_.now(), by, false, {});
  }
}

}  // namespace lockstep::simulation
