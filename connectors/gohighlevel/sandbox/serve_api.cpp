#include <algorithm>

#include "connectors/gohighlevel/sandbox/core.hpp"
#include "connectors/gohighlevel/sandbox/limits.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

using Delivery = SandboxReply::Delivery;

const Route* find_route(const Core& core, std::string_view method, std::string_view path,
                        std::vector<std::string>& values) {
  for (const Route& route : core.routes) {
    if (route.method == method && matches_pattern(route.pattern, path, values)) return &route;
  }
  return nullptr;
}

// The published dates only. "v3" is a contract of its own, which the sandbox does not speak.
Outcome<void> check_version(const wire::HttpRequest& request) {
  if (!request.headers.has("Version")) return refuse(401, "version header was not found.");
  const std::string_view version = request.headers.get("Version");
  if (version != "2021-04-15" && version != "2021-07-28" && version != "2023-02-21")
    return refuse(401, "version header is invalid");
  return {};
}

// A body of another content type is not read, so that its properties are missing; as frameworks do it.
Outcome<JsonObject> read_body(const Route& route, const wire::HttpRequest& request) {
  if (request.body.size() > limits::body_bytes_max) return refuse(413, "request entity too large");
  if (route.body == nullptr || request.body.empty()) return JsonObject();
  const std::string_view type = request.headers.get("Content-Type");
  if (route.body == &schemas::token) {
    JsonObject form;
    if (!type.starts_with("application/x-www-form-urlencoded")) return form;
    for (auto& [name, value] : wire::parse_target("?" + request.body).query) {
      if (!is_utf8(name) || !is_utf8(value)) return refuse(400, "the form must be UTF-8");
      form[name] = std::move(value);
    }
    return form;
  }
  if (!type.starts_with("application/json")) return JsonObject();
  auto body = parse_json(request.body, {limits::body_bytes_max, 32});
  if (!body) return refuse(400, body.error().message);
  if (!body->is_object()) return refuse(400, "the body must be a JSON object");
  return std::move(body->get_object());
}

Outcome<void> check_location(const Route& route, const Call& call, const Grant& grant) {
  std::string_view named = grant.location_id;
  if (route.location == Names::path) named = call.path[0];
  if (route.location == Names::query) named = call.target.parameter("locationId");
  if (route.location == Names::query_snake) named = call.target.parameter("location_id");
  if (route.location == Names::query_alt) named = call.target.parameter("altId");
  if (route.location == Names::query_alt && call.target.has("altType") &&
      call.target.parameter("altType") != "location")
    return std::unexpected(unprocessable("altType must be one of the following values: location"));
  if (route.location == Names::body) named = call.body.at("locationId").get_string();
  if (named != grant.location_id) return refuse(403, "The token does not have access to this location.");
  return {};
}

Refusal too_many() {
  Refusal out = refusal(429, "Too Many Requests");
  out.body.erase("error");
  return out;
}

// One call on its way through the checks, in the order the vendor is seen to apply them.
class Service {
 public:
  Service(Core& core, const wire::HttpRequest& request, const Route& route, std::string label, Call call)
      : core_(core), request_(request), route_(route), label_(std::move(label)), call_(std::move(call)) {}

  Outcome<Answer> run(wire::HttpHeaders& headers) {
    if (!route_.scope.empty()) {
      if (auto admitted = admit(headers); !admitted) return std::unexpected(std::move(admitted.error()));
    }
    if (hits(Fault::error_before_apply))
      return refuse(core_.faults.rule(Fault::error_before_apply).status, "Internal server error");
    if (auto done = read(); !done) return std::unexpected(std::move(done.error()));
    if (label_.ends_with("search") && hits(Fault::stale_search)) freeze();
    Api api{core_.crm, core_.tokens, core_.random};
    auto answer = route_.handler(api, call_);
    if (answer && label_ == "POST /contacts/" && hits(Fault::created_but_refused)) {
      return std::unexpected(unprocessable("Contact could not be created"));
    }
    if (hits(Fault::error_after_apply))
      return refuse(core_.faults.rule(Fault::error_after_apply).status, "Internal server error");
    return answer;
  }

  const std::string& fault() const { return fault_; }

 private:
  bool hits(Fault fault) {
    const bool hit = core_.faults.hits(fault, label_, core_.random);
    if (hit) fault_ = to_string(fault);
    return hit;
  }

