// The sandbox against the official OpenAPI files, which are not part of the repository: looked for in
// ../shared/ghl/openapi beside it, and skipped with a message when they are not there.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "connectors/gohighlevel/sandbox/core.hpp"
#include "connectors/gohighlevel/sandbox/test_client.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

// Where the sandbox departs from the files on purpose. "route|member|what" and the reason.
const std::map<std::string, std::string> kExceptions = {
    {"POST /contacts/search|*|body", "the files leave the body empty; it follows the page they link to"},
    {"POST /opportunities/search|filters|extra", "only on the linked page"},
    {"POST /opportunities/search|sort|extra", "only on the linked page"},
    {"POST /opportunities/search|query|required", "the linked page requires only locationId and limit"},
    {"POST /opportunities/search|page|required", "as above; page and searchAfter exclude each other"},
    {"POST /opportunities/search|searchAfter|required", "as above"},
    {"POST /opportunities/search|additionalDetails|required", "as above"},
    {"POST /opportunities/search|additionalDetails.notes|required", "as above"},
    {"POST /opportunities/search|additionalDetails.tasks|required", "as above"},
    {"POST /opportunities/search|additionalDetails.calendarEvents|required", "as above"},
    {"POST /opportunities/search|additionalDetails.unReadConversations|required", "as above"},
    {"POST /opportunities/search|searchAfter|type", "cursors hold numbers and texts"},
    {"POST /opportunities/upsert|contactId|extra", "public callers send it"},
    {"POST /opportunities/upsert|followers|required", "public callers omit it"},
    {"POST /opportunities/upsert|isRemoveAllFollowers|required", "public callers omit it"},
    {"POST /opportunities/upsert|followersActionType|required", "public callers omit it"},
    {"POST /opportunities/upsert|monetaryValue|type", "a number everywhere else; the files say object"},
    {"POST /contacts/|dateOfBirth|type", "a date as text; the files say object"},
    {"POST /contacts/upsert|dateOfBirth|type", "a date as text; the files say object"},
    {"PUT /contacts/{contactId}|dateOfBirth|type", "a date as text; the files say object"},
    {"POST /oauth/reconnect|*|route", "on a help page only"},
};

// Members of answers that the files do not have and live answers do (FACTS, with sources), or that stand in for an empty schema.
const std::set<std::string> kLiveExtras = {"traceId",
                                           "additionalEmails",
                                           "inboundDndSettings",
                                           "gender",
                                           "pipelineStageUId",
                                           "searchAfter",
                                           "tagsAdded",
                                           "tagsRemoved",
                                           "meta",
                                           "contactName",
                                           "firstName",
                                           "lastName",
                                           "companyName",
                                           "phone",
                                           "dnd",
                                           "dndSettings",
                                           "type",
                                           "assignedTo",
                                           "city",
                                           "state",
                                           "postalCode",
                                           "address1",
                                           "dateUpdated",
                                           "dateOfBirth"};

std::filesystem::path spec_folder() {
  return std::filesystem::path(LOCKSTEP_SOURCE_DIR) / ".." / "shared" / "ghl" / "openapi" / "v2" / "apps";
}

class Spec {
 public:
  Spec() {
    for (const char* app : {"contacts", "opportunities", "locations", "users", "oauth", "payments", "products"}) {
      std::ifstream file(spec_folder() / (std::string(app) + ".json"));
      std::ostringstream text;
      text << file.rdbuf();
      auto parsed = parse_json(text.str(), {32 << 20, 128});
      EXPECT_TRUE(parsed) << app;
      if (parsed) files_.push_back(std::move(*parsed));
    }
  }

  struct Operation {
    const Json* file = nullptr;
    const Json* value = nullptr;
  };
  Operation operation(const Route& route) const {
    for (const Json& file : files_) {
      const Json* path = find_member(*find_member(file, "paths"), route.pattern);
      if (path == nullptr) continue;
      if (const Json* found = find_member(*path, lower_case(route.method))) return {&file, found};
    }
    return {};
  }

  // Follows $ref and a lone allOf.
  static const Json& resolve(const Json& file, const Json& schema) {
    if (const std::string_view ref = string_member(schema, "$ref"); !ref.empty()) {
      const Json* target =
          find_member(*find_member(*find_member(file, "components"), "schemas"), ref.substr(ref.rfind('/') + 1));
      return target == nullptr ? schema : resolve(file, *target);
    }
    const Json* all = find_member(schema, "allOf");
    return all != nullptr && all->get_array().size() == 1 ? resolve(file, all->get_array()[0]) : schema;
  }

