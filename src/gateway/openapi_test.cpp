// docs/api/openapi.yaml against the program: the same routes, and answers that fit its schemas.
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "gateway/gateway_world.hpp"
#include "gateway/page_files.hpp"

namespace lockstep::gateway {
namespace {

Json from_yaml(const YAML::Node& node) {
  if (node.IsMap()) {
    JsonObject out;
    for (const auto& item : node) out[item.first.as<std::string>()] = from_yaml(item.second);
    return out;
  }
  if (node.IsSequence()) {
    JsonArray out;
    for (const auto& item : node) out.push_back(from_yaml(item));
    return out;
  }
  const std::string text = node.IsNull() ? "" : node.as<std::string>();
  if (node.Tag() == "!" || node.IsNull()) return Json(text);  // quoted
  const Result<Json> plain = parse_json(text);                // numbers, true, false
  return plain && !plain->is_structured() ? *plain : Json(text);
}

// The part of JSON Schema that the document uses. An unknown keyword fails the test, so that nothing is checked by nobody.
class Document {
 public:
  Document() : root_(from_yaml(YAML::LoadFile(std::string(LOCKSTEP_SOURCE_DIR) + "/docs/api/openapi.yaml"))) {}

  const Json& root() const { return root_; }

  Json resolve(const Json& node) const {
    const std::string_view ref = string_member(node, "$ref");
    if (ref.empty()) return node;
    boost::system::error_code error;
    const Json* found = root_.find_pointer(ref.substr(1), error);
    EXPECT_NE(found, nullptr) << ref;
    return found == nullptr ? node : *found;
  }