  // Version, token, quota, scope.
  Outcome<void> admit(wire::HttpHeaders& headers) {
    if (auto version = check_version(request_); !version) return version;
    const std::string_view authorization = request_.headers.get("Authorization");
    if (hits(Fault::token_revoked)) core_.tokens.revoke(authorization);
    auto grant = core_.tokens.authenticate(authorization, core_.clock.now());
    if (!grant) return std::unexpected(std::move(grant.error()));
    grant_ = std::move(*grant);
    const bool by_fault = hits(Fault::too_many_requests);
    const bool spent = by_fault || core_.quota.spend(grant_.bucket, core_.clock.now()) != Quota::Verdict::counted;
    core_.quota.put_headers(grant_.bucket, core_.clock.now(), headers);
    if (by_fault) headers.set("X-RateLimit-Remaining", "0");
    if (spent) return std::unexpected(too_many());
    // A missing scope is 401 and not 403 (FACTS).
    if (std::ranges::find(grant_.scopes, route_.scope) == grant_.scopes.end()) {
      return refuse(401, "The token is not authorized for this scope.");
    }
    call_.location = core_.crm.location(grant_.location_id);
    if (call_.location == nullptr) return refuse(403, "The token does not have access to this location.");
    return {};
  }

  Outcome<void> read() {
    if (auto query = check_query(route_, call_.target); !query) return query;
    auto body = read_body(route_, request_);
    if (!body) return std::unexpected(std::move(body.error()));
    call_.body = std::move(*body);
    if (route_.body != nullptr) {
      const auto problems = validate(call_.body, *route_.body);
      if (!problems.empty()) return std::unexpected(unprocessable(problems));
    }
    if (route_.scope.empty()) return {};
    return check_location(route_, call_, grant_);
  }

  void freeze() {
    const Time now = core_.clock.now();
    const Time until = now + core_.faults.duration(Fault::stale_search, core_.random);
    call_.location->contact_index.freeze(now, until);
    call_.location->opportunity_index.freeze(now, until);
  }

  Core& core_;
  const wire::HttpRequest& request_;
  const Route& route_;
  std::string label_;
  Call call_;
  Grant grant_;
  std::string fault_;
};

}  // namespace

wire::HttpResponse json_response(unsigned status, const Json& body) {
  return {status, {{"Content-Type", "application/json; charset=utf-8"}}, to_text(body)};
}

SandboxReply serve_api(Core& core, const wire::HttpRequest& request) {
  Call call;
  call.target = wire::parse_target(request.target);
  const Route* route = find_route(core, request.method, call.target.path, call.path);
  const std::string label =
      route == nullptr ? "unknown" : std::string(route->method) + " " + std::string(route->pattern);
  SandboxReply reply;
  if (core.faults.hits(Fault::latency, label, core.random))
    reply.delay = core.faults.duration(Fault::latency, core.random);
  const Time now = core.clock.now();
  const Time until = now + reply.delay;
  if (core.faults.hits(Fault::drop_before_apply, label, core.random)) {
    reply.delivery = Delivery::drop_before_apply;
    core.log.add(label,
                 {now, request.method, request.target, 0, std::string(to_string(Fault::drop_before_apply)), until});
    return reply;
  }
  wire::HttpHeaders headers{{"Content-Type", "application/json; charset=utf-8"}};
  std::string fault;
  Outcome<Answer> answer =
      refuse(404, "Cannot " + request.method + " " + request.target.substr(0, request.target.find('?')));
  if (route != nullptr) {
    Service service(core, request, *route, label, std::move(call));
    answer = service.run(headers);
    fault = service.fault();
  }
  JsonObject& body = answer ? answer->body : answer.error().body;
  body["traceId"] = core.crm.make_uuid();
  reply.response = {answer ? answer->status : answer.error().status, std::move(headers), to_text(body)};
  if (core.faults.hits(Fault::drop_after_apply, label, core.random)) {
    reply.delivery = Delivery::drop_after_apply;
    fault = to_string(Fault::drop_after_apply);
  }
  core.log.add(label, {now, request.method, request.target, reply.response.status, std::move(fault), until});
  return reply;
}

}  // namespace lockstep::gohighlevel::sandbox