  static const Json* content_schema(const Json* holder) {
    const Json* content = holder == nullptr ? nullptr : find_member(*holder, "content");
    if (content == nullptr || content->get_object().empty()) return nullptr;
    return find_member(content->get_object().begin()->value(), "schema");
  }

 private:
  std::vector<Json> files_;
};

std::string label(const Route& route) { return std::string(route.method) + " " + std::string(route.pattern); }

bool excused(const Route& route, const std::string& member, const std::string& what) {
  return kExceptions.contains(label(route) + "|" + member + "|" + what);
}

std::set<std::string> names(const Json* list) {
  std::set<std::string> out;
  if (list == nullptr) return out;
  for (const Json& item : list->get_array()) out.insert(std::string(item.get_string()));
  return out;
}

std::string type_of(const Property& property) {
  switch (property.kind) {
    case Kind::text: return "string";
    case Kind::number: return "number";
    case Kind::boolean: return "boolean";
    case Kind::object: return "object";
    case Kind::texts:
    case Kind::objects: return "array";
    case Kind::anything: return "anything";
  }
  return "";
}

// The sandbox's table and the file's schema name the same members, required and nullable alike, of the same types.
void compare(const Route& route, const Json& file, Schema table, const Json& unresolved, const std::string& prefix) {
  const Json& schema = Spec::resolve(file, unresolved);
  const Json* properties = find_member(schema, "properties");
  ASSERT_NE(properties, nullptr) << label(route) << " " << prefix;
  const auto required = names(find_member(schema, "required"));
  for (const Property& property : table) {
    const std::string member = prefix + std::string(property.name);
    const Json* found = find_member(*properties, property.name);
    if (found == nullptr) {
      EXPECT_TRUE(excused(route, member, "extra"))
          << label(route) << " takes " << member << ", the specification does not";
      continue;
    }
    const Json& spec = Spec::resolve(file, *found);
    const bool spec_requires = required.contains(std::string(property.name));
    EXPECT_TRUE(spec_requires == (property.need == Need::required) || excused(route, member, "required"))
        << label(route) << " " << member << " required";
    const Json* nullable = find_member(spec, "nullable");
    EXPECT_EQ(nullable != nullptr && nullable->get_bool(), property.null == Null::allowed)
        << label(route) << " " << member << " nullable";
    const std::string spec_type(string_member(spec, "type"));
    EXPECT_TRUE(spec_type == type_of(property) || excused(route, member, "type"))
        << label(route) << " " << member << " " << spec_type;
    EXPECT_EQ(names(find_member(spec, "enum")), std::set<std::string>(property.values.begin(), property.values.end()))
        << label(route) << " " << member;
    // Custom field items are a choice of shapes, one per data type, and are tested with the data types.
    if (!property.members.empty() && property.name != "customFields" && property.kind == Kind::object) {
      compare(route, file, property.members, spec, member + ".");
    }
  }
  for (const auto& item : properties->get_object()) {
    const bool known = std::ranges::find(table, std::string_view(item.key()), &Property::name) != table.end();
    EXPECT_TRUE(known) << label(route) << " refuses " << prefix << item.key() << ", the specification does not";
  }
}

class ConformanceTest : public SandboxTest {
 protected:
  static SandboxSettings with_duplicates() {
    SandboxSettings settings = roomy();
    settings.locations[0].allow_duplicate_opportunity = true;
    return settings;
  }
  ConformanceTest() : SandboxTest(with_duplicates()) {}

  void SetUp() override {
    if (!std::filesystem::exists(spec_folder())) {
      GTEST_SKIP() << "SKIP: the official OpenAPI files are not at " << spec_folder() << "; nothing was compared";
    }
  }
};

TEST_F(ConformanceTest, EveryRouteIsInTheSpecificationWithItsScopeAndParameters) {
  const Spec spec;
  for (const Route& route : all_routes()) {
    if (excused(route, "*", "route")) continue;
    const auto operation = spec.operation(route);
    ASSERT_NE(operation.value, nullptr) << label(route) << " is not in the specification";
    std::set<std::string> scopes;
    if (const Json* security = find_member(*operation.value, "security")) {
      for (const Json& choice : security->get_array()) {
        for (const auto& item : choice.get_object()) scopes.merge(names(&item.value()));
      }
    }
    // Some operations name no scope; the sandbox asks for the one of their siblings.
    if (!scopes.empty() || route.scope.empty()) {
      EXPECT_EQ(scopes, route.scope.empty() ? std::set<std::string>() : std::set<std::string>{std::string(route.scope)})
          << label(route);
    }
    std::set<std::string> wanted;
    if (const Json* parameters = find_member(*operation.value, "parameters")) {
      for (const Json& unresolved : parameters->get_array()) {
        const Json& parameter = Spec::resolve(*operation.file, unresolved);
        if (string_member(parameter, "in") != "query") continue;
        const Json* required = find_member(parameter, "required");
        wanted.insert(std::string(string_member(parameter, "name")) +
                      (required != nullptr && required->get_bool() ? "*" : ""));
      }
    }
    std::set<std::string> allowed;
    std::istringstream list{std::string(route.query)};
    for (std::string name; list >> name;) allowed.insert(name);
    EXPECT_EQ(allowed, wanted) << label(route);
  }
}

