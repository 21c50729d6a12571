// The sandbox itself: state, faults, webhooks, locations, tokens.
#include <algorithm>

#include "connectors/gohighlevel/sandbox/control.hpp"
#include "connectors/gohighlevel/sandbox/limits.hpp"
#include "connectors/gohighlevel/sandbox/render.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

Outcome<Answer> state(Core& core, const ControlCall&) {
  JsonObject locations;
  for (const auto& [id, location] : core.crm.locations()) {
    locations[id] = JsonObject{{"name", location->settings.name},
                               {"contacts", location->contacts.size()},
                               {"opportunities", location->opportunities.size()},
                               {"customFields", location->custom_fields.size()},
                               {"tags", location->tags.size()},
                               {"orders", location->shop[static_cast<std::size_t>(ShopKind::order)].size()},
                               {"transactions", location->shop[static_cast<std::size_t>(ShopKind::transaction)].size()},
                               {"products", location->shop[static_cast<std::size_t>(ShopKind::product)].size()},
                               {"reviews", location->shop[static_cast<std::size_t>(ShopKind::review)].size()}};
  }
  JsonObject calls;
  for (const auto& [route, count] : core.log.by_route()) calls[route] = count;
  JsonObject answers;
  for (const auto& [status, count] : core.log.by_status())
    answers[status == 0 ? "dropped" : std::to_string(status)] = count;
  JsonObject writes;
  std::uint64_t writes_total = 0;
  for (const auto& [kind, count] : core.crm.api_writes()) {
    writes[kind] = count;
    writes_total += count;
  }
  const WebhookCounts& hooks = core.webhooks.counts();
  return Answer{200,
                {{"now", to_iso8601(core.clock.now())},
                 {"locations", std::move(locations)},
                 {"calls", JsonObject{{"total", core.log.total()},
                                      {"byRoute", std::move(calls)},
                                      {"byStatus", std::move(answers)},
                                      {"atOnce", core.log.most_at_once()}}},
                 {"writes", JsonObject{{"total", writes_total}, {"byKind", std::move(writes)}}},
                 {"webhooks", JsonObject{{"fired", hooks.fired},
                                         {"attempts", hooks.attempts},
                                         {"delivered", hooks.delivered},
                                         {"givenUp", hooks.given_up},
                                         {"lost", hooks.lost},
                                         {"dropped", hooks.dropped},
                                         {"waiting", core.webhooks.waiting()}}}}};
}

// Starts the counts of calls and writes anew; records stay.
Outcome<Answer> forget_counts(Core& core, const ControlCall&) {
  core.log.forget();
  core.crm.forget_api_writes();
  return Answer{200, {{"forgotten", true}}};
}

Outcome<Answer> recent_calls(Core& core, const ControlCall&) {
  JsonArray calls;
  for (const CallRecord& call : core.log.recent()) {
    calls.push_back(JsonObject{{"at", to_iso8601(call.at)},
                               {"method", call.method},
                               {"target", call.target},
                               {"status", call.status},
                               {"fault", call.fault}});
  }
  return Answer{200, {{"calls", std::move(calls)}}};
}

Outcome<Answer> get_faults(Core& core, const ControlCall&) { return Answer{200, core.faults.to_json()}; }

Outcome<Answer> put_faults(Core& core, const ControlCall& call) {
  if (const auto merged = core.faults.merge(call.body); !merged) return refuse(400, merged.error().message);
  return Answer{200, core.faults.to_json()};
}

Outcome<Answer> clear_faults(Core& core, const ControlCall&) {
  core.faults = Faults();
  return Answer{200, core.faults.to_json()};
}

JsonObject registration_shape(std::uint64_t id, const WebhookRegistration& registration) {
  return {{"id", id},
          {"url", registration.url},
          {"events", texts(registration.events)},
          {"locationId", registration.location_id}};
}

Outcome<Answer> list_webhooks(Core& core, const ControlCall&) {
  JsonArray out;
  for (const auto& [id, registration] : core.webhooks.registrations())
    out.push_back(registration_shape(id, registration));
  return Answer{200, {{"webhooks", std::move(out)}}};
}

// {"url": "http://…", "events": ["ContactUpdate"], "locationId": "…"}; no events: all, no location: all
Outcome<Answer> add_webhook(Core& core, const ControlCall& call) {
  constexpr Property kRegistration[] = {{"url", Kind::text, Need::required}, {"events", Kind::texts}, {"locationId"}};
  const auto problems = validate(call.body, kRegistration);
  if (!problems.empty()) return std::unexpected(unprocessable(problems));
  WebhookRegistration registration;
  registration.url = text_of(call.body, "url");
  registration.location_id = text_of(call.body, "locationId");
  if (const Json* events = call.body.if_contains("events")) {
    for (const Json& event : events->get_array()) registration.events.emplace_back(event.get_string());
  }
  if (!registration.url.starts_with("http://") && !registration.url.starts_with("https://"))
    return refuse(400, "url must begin with http:// or https://");
  const auto id = core.webhooks.add(registration);
  if (!id) return refuse(400, "too many webhook registrations");
  return Answer{201, registration_shape(*id, registration)};
}

Outcome<Answer> remove_webhook(Core& core, const ControlCall& call) {
  if (call.path[0].empty() || call.path[0].size() > 18 ||
      !std::ranges::all_of(call.path[0], [](char c) { return c >= '0' && c <= '9'; }) ||
      !core.webhooks.remove(std::stoull(call.path[0]))) {
    return refuse(404, "unknown webhook registration");
  }
  return Answer{200, {{"deleted", true}}};
}

