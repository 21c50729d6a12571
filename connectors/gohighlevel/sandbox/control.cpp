#include "connectors/gohighlevel/sandbox/control.hpp"

#include "connectors/gohighlevel/sandbox/limits.hpp"
#include "connectors/gohighlevel/sandbox/page.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

wire::HttpResponse text_response(std::string_view type, std::string_view body) {
  return {200, {{"Content-Type", std::string(type)}, {"Cache-Control", "no-store"}}, std::string(body)};
}

bool has_key(const Core& core, const wire::HttpRequest& request, const wire::Target& target) {
  if (core.control_key.empty()) return true;
  return request.headers.get("X-Sandbox-Key") == core.control_key || target.parameter("key") == core.control_key;
}

Outcome<JsonObject> read_body(const wire::HttpRequest& request) {
  if (request.body.empty()) return JsonObject();
  auto body = parse_json(request.body, {limits::body_bytes_max, 32});
  if (!body) return refuse(400, body.error().message);
  if (!body->is_object()) return refuse(400, "the body must be a JSON object");
  return std::move(body->get_object());
}

const ControlRoute* find_route(std::string_view method, std::string_view path, std::vector<std::string>& values) {
  for (const auto routes : {control_record_routes(), control_shop_routes(), control_system_routes()}) {
    for (const ControlRoute& route : routes) {
      if (route.method == method && matches_pattern(route.pattern, path, values)) return &route;
    }
  }
  return nullptr;
}

}  // namespace

wire::HttpResponse serve_control(Core& core, const wire::HttpRequest& request) {
  wire::Target target = wire::parse_target(request.target);
  const bool read_only = request.method == "GET";
  // The page holds no secret; it takes the key from its own address and sends it with its calls.
  if (read_only && (target.path == "/_sandbox" || target.path == "/_sandbox/"))
    return text_response("text/html; charset=utf-8", page_html());
  if (!has_key(core, request, target))
    return json_response(401, refusal(401, "X-Sandbox-Key is missing or wrong").body);
  if (read_only && target.path == "/_sandbox/public-key")
    return text_response("application/x-pem-file", core.webhooks.signer().ed25519_public_pem());
  if (read_only && target.path == "/_sandbox/public-key/legacy")
    return text_response("application/x-pem-file", core.webhooks.signer().rsa_public_pem());

  std::vector<std::string> values;
  const ControlRoute* route = find_route(request.method, target.path, values);
  if (route == nullptr) return json_response(404, refusal(404, "Cannot " + request.method + " " + target.path).body);
  const std::string_view location_id = target.parameter("locationId");
  Location* location = location_id.empty() ? &core.crm.first_location() : core.crm.location(location_id);
  if (location == nullptr) return json_response(404, refusal(404, "unknown location").body);
  auto body = read_body(request);
  if (!body) return json_response(body.error().status, body.error().body);
  const ControlCall call{*location, std::move(values), std::move(target), std::move(*body)};
  const auto answer = route->handler(core, call);
  return answer ? json_response(answer->status, answer->body)
                : json_response(answer.error().status, answer.error().body);
}

}  // namespace lockstep::gohighlevel::sandbox