TEST_F(ConformanceTest, BodiesTakeWhatTheSpecificationLists) {
  const Spec spec;
  int compared = 0;
  for (const Route& route : all_routes()) {
    if (excused(route, "*", "route")) continue;
    const auto operation = spec.operation(route);
    ASSERT_NE(operation.value, nullptr) << label(route);
    const Json* schema = Spec::content_schema(find_member(*operation.value, "requestBody"));
    EXPECT_EQ(schema != nullptr, route.body != nullptr) << label(route);
    if (schema == nullptr || route.body == nullptr || excused(route, "*", "body")) continue;
    compare(route, *operation.file, *route.body, *schema, "");
    ++compared;
  }
  EXPECT_GE(compared, 20);
}

// An unknown property and a missing required one are refused by the running sandbox, route by route.
TEST_F(ConformanceTest, TheRunningSandboxEnforcesItsTables) {
  for (const Route& route : all_routes()) {
    if (route.body == nullptr || route.scope.empty()) continue;
    std::string path(route.pattern);
    for (auto at = path.find('{'); at != std::string::npos; at = path.find('{')) {
      const auto end = path.find('}', at);
      const bool location = path.substr(at, end - at) == "{locationId";
      path.replace(at, end - at + 1, location ? std::string(kLocation) : "x");
    }
    const auto reply = api(std::string(route.method), path, R"({"notAProperty":1})");
    EXPECT_EQ(reply.status, 422u) << label(route);
    std::set<std::string> problems = names(&reply.at("message"));
    EXPECT_TRUE(problems.contains("property notAProperty should not exist")) << label(route);
    for (const Property& property : *route.body) {
      const bool reported = problems.contains(std::string(property.name) + " should not be empty");
      EXPECT_EQ(reported, property.need == Need::required) << label(route) << " " << property.name;
    }
  }
}

// --- answers

void check_answer(const Json& file, const Json& unresolved, const Json& answer, const std::string& where) {
  const Json& schema = Spec::resolve(file, unresolved);
  if (answer.is_array()) {
    const Json* items = find_member(schema, "items");
    for (const Json& item : answer.get_array()) {
      if (items != nullptr) check_answer(file, *items, item, where + "[]");
    }
    return;
  }
  const Json* properties = find_member(schema, "properties");
  if (!answer.is_object() || properties == nullptr) return;
  for (const auto& item : answer.get_object()) {
    const std::string name(item.key());
    const Json* property = find_member(*properties, name);
    EXPECT_TRUE(property != nullptr || kLiveExtras.contains(name)) << where << "." << name << " is not documented";
    if (property != nullptr) check_answer(file, *property, item.value(), where + "." + name);
  }
}

