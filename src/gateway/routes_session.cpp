// Signing in and out, own sessions and password, and the first account of an installation.
#include "access/limits.hpp"
#include "gateway/context.hpp"
#include "gateway/shapes.hpp"
#include "net/address_policy.hpp"

namespace lockstep::gateway {
namespace {

namespace limits = access::limits;
const std::string kSession = "/api/v1/session";
const std::string kSessions = "/api/v1/sessions";

// Browsers send a Secure cookie over TLS only, and to this machine's own address without.
wire::HttpResponse with_cookie(wire::HttpResponse response, const Call& call, std::string_view token,
                               std::chrono::seconds life) {
  std::string text = std::string(access::kSessionCookie) + '=' + std::string(token) +
                     "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(life.count());
  if (!access::is_loopback(access::host_of(call.request.request.headers.get("Host")))) text += "; Secure";
  response.headers.add("Set-Cookie", std::move(text));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

access::SignInFrom from_of(const Call& call) {
  return {call.request.remote_address, std::string(call.request.request.headers.get("User-Agent")),
          net::network_of(call.request.remote_address)};
}

JsonObject shape(const access::Session& session) {
  return {
      {"id", session.id},
      {"account", session.account},
      {"began", to_iso8601(session.began)},
      {"used", to_iso8601(session.used)},
      {"ends", to_iso8601(std::min<Time>(session.used + limits::kSessionIdle, session.began + limits::kSessionLife))},
      {"agent", session.agent},
      {"address", session.address}};
}

enum class Keep { cookie, token };

access::Accounts::SignedInDone answer_signed_in(std::shared_ptr<Call> call, unsigned status, Keep keep) {
  return [call = std::move(call), status, keep](Result<access::SignedIn> in) {
    if (!in) return call->answer(problem(in.error()));
    JsonObject body = shape(in->session);
    if (keep == Keep::token) {
      // Never both: a page that could read the token would not need the cookie.
      body["token"] = in->token;
      wire::HttpResponse response = json_response(status, std::move(body));
      response.headers.set("Cache-Control", "no-store");
      return call->answer(std::move(response));
    }
    call->answer(with_cookie(json_response(status, std::move(body)), *call, in->token, limits::kSessionLife));
  };
}

// A page of another site must not sign its visitors in as somebody else. Answers 403 and says no when it tries.
bool comes_from_here(const Call& call) {
  if (access::is_same_origin(call.request.request.headers)) return true;
  call.answer(problem({ErrorKind::unauthorized, "only a page of this server may sign people in", {}}, 403));
  return false;
}

std::optional<Keep> keep_of(const Call& call, const JsonObject& body) {
  const auto token = flag(call, body, "token");
  if (!token) return std::nullopt;
  return *token ? Keep::token : Keep::cookie;
}

void sign_in(Context& context, const std::shared_ptr<Call>& call) {
  if (!comes_from_here(*call)) return;
  const auto body = body_object(*call);
  if (!body) return;
  const auto keep = keep_of(*call, *body);
  if (!keep) return;
  context.accounts.sign_in(string_member(*body, "account"), std::string(string_member(*body, "password")),
                           from_of(*call), answer_signed_in(call, 201, *keep));
}

void set_up(Context& context, const std::shared_ptr<Call>& call) {
  if (!comes_from_here(*call)) return;
  const auto body = body_object(*call);
  if (!body) return;
  context.accounts.set_up(string_member(*body, "setup"), string_member(*body, "account"),
                          std::string(string_member(*body, "password")), from_of(*call),
                          answer_signed_in(call, 201, Keep::cookie));
}

void change_password(Context& context, const std::shared_ptr<Call>& call) {
  if (call->caller.account.empty())
    return call->answer(problem({ErrorKind::invalid, "only an account has a password", {}}));
  const auto body = body_object(*call);
  if (!body) return;
  const auto keep = keep_of(*call, *body);
  if (!keep) return;
  context.accounts.change_password(call->caller.account, std::string(string_member(*body, "old")),
                                   std::string(string_member(*body, "password")), from_of(*call),
                                   answer_signed_in(call, 200, *keep));
}

void who_am_i(const std::shared_ptr<Call>& call) {
  const Caller& caller = call->caller;
  JsonObject sources;
  for (const auto& [source, role] : caller.sources) sources[source.str()] = to_string(role);
  JsonObject body{{"name", caller.name}, {"sources", std::move(sources)}};
  if (caller.everywhere) body["everywhere"] = to_string(*caller.everywhere);
  if (JsonObject businesses = to_json(caller.businesses); !businesses.empty())
    body["businesses"] = std::move(businesses);
  if (!caller.account.empty()) body["account"] = caller.account;
  if (!caller.session.empty()) body["session"] = caller.session;
  call->answer(json_response(200, std::move(body)));
}

void sign_out(Context& context, const std::shared_ptr<Call>& call) {
  if (call->caller.session.empty())
    return call->answer(problem({ErrorKind::invalid, "a key or a token of somebody else does not sign out here", {}}));
  context.accounts.end_session(call->caller.session, [call](Result<void> done) {
    if (!done) return call->answer(problem(done.error()));
    call->answer(with_cookie(json_response(200, JsonObject{{"signed_out", true}}), *call, "", std::chrono::seconds(0)));
  });
}

void list_sessions(Context& context, const std::shared_ptr<Call>& call) {
  std::string account = call->caller.account;
  if (call->target.has("account") && call->target.parameter("account") != account) {
    if (!call->caller.may_administer())
      return call->answer(problem({ErrorKind::unauthorized, "an administrator may see others' sessions", {}}, 403));
    account = call->target.parameter("account");
  }
  JsonArray items;
  if (!account.empty()) {
    for (const access::Session& one : context.accounts.sessions(account)) {
      JsonObject item = shape(one);
      item["current"] = one.id == call->caller.session;
      items.push_back(std::move(item));
    }
  }
  call->answer(json_response(200, JsonObject{{"items", std::move(items)}}));
}

void end_session(Context& context, const std::shared_ptr<Call>& call) {
  const access::Session* session = context.accounts.session(std::string(call->parameter("id")));
  const Caller& caller = call->caller;
  const bool own = session != nullptr && !caller.account.empty() && session->account == caller.account;
  // Others' sessions look like none.
  if (session == nullptr || (!own && !caller.may_administer()))
    return call->answer(problem({ErrorKind::not_found, "there is no such session", {}}));
  context.accounts.end_session(session->id, [call, id = session->id](const Result<void>& done) {
    if (!done) return call->answer(problem(done.error()));
    call->answer(json_response(200, JsonObject{{"id", id}}));
  });
}

}  // namespace

void add_session_routes(Router& router, Context& context) {
  router.add({"POST", kSession, Needs::nothing, [&context](std::shared_ptr<Call> call) { sign_in(context, call); }});
  router.add({"GET", kSession, Needs::caller, [](std::shared_ptr<Call> call) { who_am_i(call); }});
  router.add({"DELETE", kSession, Needs::caller, [&context](std::shared_ptr<Call> call) { sign_out(context, call); }});
  router.add({"PUT", kSession + "/password", Needs::caller,
              [&context](std::shared_ptr<Call> call) { change_password(context, call); }});
  router.add(
      {"GET", kSessions, Needs::caller, [&context](std::shared_ptr<Call> call) { list_sessions(context, call); }});
  router.add({"DELETE", kSessions + "/{id}", Needs::caller,
              [&context](std::shared_ptr<Call> call) { end_session(context, call); }});
  router.add(
      {"POST", "/api/v1/setup", Needs::nothing, [&context](std::shared_ptr<Call> call) { set_up(context, call); }});
}

}  // namespace lockstep::gateway