  // What is wrong with `value`, or "".
  std::string problem(const Json& given, const Json& value, const std::string& at) const {
    const Json schema = resolve(given);
    for (const auto& [key, rule] : schema.as_object()) {
      const std::string wrong = violation(schema, std::string(key), rule, value, at);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

 private:
  static bool is_type(const Json& value, std::string_view type) {
    if (type == "integer") return value.is_int64() || value.is_uint64();
    if (type == "number") return value.is_number();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_bool();
    if (type == "null") return value.is_null();
    if (type == "array") return value.is_array();
    return type == "object" && value.is_object();
  }

  std::string violation(const Json& schema, const std::string& key, const Json& rule, const Json& value,
                        const std::string& at) const {
    static const std::set<std::string> kSilent = {"description",          "example",  "default",
                                                  "additionalProperties", "maxItems", "maxLength"};
    if (key == "type") {
      const JsonArray types = rule.is_array() ? rule.get_array() : JsonArray{rule};
      const bool fits = std::ranges::any_of(types, [&](const Json& type) { return is_type(value, type.as_string()); });
      return fits ? "" : at + " is no " + to_text(rule) + ": " + to_text(value);
    }
    if (key == "enum") {
      const bool found = std::ranges::find(rule.as_array(), value) != rule.as_array().end();
      return found ? "" : at + " is none of " + to_text(rule) + ": " + to_text(value);
    }
    if (key == "minimum")
      return !value.is_number() || value.to_number<double>() >= rule.to_number<double>() ? "" : at + " is too small";
    if (key == "maximum")
      return !value.is_number() || value.to_number<double>() <= rule.to_number<double>() ? "" : at + " is too large";
    if (key == "pattern") {
      const bool fits = !value.is_string() ||
                        std::regex_search(std::string(value.get_string()), std::regex(std::string(rule.as_string())));
      return fits ? "" : at + " does not look like " + to_text(rule);
    }
    if (key == "format") {
      if (rule != "date-time") return "unknown format " + to_text(rule);
      return !value.is_string() || parse_iso8601(value.get_string()) ? "" : at + " is no time: " + to_text(value);
    }
    if (key == "required") {
      for (const Json& name : rule.as_array()) {
        if (value.is_object() && value.get_object().if_contains(name.as_string()) == nullptr)
          return at + " lacks " + to_text(name);
      }
      return "";
    }
    if (key == "items") {
      if (!value.is_array()) return "";
      for (std::size_t i = 0; i < value.get_array().size(); ++i) {
        const std::string wrong = problem(rule, value.get_array()[i], at + "[" + std::to_string(i) + "]");
        if (!wrong.empty()) return wrong;
      }
      return "";
    }
    if (key == "properties") {
      const Json* others = schema.as_object().if_contains("additionalProperties");
      return value.is_object() ? members(rule, others, value, at) : "";
    }
    if (key == "additionalProperties" && schema.as_object().if_contains("properties") == nullptr) {
      return value.is_object() ? members(JsonObject(), &rule, value, at) : "";
    }
    return kSilent.contains(key) ? "" : "unknown keyword " + key;
  }

  std::string members(const Json& properties, const Json* others, const Json& value, const std::string& at) const {
    for (const auto& [name, member] : value.get_object()) {
      const Json* schema = properties.as_object().if_contains(name);
      if (schema == nullptr && others != nullptr && others->is_bool() && !others->get_bool())
        return at + " has an undocumented member " + std::string(name);
      if (schema == nullptr && others != nullptr && others->is_object()) schema = others;
      if (schema == nullptr) continue;
      const std::string wrong = problem(*schema, member, at + "." + std::string(name));
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

  Json root_;
};

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

// The pattern that a target belongs to.
std::string pattern_of(const World& world, const std::string& method, const std::string& target) {
  const std::string path = target.substr(0, target.find('?'));
  for (const Route& route : world.gateway->routes()) {
    const std::regex expression(std::regex_replace(route.pattern, std::regex("\\{[a-z]+\\}"), "[^/]+"));
    if (route.method == method && std::regex_match(path, expression)) return route.pattern;
  }
  return "";
}

// Drives a gateway and holds every answer against the document.
class Driver {
 public:
  Answer call(const std::string& who, const std::string& method, const std::string& target,
              const std::string& body = "", const wire::HttpHeaders& headers = {}) {
    const Answer answer = world.call(who, method, target, body, headers);
    const std::string pattern = pattern_of(world, method, target);
    const std::string what = method + " " + pattern + " -> " + std::to_string(answer.status());
    seen.insert(what);
    const Json* operation = find_member(document.root().at("paths").at(pattern), lower(method));
    EXPECT_NE(operation, nullptr) << what;
    if (operation == nullptr) return answer;
    const Json* documented = find_member(operation->at("responses"), std::to_string(answer.status()));
    EXPECT_NE(documented, nullptr) << what << " is not documented: " << answer.response->body;
    if (documented == nullptr) return answer;
    const Json response = document.resolve(*documented);
    std::string type(answer.response->headers.get("Content-Type"));
    type = type.substr(0, type.find(';'));
    const Json* content = find_member(response.at("content"), type);
    EXPECT_NE(content, nullptr) << what << ": " << type << " is not documented";
    if (content == nullptr) return answer;
    if (type.ends_with("json")) {
      EXPECT_EQ(document.problem(content->at("schema"), answer.json(), "$"), "") << what << "\n"
                                                                                 << answer.response->body;
    }
    if (const Json* wanted = find_member(response, "headers")) {
      for (const auto& [name, header] : wanted->as_object())
        EXPECT_TRUE(answer.response->headers.has(std::string(name))) << what << ": " << std::string_view(name);
    }
    return answer;
  }

  World world;
  Document document;
  std::set<std::string> seen;
};

TEST(OpenApi, HasExactlyTheRoutes) {
  World world;
  const Document document;
  std::set<std::string> served;
  for (const Route& route : world.gateway->routes()) {
    const bool page = route.pattern == "/" || std::ranges::any_of(page_files(), [&](const PageFile& file) {
                        return route.pattern == "/" + std::string(file.name);
                      });
    // Protocols of others, which their own clients know: docs/realtime.md, docs/rest.md, docs/functions.md.
    const bool foreign = route.pattern.starts_with("/socket.io/") || route.pattern.starts_with("/realtime/") ||
                         route.pattern.starts_with("/rest/") || route.pattern.starts_with("/functions/");
    if (!page && !foreign) served.insert(lower(route.method) + " " + route.pattern);
  }
  std::set<std::string> written;
  for (const auto& [path, item] : document.root().at("paths").as_object()) {
    for (const auto& [method, operation] : item.as_object()) {
      if (method != "parameters") written.insert(std::string(method) + " " + std::string(path));
    }
  }
  EXPECT_EQ(served, written);
}

TEST(OpenApi, SaysWhatIsPublicAndEveryPathParameter) {
  World world;
  const Document document;
  for (const auto& [path, item] : document.root().at("paths").as_object()) {
    std::set<std::string> declared;
    if (const Json* parameters = find_member(item, "parameters")) {
      for (const Json& one : parameters->as_array())
        declared.insert(std::string(string_member(document.resolve(one), "name")));
    }
    std::set<std::string> used;
    const std::string text(path);
    const std::regex parameter("\\{([a-z]+)\\}");
    for (std::sregex_iterator at(text.begin(), text.end(), parameter), end; at != end; ++at) used.insert((*at)[1]);
    EXPECT_EQ(declared, used) << text;
    for (const Route& route : world.gateway->routes()) {
      if (route.pattern != text) continue;
      const Json& operation = item.at(lower(route.method));
      EXPECT_EQ(find_member(operation, "security") != nullptr, route.needs == Needs::nothing) << text;
      EXPECT_NE(string_member(operation, "operationId"), "") << text;
    }
  }
}

TEST(OpenApi, TheValidatorRefuses) {
  const Document document;
  const Json schema{{"$ref", "#/components/schemas/Applied"}};
  EXPECT_EQ(document.problem(schema, {{"record", "a"}, {"revision", 1}, {"seq", 2}, {"reason", ""}}, "$"), "");
  EXPECT_NE(document.problem(schema, {{"record", "a"}, {"revision", 1}, {"seq", 2}}, "$"), "");
  EXPECT_NE(document.problem(schema, {{"record", "a"}, {"revision", -1}, {"seq", 2}, {"reason", ""}}, "$"), "");
  EXPECT_NE(document.problem(schema, {{"record", 7}, {"revision", 1}, {"seq", 2}, {"reason", ""}}, "$"), "");
  EXPECT_NE(document.problem(schema, {{"record", "a"}, {"revision", 1}, {"seq", 2}, {"reason", ""}, {"more", 1}}, "$"),
            "");
}

TEST(OpenApi, AnswersFit) {
  Driver api;
  World& world = api.world;
  const std::string source = "/api/v1/sources/acme";
  api.call("admin", "GET", "/healthz");
  api.call("admin", "GET", "/readyz");
  api.call("admin", "GET", "/metrics");
  api.call("viewer", "GET", "/metrics");
  api.call("admin", "GET", "/api/v1/sources");
  api.call("", "GET", "/api/v1/sources");
  api.call("", "POST", "/hooks/acme/crm",
           R"({"id":"c1","document":{"first_name":"Ada","email":"ada@example.com","tags":["a"]}})",
           {{"X-Signature", "good"}});
  api.call("", "POST", "/hooks/acme/crm", "{}", {{"X-Signature", "bad"}});
  api.call("", "POST", "/hooks/acme/crm", "{}", {{"X-Signature", "good"}});
  api.call("", "POST", "/hooks/acme/mars", "{}");
  // A refused write, a conflict, an object that fits nowhere.
  world.connectors["acme/db"]->outcome = sync::OutcomeKind::rejected;
  const Answer made =
      api.call("editor", "POST", source + "/records", R"({"entity":"contact","fields":{"email":"bob@example.com"}})",
               {{"Idempotency-Key", "k"}});
  const std::string id(string_member(made.json(), "record"));
  api.call("editor", "POST", source + "/records", R"({"entity":"contact","fields":{"email":"bob@example.com"}})",
           {{"Idempotency-Key", "k"}});
  api.call("editor", "POST", source + "/records", R"({"entity":"contact","fields":{"email":"bob@example.com"}})");
  api.call("editor", "POST", source + "/records", R"({"entity":"contact"})");
  api.call("viewer", "POST", source + "/records", "{}");
  api.call("viewer", "POST", source + "/seen", R"({"seq":1})");
  api.call("viewer", "POST", source + "/seen", R"({"seq":99999})");
  api.call("viewer", "GET", source + "/status");
  api.call("viewer", "GET", source + "/records?limit=1");
  api.call("viewer", "GET", source + "/records?limit=0");
  api.call("viewer", "GET", source + "/records/" + id);
  api.call("viewer", "GET", source + "/records/none");
  api.call("editor", "PATCH", source + "/records/" + id, R"({"fields":{"age":3}})", {{"If-Match", "\"1\""}});
  api.call("editor", "PATCH", source + "/records/" + id, R"({"fields":{"age":3}})");
  api.call("editor", "PATCH", source + "/records/" + id, R"({"fields":{"age":"x"}})");
  api.call("viewer", "GET", source + "/deadletters");
  api.call("owner", "POST", source + "/deadletters/retry", R"({"items":[{"record":"none","system":"db"}]})");
  api.call("viewer", "GET", source + "/deadletters/groups?system=db");
  api.call("viewer", "GET", source + "/deadletters/groups?error_kind=none");
  api.call("owner", "POST", source + "/deadletters/discard", R"({"all":true,"dry_run":true,"reason":"r"})");
  api.call("owner", "POST", source + "/deadletters/discard", R"({"all":true})");
  api.call("owner", "POST", source + "/deadletters/retry", R"({"all":true})");
  api.call("owner", "POST", source + "/deadletters/discard", R"({"all":true,"reason":"r"})");
  api.call("viewer", "GET", source + "/deadletters?discarded=true");
  api.call("owner", "POST", source + "/deadletters/retry", "{}");
  api.call("owner", "POST", source + "/systems/db/pause", R"({"reason":"a migration"})");
  api.call("viewer", "GET", source + "/status");
  api.call("owner", "POST", source + "/systems/db/pause", "{}");
  api.call("owner", "PUT", source + "/systems/crm/credential", R"({"credential":"pit-new"})");
  api.call("owner", "PUT", source + "/systems/crm/credential", "{}");
  api.call("owner", "PUT", source + "/systems/mars/credential", R"({"credential":"pit-new"})");
  api.call("owner", "POST", source + "/systems/mars/pause", R"({"reason":"a migration"})");
  api.call("viewer", "POST", source + "/systems/db/resume");
  api.call("owner", "POST", source + "/systems/db/resume");
  api.call("owner", "POST", source + "/systems/db/resume");
  api.call("owner", "POST", source + "/jobs", R"({"system":"crm","kind":"mirror"})");
  api.call("owner", "POST", source + "/jobs", R"({"system":"mars","kind":"mirror"})");
  api.call("owner", "POST", source + "/jobs", "{}");
  const Answer jobs = api.call("viewer", "GET", source + "/jobs");
  api.call("viewer", "GET", source + "/jobs/" + std::string(jobs.json().at("items").at(0).at("id").as_string()));
  api.call("viewer", "GET", source + "/jobs/none");
  const Json list = world.call("viewer", "GET", source + "/records?query=ada").json();
  const std::string ada(list.at("items").at(0).at("id").as_string());
  world.connectors["acme/crm"]->outcome = sync::OutcomeKind::retry;
  api.call("editor", "PATCH", source + "/records/" + ada, R"({"fields":{"first_name":"Augusta"}})");
  api.call("", "POST", "/hooks/acme/crm",
           R"({"id":"c1","document":{"first_name":"Adelaide","email":"ada@example.com","tags":["a"]}})",
           {{"X-Signature", "good"}});
  const Answer conflicts = api.call("viewer", "GET", source + "/conflicts?open=true");
  EXPECT_EQ(conflicts.json().at("items").as_array().size(), 1u);
  api.call("viewer", "GET", source + "/records/" + ada);
  api.call("owner", "POST", source + "/conflicts/resolve",
           R"({"record":")" + ada + R"(","field":"first_name","value":"Ada"})");
  api.call("owner", "POST", source + "/conflicts/resolve", "{}");
  const std::string met = source + "/conflicts/" + to_text(conflicts.json().at("items").at(0).at("seq"));
  const Answer decided = api.call("owner", "POST", met + "/first_name/override", R"({"take":"theirs"})");
  api.call("owner", "POST", met + "/first_name/override", R"({"take":"nobody"})");
  api.call("owner", "POST", met + "/age/override", R"({"take":"theirs"})");
  api.call("viewer", "GET", source + "/conflicts");
  const std::string undo = source + "/journal/" + to_text(decided.json().at("seq")) + "/undo";
  api.call("editor", "POST", undo, R"({"force":true})");
  api.call("editor", "POST", undo, R"({"force":7})");
  api.call("editor", "POST", source + "/journal/99999/undo");
  api.call("editor", "POST", source + "/journal/1/undo");  // it made the record
  const std::string job(jobs.json().at("items").at(0).at("id").as_string());
  api.call("owner", "POST", source + "/jobs/" + job + "/undo");
  api.call("owner", "POST", source + "/jobs/none/undo");
  api.call("owner", "POST", source + "/replay", R"({"from":"2020-01-01T00:00:00Z"})");
  api.call("owner", "POST", source + "/replay", "{}");
  api.call("viewer", "GET", source + "/jobs");
  api.call("viewer", "GET", source + "/inbox");
  api.call("owner", "POST", source + "/inbox/resolve", R"({"seq":99999})");
  api.call("owner", "POST", source + "/inbox/resolve", "{}");
  api.call("viewer", "GET", source + "/events?after=0");
  api.call("viewer", "GET", source + "/events?after=x");
  api.call("viewer", "GET", source + "/events?after=99999");
  api.call("viewer", "GET", "/api/v1/events");
  api.call("stranger", "GET", source + "/status");
  api.call("admin", "GET", "/api/v1/sources/nowhere/status");
  api.call("editor", "DELETE", source + "/records/" + id);
  api.call("viewer", "GET", source + "/records?deleted=true");
  world.hub->drain([] {});
  api.call("", "POST", "/hooks/acme/crm", R"({"id":"c1","document":{"age":7}})", {{"X-Signature", "good"}});
  api.call("admin", "GET", "/readyz");
  // Every route has been driven to a good answer, but for the inbox: nothing waits here for a decision.
  std::size_t good = 0;
  for (const std::string& one : api.seen) good += one.find(" -> 2") != std::string::npos ? 1 : 0;
  EXPECT_EQ(good, 31u);
}

// People: accounts, sessions, who may what in a source.
TEST(OpenApi, AnswersAboutPeopleFit) {
  Driver api;
  World& world = api.world;
  const std::string people = "/api/v1/sources/acme/people";
  const std::string setup = world.accounts->open_setup();
  const std::string ada = R"("account":"ada@example.com","password":"correct horse battery")";
  api.call("", "POST", "/api/v1/setup", "{}");
  api.call("", "POST", "/api/v1/setup", R"({"setup":")" + setup + R"(","account":"a b","password":"x"})");
  api.call("", "POST", "/api/v1/setup",
           R"({"setup":")" + setup + R"(","account":"boss","password":"first of them all"})");
  api.call("admin", "GET", "/api/v1/accounts");
  api.call("owner", "GET", "/api/v1/accounts");
  api.call("admin", "POST", "/api/v1/accounts", "{" + ada + R"(,"sources":{"acme":"viewer"}})");
  api.call("admin", "POST", "/api/v1/accounts", "{" + ada + "}");
  api.call("admin", "POST", "/api/v1/accounts", R"({"account":"bob","password":"short"})");
  const Answer in = api.call("", "POST", "/api/v1/session", "{" + ada + "}");
  EXPECT_EQ(in.json().as_object().if_contains("token"), nullptr) << "not where a page could read it";
  const Answer bearer = api.call("", "POST", "/api/v1/session", "{" + ada + R"(,"token":true})");
  EXPECT_FALSE(bearer.response->headers.has("Set-Cookie"));
  const std::string token(string_member(bearer.json(), "token"));
  api.call("", "POST", "/api/v1/session", "{}");
  api.call("", "POST", "/api/v1/session", "no JSON");
  api.call("", "POST", "/api/v1/session", "{" + ada + "}", {{"Origin", "https://evil.example"}, {"Host", "here"}});
  api.call(token, "GET", "/api/v1/session");
  api.call("admin", "GET", "/api/v1/session");
  api.call(token, "GET", "/api/v1/sessions");
  api.call(token, "GET", "/api/v1/sessions?account=boss");
  api.call("admin", "GET", "/api/v1/sessions?account=ada@example.com");
  api.call(token, "DELETE", "/api/v1/sessions/" + std::string(string_member(in.json(), "id")));
  api.call(token, "DELETE", "/api/v1/sessions/none");
  const std::string passwords = R"({"old":"correct horse battery","password":"another good password","token":true})";
  const Answer changed = api.call(token, "PUT", "/api/v1/session/password", passwords);
  api.call("admin", "PUT", "/api/v1/session/password", passwords);
  api.call(std::string(string_member(changed.json(), "token")), "DELETE", "/api/v1/session");
  api.call("admin", "DELETE", "/api/v1/session");
  api.call("owner", "GET", people);
  api.call("viewer", "GET", people);
  api.call("owner", "PUT", people + "/ada@example.com", R"({"role":"editor"})");
  api.call("owner", "PUT", people + "/ada@example.com", R"({"role":"admin"})");
  api.call("owner", "PUT", people + "/ada@example.com", R"({"role":"business","business":"cafe"})");
  api.call("owner", "PUT", people + "/ada@example.com", R"({"role":"business"})");
  api.call("admin", "GET", "/api/v1/accounts");
  api.call("owner", "PUT", people + "/nobody", R"({"role":"viewer"})");
  api.call("owner", "PUT", people + "/carl", R"({"role":"viewer","password":"given by the owner"})");
  api.call("owner", "PUT", people + "/carl", R"({"role":"viewer","password":"given by the owner"})");
  api.call("owner", "DELETE", people + "/carl");
  api.call("owner", "DELETE", people + "/carl");
  api.call("admin", "PUT", "/api/v1/accounts/carl/everywhere", R"({"everywhere":"viewer"})");
  api.call("admin", "PUT", "/api/v1/accounts/carl/everywhere", R"({"everywhere":"king"})");
  api.call("admin", "PUT", "/api/v1/accounts/boss/everywhere", R"({"everywhere":null})");
  api.call("admin", "PUT", "/api/v1/accounts/nobody/everywhere", R"({"everywhere":null})");
  api.call("admin", "PUT", "/api/v1/accounts/carl/password", R"({"password":"of the administrator"})");
  api.call("admin", "PUT", "/api/v1/accounts/nobody/password", R"({"password":"of the administrator"})");
  api.call("admin", "DELETE", "/api/v1/accounts/carl");
  api.call("admin", "DELETE", "/api/v1/accounts/carl");
  api.call("admin", "DELETE", "/api/v1/accounts/boss");
  std::size_t good = 0;
  for (const std::string& one : api.seen) good += one.find(" -> 2") != std::string::npos ? 1 : 0;
  EXPECT_EQ(good, 15u) << "every route has been driven to a good answer";
}

}  // namespace
}  // namespace lockstep::gateway
