// Who may what: every route, every role, own and other source. The matrix is written down, not derived.
#include <set>

#include "gateway/gateway_world.hpp"

namespace lockstep::gateway {
namespace {

enum class Level { anybody, by_the_body, any_caller, sees_all, administrator, viewer, editor, owner };

const std::map<std::string, Level> kNeeds = {
    {"POST /hooks/{source}/{system}", Level::anybody},
    // Who asks is found out in the protocol, not by the route.
    {"POST /socket.io/", Level::anybody},
    {"OPTIONS /socket.io/", Level::anybody},
    {"OPTIONS /realtime/v1/api/broadcast", Level::anybody},
    {"OPTIONS /realtime/v1/api/broadcast/{topic}/events/{event}", Level::anybody},
    // The database decides.
    {"GET /rest/v1/{relation}", Level::anybody},
    {"HEAD /rest/v1/{relation}", Level::anybody},
    {"POST /rest/v1/{relation}", Level::anybody},
    {"PUT /rest/v1/{relation}", Level::anybody},
    {"PATCH /rest/v1/{relation}", Level::anybody},
    {"DELETE /rest/v1/{relation}", Level::anybody},
    {"OPTIONS /rest/v1/{relation}", Level::anybody},
    // Who asks for which source stands in the body.
    {"POST /functions/v1/{name}", Level::anybody},
    {"GET /functions/v1/{name}", Level::anybody},
    {"PUT /functions/v1/{name}", Level::anybody},
    {"PATCH /functions/v1/{name}", Level::anybody},
    {"DELETE /functions/v1/{name}", Level::anybody},
    {"OPTIONS /functions/v1/{name}", Level::anybody},
    {"POST /realtime/v1/api/broadcast", Level::any_caller},
    {"POST /realtime/v1/api/broadcast/{topic}/events/{event}", Level::any_caller},
    {"POST /api/v1/sources/{source}/seen", Level::viewer},
    {"GET /healthz", Level::anybody},
    {"GET /readyz", Level::anybody},
    {"GET /metrics", Level::sees_all},
    // Who signs in is nobody yet; what it needs is in the body, and "{}" has none of it.
    {"POST /api/v1/session", Level::by_the_body},
    {"POST /api/v1/setup", Level::by_the_body},
    {"GET /api/v1/session", Level::any_caller},
    {"DELETE /api/v1/session", Level::any_caller},
    {"PUT /api/v1/session/password", Level::any_caller},
    {"GET /api/v1/sessions", Level::any_caller},
    {"DELETE /api/v1/sessions/{id}", Level::any_caller},
    {"GET /api/v1/accounts", Level::administrator},
    {"POST /api/v1/accounts", Level::administrator},
    {"DELETE /api/v1/accounts/{account}", Level::administrator},
    {"PUT /api/v1/accounts/{account}/everywhere", Level::administrator},
    {"PUT /api/v1/accounts/{account}/password", Level::administrator},
    {"GET /api/v1/sources/{source}/people", Level::owner},
    {"PUT /api/v1/sources/{source}/people/{account}", Level::owner},
    {"DELETE /api/v1/sources/{source}/people/{account}", Level::owner},
    {"GET /api/v1/sources", Level::any_caller},
    {"GET /api/v1/events", Level::any_caller},
    {"GET /api/v1/sources/{source}/status", Level::viewer},
    {"GET /api/v1/sources/{source}/events", Level::viewer},
    {"GET /api/v1/sources/{source}/records", Level::viewer},
    {"POST /api/v1/sources/{source}/records", Level::editor},
    {"GET /api/v1/sources/{source}/records/{id}", Level::viewer},
    {"PATCH /api/v1/sources/{source}/records/{id}", Level::editor},
    {"DELETE /api/v1/sources/{source}/records/{id}", Level::editor},
    {"GET /api/v1/sources/{source}/jobs", Level::viewer},
    {"POST /api/v1/sources/{source}/jobs", Level::editor},
    {"GET /api/v1/sources/{source}/jobs/{id}", Level::viewer},
    {"GET /api/v1/sources/{source}/deadletters", Level::viewer},
    {"POST /api/v1/sources/{source}/deadletters/retry", Level::owner},
    {"GET /api/v1/sources/{source}/deadletters/groups", Level::viewer},
    {"POST /api/v1/sources/{source}/deadletters/discard", Level::owner},
    {"POST /api/v1/sources/{source}/conflicts/{seq}/{field}/override", Level::owner},
    {"POST /api/v1/sources/{source}/journal/{seq}/undo", Level::editor},
    {"POST /api/v1/sources/{source}/jobs/{id}/undo", Level::owner},
    {"POST /api/v1/sources/{source}/replay", Level::owner},
    {"POST /api/v1/sources/{source}/systems/{system}/pause", Level::owner},
    {"PUT /api/v1/sources/{source}/systems/{system}/credential", Level::owner},
    {"POST /api/v1/sources/{source}/systems/{system}/resume", Level::owner},
    {"GET /api/v1/sources/{source}/inbox", Level::viewer},
    {"POST /api/v1/sources/{source}/inbox/resolve", Level::owner},
    {"GET /api/v1/sources/{source}/conflicts", Level::viewer},
    {"POST /api/v1/sources/{source}/conflicts/resolve", Level::owner},
};

// What a business in the source may ask for too: it is then shown what is its own (business_test.cpp).
const std::set<std::string> kOfBusinesses = {
    "GET /api/v1/sources/{source}/events",
    "GET /api/v1/sources/{source}/records",
    "GET /api/v1/sources/{source}/records/{id}",
    "PATCH /api/v1/sources/{source}/records/{id}",
    "POST /api/v1/sources/{source}/journal/{seq}/undo",
};

std::string filled(std::string pattern, const std::string& source) {
  for (const auto& [name, value] : std::map<std::string, std::string>{
           {"{source}", source}, {"{system}", "crm"}, {"{id}", "x"}, {"{account}", "somebody"}}) {
    if (const auto at = pattern.find(name); at != std::string::npos) pattern.replace(at, name.size(), value);
  }
  return pattern;
}

// Who may what where; nothing: the source is not there.
const std::map<std::string, std::map<std::string, Level>> kRoles = {
    {"viewer", {{"acme", Level::viewer}}},
    {"editor", {{"acme", Level::editor}}},
    {"owner", {{"acme", Level::owner}}},
    {"stranger", {{"other", Level::owner}}},
    {"mixed", {{"acme", Level::owner}, {"other", Level::viewer}}},
    {"account", {{"acme", Level::editor}, {"other", Level::viewer}}},
    {"nowhere", {}},
};

bool passes(const std::string& name, const std::string& who, const std::string& source) {
  const Level level = kNeeds.at(name);
  if (level == Level::anybody) return true;
  if (level == Level::by_the_body || who.empty() || who == "unknown") return false;
  if (level == Level::any_caller || who == "admin") return true;
  if (level == Level::sees_all) return who == "everywhere";
  if (level == Level::administrator) return false;
  if (who == "everywhere") return level == Level::viewer;
  if (who == "business") return source == "acme" && kOfBusinesses.contains(name);
  const auto& there = kRoles.at(who);
  return there.contains(source) && there.at(source) >= level;
}

TEST(AccessMatrix, EveryRouteEveryRole) {
  World world;
  world.access.callers["mixed"] = {
      "user mixed", {}, {{SourceId("acme"), Role::owner}, {SourceId("other"), Role::viewer}}};
  world.access.callers["nowhere"] = {"user without rights"};
  world.access.callers["business"] = {"user of a business"};
  world.access.callers["business"].businesses[SourceId("acme")] = {"cafe"};
  world.access.callers["everywhere"] = {"key watcher", Role::viewer};
  const std::string account =
      world.account_token({{SourceId("acme"), Role::editor}, {SourceId("other"), Role::viewer}});
  const std::vector<std::string> callers = {"",      "unknown", "viewer",  "editor",     "owner",    "stranger",
                                            "mixed", "account", "nowhere", "everywhere", "business", "admin"};
  std::size_t checked = 0;
  for (const Route& route : world.gateway->routes()) {
    const std::string name = route.method + " " + route.pattern;
    const bool page = !route.pattern.starts_with("/api/") && !kNeeds.contains(name);
    if (page) {
      EXPECT_EQ(route.method, "GET") << name;
      EXPECT_EQ(route.needs, Needs::nothing) << name;
      continue;
    }
    ASSERT_TRUE(kNeeds.contains(name)) << name << " has no line in the matrix";
    // What ends the session that asks comes with one that may end.
    const bool ends_session = name == "DELETE /api/v1/session";
    for (const std::string& who : callers) {
      for (const std::string source : {"acme", "other"}) {
        const std::string token = who != "account" ? who : ends_session ? world.account_token({}) : account;
        const Answer answer =
            world.call(token, route.method, filled(route.pattern, source), "{}", {{"X-Signature", "good"}});
        const bool slowed = kNeeds.at(name) == Level::by_the_body && answer.status() == 429;
        const bool refused = answer.status() == 401 || answer.status() == 403 || slowed;
        EXPECT_EQ(!refused, passes(name, who, source))
            << name << " as '" << who << "' in " << source << ": " << answer.status();
        if (refused) {
          EXPECT_EQ(answer.body, nullptr) << name << ": a refused caller gets no stream";
          EXPECT_EQ(answer.response->body.find("acme"), std::string::npos) << name;
        }
        ++checked;
      }
    }
  }
  EXPECT_EQ(checked, kNeeds.size() * callers.size() * 2);
}

// What a tenant may not see leaves no trace in any answer, whatever is asked.
TEST(AccessMatrix, TenantsCannotSeeEachOther) {
  World world;
  const std::string id = world.create("other", "secret-person@example.com");
  for (const std::string who : {"viewer", "editor", "owner"}) {
    for (const Route& route : world.gateway->routes()) {
      if (route.needs == Needs::nothing) continue;
      for (const std::string source : {"acme", "other"}) {
        std::string target = filled(route.pattern, source);
        if (target.ends_with("/x")) target.replace(target.size() - 1, 1, id);
        const Answer answer =
            world.call(who, route.method, target + (route.pattern.ends_with("events") ? "?after=0" : ""),
                       R"({"fields":{"age":1},"record":")" + id +
                           R"(","system":"crm","field":"age","value":1,"seq":1,"all":true})");
        const std::string seen = answer.response->body + (answer.body ? answer.body->text : "");
        EXPECT_EQ(seen.find("secret-person"), std::string::npos) << who << " " << route.method << " " << target;
        EXPECT_NE(answer.status(), 201u) << who << " " << route.method << " " << target;
      }
    }
  }
  const Json untouched = world.call("admin", "GET", "/api/v1/sources/other/records/" + id).json();
  EXPECT_EQ(untouched.at("fields").at("email"), "secret-person@example.com");
  EXPECT_EQ(untouched.at("fields").as_object().if_contains("age"), nullptr);
}

TEST(AccessMatrix, AForeignSourceLooksLikeNone) {
  World world;
  const Answer foreign = world.call("viewer", "GET", "/api/v1/sources/other/records");
  const Answer missing = world.call("viewer", "GET", "/api/v1/sources/nowhere/records");
  EXPECT_EQ(foreign.status(), 403u);
  EXPECT_EQ(missing.status(), 403u);
  EXPECT_EQ(foreign.response->body, missing.response->body);
}

TEST(AccessMatrix, SaysWhichMethodsAndThatThereIsNothing) {
  World world;
  const Answer wrong = world.call("admin", "PUT", "/api/v1/sources/acme/records");
  EXPECT_EQ(wrong.status(), 405u);
  EXPECT_EQ(wrong.response->headers.get("Allow"), "GET, POST");
  EXPECT_EQ(world.call("admin", "GET", "/api/v1/nothing").status(), 404u);
  const Answer unknown = world.call("", "GET", "/api/v1/sources");
  EXPECT_EQ(unknown.status(), 401u);
  EXPECT_EQ(unknown.response->headers.get("WWW-Authenticate"), "Bearer");
}

}  // namespace
}  // namespace lockstep::gateway