Outcome<Answer> recent_webhooks(Core& core, const ControlCall&) {
  JsonArray out;
  for (const WebhookRecord& hook : core.webhooks.recent()) {
    out.push_back(JsonObject{{"id", hook.delivery_id},
                             {"type", hook.type},
                             {"url", hook.url},
                             {"at", to_iso8601(hook.at)},
                             {"attempts", hook.attempts},
                             {"outcome", hook.outcome},
                             {"body", hook.body}});
  }
  return Answer{200, {{"webhooks", std::move(out)}}};
}

Outcome<Answer> list_locations(Core& core, const ControlCall&) {
  JsonArray out;
  for (const auto& [id, location] : core.crm.locations()) out.push_back(location_shape(*location));
  return Answer{200, {{"locations", std::move(out)}}};
}

void apply(LocationSettings& settings, const JsonObject& body) {
  if (body.contains("name")) settings.name = text_of(body, "name");
  if (body.contains("country")) settings.country = text_of(body, "country");
  if (body.contains("timezone")) settings.timezone = text_of(body, "timezone");
  if (const Json* value = body.if_contains("allowDuplicateContact"))
    settings.allow_duplicate_contact = value->get_bool();
  if (const Json* value = body.if_contains("allowDuplicateOpportunity"))
    settings.allow_duplicate_opportunity = value->get_bool();
  if (const Json* value = body.if_contains("matchOrder")) {
    settings.match_order.clear();
    for (const Json& key : value->get_array())
      settings.match_order.push_back(key.get_string() == "phone" ? MatchKey::phone : MatchKey::email);
  }
}

constexpr Property kLocation[] = {{"id"},
                                  {"name"},
                                  {"country"},
                                  {"timezone"},
                                  {"allowDuplicateContact", Kind::boolean},
                                  {"allowDuplicateOpportunity", Kind::boolean},
                                  {"matchOrder", Kind::texts}};

// Without an id one is made.
Outcome<Answer> add_location(Core& core, const ControlCall& call) {
  const auto problems = validate(call.body, kLocation);
  if (!problems.empty()) return std::unexpected(unprocessable(problems));
  if (core.crm.locations().size() >= limits::locations_max) return refuse(400, "too many locations");
  LocationSettings settings;
  const std::string_view id = text_of(call.body, "id");
  settings.id = id.empty() ? core.crm.make_id() : std::string(id);
  if (core.crm.location(settings.id) != nullptr) return refuse(400, "this location exists");
  apply(settings, call.body);
  Location& location = core.crm.add_location(std::move(settings));
  furnish(location);
  return Answer{201, {{"location", location_shape(location)}}};
}

Outcome<Answer> update_location(Core& core, const ControlCall& call) {
  const auto problems = validate(call.body, kLocation);
  if (!problems.empty()) return std::unexpected(unprocessable(problems));
  Location* location = core.crm.location(call.path[0]);
  if (location == nullptr) return refuse(404, "unknown location");
  apply(location->settings, call.body);
  return Answer{200, {{"location", location_shape(*location)}}};
}

// {"token": "pit-…", "scopes": […]}: a private token for ?locationId=; without scopes it may do everything.
Outcome<Answer> add_token(Core& core, const ControlCall& call) {
  constexpr Property kPrivateToken[] = {{"token"}, {"scopes", Kind::texts}};
  const auto problems = validate(call.body, kPrivateToken);
  if (!problems.empty()) return std::unexpected(unprocessable(problems));
  PrivateToken token{std::string(text_of(call.body, "token")), call.location.settings.id, all_scopes()};
  if (token.token.empty()) token.token = "pit-" + core.crm.make_uuid();
  if (const Json* scopes = call.body.if_contains("scopes")) {
    token.scopes.clear();
    for (const Json& scope : scopes->get_array()) token.scopes.emplace_back(scope.get_string());
  }
  core.tokens.add(token);
  return Answer{201, {{"token", token.token}, {"locationId", token.location_id}, {"scopes", texts(token.scopes)}}};
}

// {"clientId": "…"}: the code a user's consent for ?locationId= would bring.
Outcome<Answer> make_code(Core& core, const ControlCall& call) {
  const auto code =
      core.tokens.make_code(std::string(text_of(call.body, "clientId")), call.location.settings.id, core.random);
  if (!code) return std::unexpected(code.error());
  return Answer{201, {{"code", *code}}};
}

Outcome<Answer> revoke_tokens(Core& core, const ControlCall&) {
  core.tokens.revoke_all();
  return Answer{200, {{"revoked", true}}};
}

constexpr ControlRoute kRoutes[] = {
    {"GET", "/_sandbox/state", state},
    {"DELETE", "/_sandbox/counts", forget_counts},
    {"GET", "/_sandbox/calls", recent_calls},
    {"GET", "/_sandbox/faults", get_faults},
    {"PUT", "/_sandbox/faults", put_faults},
    {"DELETE", "/_sandbox/faults", clear_faults},
    {"GET", "/_sandbox/webhooks", list_webhooks},
    {"POST", "/_sandbox/webhooks", add_webhook},
    {"GET", "/_sandbox/webhooks/recent", recent_webhooks},
    {"DELETE", "/_sandbox/webhooks/{id}", remove_webhook},
    {"GET", "/_sandbox/locations", list_locations},
    {"POST", "/_sandbox/locations", add_location},
    {"PUT", "/_sandbox/locations/{id}", update_location},
    {"POST", "/_sandbox/tokens", add_token},
    {"POST", "/_sandbox/oauth/codes", make_code},
    {"DELETE", "/_sandbox/oauth/access-tokens", revoke_tokens},
};

}  // namespace

std::span<const ControlRoute> control_system_routes() { return kRoutes; }

}  // namespace lockstep::gohighlevel::sandbox