TEST_F(ConformanceTest, AnswersHoldOnlyDocumentedMembers) {
  const Spec spec;
  const std::string location(kLocation);
  const auto pipelines = api("GET", "/opportunities/pipelines?locationId=" + location);
  const std::string pipeline(pipelines.at("pipelines.0.id").get_string());
  const std::string contact = create_contact(R"("email":"first@example.com","tags":["a"])");
  std::set<std::string> answered;
  // Sends, and compares status and members with the operation's documented success.
  const auto check = [&](std::string method, std::string pattern, std::string target, std::string body = "") {
    const auto all = all_routes();
    const auto route =
        std::ranges::find_if(all, [&](const Route& one) { return one.method == method && one.pattern == pattern; });
    EXPECT_NE(route, all.end()) << method << pattern;
    const auto operation = spec.operation(*route);
    const auto reply = route->scope.empty()
                           ? send(method, target, body, {{"Content-Type", "application/x-www-form-urlencoded"}})
                           : api(method, target, body);
    const Json* documented = find_member(*find_member(*operation.value, "responses"), std::to_string(reply.status));
    EXPECT_TRUE(reply.status / 100 == 2 && documented != nullptr)
        << label(*route) << " " << reply.status << " " << to_text(reply.body);
    if (const Json* schema = Spec::content_schema(documented))
      check_answer(*operation.file, *schema, reply.body, label(*route));
    answered.insert(label(*route));
    return reply;
  };
  const std::string full = with_location(
      R"("firstName":"Ada","lastName":"Lovelace","email":"a@example.com","phone":"+15125550123","gender":"f","address1":"x",
      "city":"y","state":"z","postalCode":"1","website":"w","timezone":"UTC","dnd":true,"dndSettings":{"SMS":{"status":"active"}},
      "inboundDndSettings":{"all":{"status":"active"}},"tags":["t"],"customFields":[{"key":"score","field_value":1}],"source":"s","dateOfBirth":"1990-01-02",
      "country":"US","companyName":"c","assignedTo":"u")");
  const std::string id(check("POST", "/contacts/", "/contacts/", full).at("contact.id").get_string());
  check("POST", "/contacts/upsert", "/contacts/upsert", full);
  check("GET", "/contacts/{contactId}", "/contacts/" + id);
  check("PUT", "/contacts/{contactId}", "/contacts/" + id, R"({"city":"q"})");
  check("POST", "/contacts/search", "/contacts/search", with_location(R"("pageLimit":5)"));
  check("GET", "/contacts/search/duplicate",
        "/contacts/search/duplicate?locationId=" + location + "&email=a%40example.com");
  check("GET", "/contacts/", "/contacts/?limit=1&locationId=" + location);
  const std::string base = "/contacts/" + id;
  check("POST", "/contacts/{contactId}/tags", base + "/tags", R"({"tags":["b"]})");
  check("DELETE", "/contacts/{contactId}/tags", base + "/tags", R"({"tags":["b"]})");
  check("POST", "/contacts/{contactId}/followers", base + "/followers", R"({"followers":["u"]})");
  check("DELETE", "/contacts/{contactId}/followers", base + "/followers", R"({"followers":["u"]})");
  const std::string note(check("POST", "/contacts/{contactId}/notes", base + "/notes",
                               R"({"body":"b","userId":"u","title":"t","color":"c"})")
                             .at("note.id")
                             .get_string());
  check("GET", "/contacts/{contactId}/notes", base + "/notes");
  check("GET", "/contacts/{contactId}/notes/{id}", base + "/notes/" + note);
  check("PUT", "/contacts/{contactId}/notes/{id}", base + "/notes/" + note, R"({"body":"c"})");
  check("DELETE", "/contacts/{contactId}/notes/{id}", base + "/notes/" + note);
  const std::string task(check("POST", "/contacts/{contactId}/tasks", base + "/tasks",
                               R"({"title":"t","dueDate":"d","completed":false,"body":"b","assignedTo":"u"})")
                             .at("task.id")
                             .get_string());
  check("GET", "/contacts/{contactId}/tasks", base + "/tasks");
  check("GET", "/contacts/{contactId}/tasks/{taskId}", base + "/tasks/" + task);
  check("PUT", "/contacts/{contactId}/tasks/{taskId}", base + "/tasks/" + task, R"({"title":"c"})");
  check("PUT", "/contacts/{contactId}/tasks/{taskId}/completed", base + "/tasks/" + task + "/completed",
        R"({"completed":true})");
  check("DELETE", "/contacts/{contactId}/tasks/{taskId}", base + "/tasks/" + task);

  const std::string deal_body = with_location(
      R"("name":"d","status":"lost","pipelineId":")" + pipeline + R"(","contactId":")" + id +
      R"(","monetaryValue":1,"assignedTo":"u","customFields":[{"key":"order_number","field_value":"1"}])");
  const std::string deal(
      check("POST", "/opportunities/", "/opportunities/", deal_body).at("opportunity.id").get_string());
  check("GET", "/opportunities/pipelines", "/opportunities/pipelines?locationId=" + location);
  check("GET", "/opportunities/{id}", "/opportunities/" + deal);
  check("PUT", "/opportunities/{id}", "/opportunities/" + deal, R"({"name":"e"})");
  check("PUT", "/opportunities/{id}/status", "/opportunities/" + deal + "/status",
        R"({"status":"lost","lostReasonId":"r"})");
  check("POST", "/opportunities/upsert", "/opportunities/upsert",
        with_location(R"("name":"d","pipelineId":")" + pipeline + R"(","contactId":")" + contact + "\""));
  check("GET", "/opportunities/search", "/opportunities/search?limit=1&location_id=" + location);
  check("POST", "/opportunities/search", "/opportunities/search", with_location(R"("limit":5)"));
  check("POST", "/opportunities/{id}/followers", "/opportunities/" + deal + "/followers", R"({"followers":["u"]})");
  check("DELETE", "/opportunities/{id}/followers", "/opportunities/" + deal + "/followers", R"({"followers":["u"]})");
  check("DELETE", "/opportunities/{id}", "/opportunities/" + deal);
  check("DELETE", "/contacts/{contactId}", base);

  const std::string here = "/locations/" + location;
  check("GET", "/locations/{locationId}", here);
  check("GET", "/locations/{locationId}/customFields", here + "/customFields?model=all");
  const std::string field(
      check("POST", "/locations/{locationId}/customFields", here + "/customFields", R"({"name":"n","dataType":"TEXT"})")
          .at("customField.id")
          .get_string());
  check("GET", "/locations/{locationId}/customFields/{id}", here + "/customFields/" + field);
  check("PUT", "/locations/{locationId}/customFields/{id}", here + "/customFields/" + field, R"({"name":"m"})");
  check("DELETE", "/locations/{locationId}/customFields/{id}", here + "/customFields/" + field);
  const std::string tag(
      check("POST", "/locations/{locationId}/tags", here + "/tags", R"({"name":"n"})").at("tag.id").get_string());
  check("GET", "/locations/{locationId}/tags", here + "/tags");
  check("GET", "/locations/{locationId}/tags/{tagId}", here + "/tags/" + tag);
  check("PUT", "/locations/{locationId}/tags/{tagId}", here + "/tags/" + tag, R"({"name":"m"})");
  check("DELETE", "/locations/{locationId}/tags/{tagId}", here + "/tags/" + tag);
  const auto users = check("GET", "/users/", "/users/?locationId=" + location);
  check("GET", "/users/{userId}", "/users/" + std::string(users.at("users.0.id").get_string()));
  const std::string client = SandboxSettings::demo().oauth_clients[0].client_id;
  const std::string code = control("POST", "oauth/codes", R"({"clientId":")" + client + "\"}").text("code");
  check("POST", "/oauth/token", "/oauth/token",
        "grant_type=authorization_code&client_secret=sandbox-secret&client_id=" + client + "&code=" + code);

  const std::string alt = "altId=" + location + "&altType=location";
  const std::string order = control("POST", "orders",
                                    R"({"contactId":")" + contact +
                                        R"(","amount":5,"currency":"USD","subtotal":6,"discount":1,
      "sourceType":"funnel","sourceSubType":"upsell","sourceName":"n","sourceId":"i","couponCode":"c","liveMode":true,
      "fulfillmentStatus":"unfulfilled","items":[{"name":"x","qty":1}]})")
                                .at("order.id")
                                .get_string()
                                .c_str();
  check("GET", "/payments/orders", "/payments/orders?altId=" + location);
  check("GET", "/payments/orders/{orderId}", "/payments/orders/" + order + "?altId=" + location);
  const std::string payment =
      control("POST",
              "transactions", R"({"contactId":")" + contact + R"(","amount":5,"currency":"USD","entityType":"order",
      "entityId":")" + order + R"(","entitySourceType":"funnel","entitySourceSubType":"upsell","entitySourceName":"n",
      "entitySourceId":"i","subscriptionId":"s","chargeId":"c","paymentProviderType":"stripe","amountRefunded":0,
      "paymentMethod":{"card":{"brand":"visa"}},"fulfilledAt":"2026-01-01T00:00:00.000Z","liveMode":true})")
          .at("transaction.id")
          .get_string()
          .c_str();
  check("GET", "/payments/transactions", "/payments/transactions?" + alt);
  check("GET", "/payments/transactions/{transactionId}", "/payments/transactions/" + payment + "?" + alt);
  const std::string product =
      control("POST", "products", R"({"name":"p","description":"d","image":"i","slug":"s","statementDescriptor":"t",
      "availableInStore":true})")
          .at("product.id")
          .get_string()
          .c_str();
  check("GET", "/products/", "/products/?locationId=" + location);
  check("GET", "/products/{productId}", "/products/" + product + "?locationId=" + location);
  control("POST", "reviews", R"({"rating":5,"headline":"h","detail":"d","user":{"name":"n","email":"e"}})");
  check("GET", "/products/reviews", "/products/reviews?" + alt);

  for (const Route& route : all_routes())
    EXPECT_TRUE(answered.contains(label(route)) || excused(route, "*", "route")) << label(route) << " was not tried";
}

}  // namespace
}  // namespace lockstep::gohighlevel::sandbox
