// The control API and the faults.
#include "connectors/gohighlevel/sandbox/test_client.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

class ControlTest : public SandboxTest {
 protected:
  int contacts() { return control("GET", "contacts?limit=1").at("total").to_number<int>(); }
};

TEST_F(ControlTest, PeopleEditWithoutCountingAsApiWrites) {
  const auto made =
      control("POST", "contacts", R"({"firstName":"Ada","email":"a@example.com","companyName":"X","gender":"f"})");
  ASSERT_EQ(made.status, 201u);
  const std::string id(made.at("contact.id").get_string());
  EXPECT_EQ(control("PUT", "contacts/" + id, R"({"companyName":"Y"})").at("contact.companyName").get_string(), "Y");
  EXPECT_EQ(control("GET", "state").at("writes.total").to_number<int>(), 0);
  api("PUT", "/contacts/" + id, R"({"city":"Austin"})");
  api("GET", "/contacts/" + id);
  const auto state = control("GET", "state");
  EXPECT_EQ(to_text(state.at("writes")), R"({"total":1,"byKind":{"contact.update":1}})");
  EXPECT_EQ(to_text(state.at("calls.byRoute")), R"({"GET /contacts/{contactId}":1,"PUT /contacts/{contactId}":1})");
  control("DELETE", "counts");
  EXPECT_EQ(control("GET", "state").at("calls.total").to_number<int>(), 0);
  EXPECT_EQ(control("DELETE", "contacts/" + id).status, 200u);
  EXPECT_EQ(contacts(), 0);
}

TEST_F(ControlTest, SeedingIsDeterministic) {
  const auto seeded = control("POST", "seed", R"({"contacts":200,"opportunities":50,"seed":7})");
  ASSERT_EQ(seeded.status, 201u);
  EXPECT_EQ(seeded.at("contacts").to_number<int>(), 200);
  EXPECT_FALSE(sandbox_.next_due()) << "fires nothing unless asked to";
  ManualClock clock;
  SeededRandom random(42);
  Sandbox other(roomy(), clock, random);
  other.handle({"POST", "/_sandbox/seed", {}, R"({"contacts":200,"opportunities":50,"seed":7})"});
  const wire::HttpRequest dump{"GET", "/_sandbox/contacts", {}, ""};
  EXPECT_EQ(sandbox_.handle(dump).response.body, other.handle(dump).response.body);
  EXPECT_EQ(control("POST", "seed", R"({"contacts":10,"seed":7})").at("contacts").to_number<int>(), 0)
      << "the same people are duplicates";
  EXPECT_EQ(control("POST", "seed", R"({"contacts":10,"seed":8})").at("contacts").to_number<int>(), 10);
}

TEST_F(ControlTest, MergeMovesWhatTheKeptOneLacks) {
  const auto keep = create_contact(R"("firstName":"Ada","email":"a@example.com","tags":["x"])");
  const auto remove =
      create_contact(R"("firstName":"Eve","email":"b@example.com","phone":"+15125550123","tags":["y"])");
  const auto merged = control("POST", "contacts/merge", R"({"keep":")" + keep + R"(","remove":")" + remove + "\"}");
  ASSERT_EQ(merged.status, 200u);
  EXPECT_EQ(merged.at("contact.firstName").get_string(), "Ada");
  EXPECT_EQ(merged.at("contact.phone").get_string(), "+15125550123");
  EXPECT_EQ(to_text(merged.at("contact.tags")), R"(["x","y"])");
  EXPECT_EQ(merged.at("contact.additionalEmails.0.email").get_string(), "b@example.com");
  EXPECT_EQ(api("GET", "/contacts/" + remove).status, 400u);
  EXPECT_EQ(contacts(), 1);
  EXPECT_EQ(control("POST", "contacts/merge", R"({"keep":")" + keep + R"(","remove":")" + keep + "\"}").status, 400u);
}

TEST_F(ControlTest, CustomFieldsKeepTheirKeyWhenRenamedAndTakeTheirValuesAlong) {
  const auto made = control("POST", "customFields", R"({"name":"Shoe size","dataType":"NUMERICAL"})");
  ASSERT_EQ(made.status, 201u);
  EXPECT_EQ(made.at("customField.fieldKey").get_string(), "contact.shoe_size");
  const std::string field(made.at("customField.id").get_string());
  const auto id =
      create_contact(R"("email":"a@example.com","customFields":[{"key":"contact.shoe_size","field_value":44}])");
  control("PUT", "customFields/" + field, R"({"name":"Foot size"})");
  const auto read = api("GET", "/locations/" + std::string(kLocation) + "/customFields/" + field);
  EXPECT_EQ(read.at("customField.name").get_string(), "Foot size");
  EXPECT_EQ(read.at("customField.fieldKey").get_string(), "contact.shoe_size");
  const auto before = api("GET", "/contacts/" + id);
  EXPECT_EQ(control("DELETE", "customFields/" + field).status, 200u);
  const auto after = api("GET", "/contacts/" + id);
  EXPECT_TRUE(after.at("contact.customFields").get_array().empty());
  EXPECT_EQ(before.at("contact.dateUpdated"), after.at("contact.dateUpdated"));
}

TEST_F(ControlTest, MoreLocationsAndTokens) {
  EXPECT_EQ(control("POST", "locations", R"({"id":"loc2","country":"DE"})").status, 201u);
  const auto token = control("POST", "tokens?locationId=loc2", R"({"scopes":["contacts.write"]})");
  ASSERT_EQ(token.status, 201u);
  token_ = token.text("token");
  const auto made = api("POST", "/contacts/", R"({"locationId":"loc2","phone":"030 901820"})");
  EXPECT_EQ(made.at("contact.phone").get_string(), "+4930901820") << "read in the location's country";
  EXPECT_EQ(contacts(), 0) << "the first location has none of it";
}

TEST_F(ControlTest, FaultsAreValidatedAsAWhole) {
  EXPECT_EQ(control("PUT", "faults", R"({"latency":{"rate":1},"nonsense":{}})").status, 400u);
  EXPECT_EQ(control("PUT", "faults", R"({"latency":{"rate":2}})").status, 400u);
  EXPECT_EQ(control("GET", "faults").at("latency.rate").to_number<double>(), 0);
  const auto put = control("PUT", "faults", R"({"latency":{"rate":0.5,"fixed_ms":20}})");
  EXPECT_EQ(put.at("latency.fixed_ms").to_number<int>(), 20);
  EXPECT_EQ(control("PUT", "faults", to_text(put.body)).status, 200u) << "what GET shows can be PUT";
  EXPECT_EQ(control("DELETE", "faults").at("latency.rate").to_number<double>(), 0);
}

TEST_F(ControlTest, CallsOnTheirWayAtOnceAreCounted) {
  const auto at_once = [&] { return control("GET", "state").at("calls").at("atOnce").to_number<int>(); };
  api("GET", "/opportunities/pipelines?locationId=" + std::string(kLocation));
  api("GET", "/opportunities/pipelines?locationId=" + std::string(kLocation));
  EXPECT_EQ(at_once(), 1) << "answered in no time";
  control("PUT", "faults", R"({"latency":{"rate":1,"fixed_ms":250}})");
  for (const auto wait :
       {std::chrono::milliseconds(0), std::chrono::milliseconds(200), std::chrono::milliseconds(250)}) {
    clock_.advance(wait);
    api("GET", "/opportunities/pipelines?locationId=" + std::string(kLocation));
  }
  EXPECT_EQ(at_once(), 2);
  control("DELETE", "counts");
  EXPECT_EQ(at_once(), 0);
}

TEST_F(ControlTest, EachFaultDoesWhatItSays) {
  using Delivery = SandboxReply::Delivery;
  int next = 0;
  const auto create_with = [&](std::string_view faults) {
    control("PUT", "faults", faults);
    return api("POST", "/contacts/", with_location("\"email\":\"f" + std::to_string(++next) + "@example.com\""));
  };
  EXPECT_EQ(create_with(R"({"latency":{"once":1,"fixed_ms":250}})").delay, std::chrono::milliseconds(250));
  EXPECT_EQ(contacts(), 1);
  const auto limited = create_with(R"({"too_many_requests":{"once":1}})");
  EXPECT_EQ(limited.status, 429u);
  EXPECT_EQ(limited.headers.get("X-RateLimit-Remaining"), "0");
  EXPECT_EQ(contacts(), 1);
  EXPECT_EQ(create_with(R"({"error_before_apply":{"once":1,"status":502}})").status, 502u);
  EXPECT_EQ(contacts(), 1);
  EXPECT_EQ(create_with(R"({"error_after_apply":{"once":1,"status":500}})").status, 500u);
  EXPECT_EQ(contacts(), 2);
  EXPECT_EQ(create_with(R"({"drop_before_apply":{"once":1}})").delivery, Delivery::drop_before_apply);
  EXPECT_EQ(contacts(), 2);
  EXPECT_EQ(create_with(R"({"drop_after_apply":{"once":1}})").delivery, Delivery::drop_after_apply);
  EXPECT_EQ(contacts(), 3);
  EXPECT_EQ(create_with(R"({"created_but_refused":{"once":1}})").status, 422u);
  EXPECT_EQ(contacts(), 4);
  EXPECT_EQ(create_with("{}").status, 201u) << "once is over";
  EXPECT_EQ(control("GET", "state").at("writes.byKind").get_object().at("contact.create").to_number<int>(), 5);
  control("PUT", "faults", R"({"error_before_apply":{"rate":1,"only":"GET /contacts/{contactId}"}})");
  EXPECT_EQ(api("GET", "/contacts/x").status, 502u) << "members not named keep their values";
  EXPECT_EQ(create_with("{}").status, 201u) << "only that route";
}

TEST_F(ControlTest, PageAndUnknownPaths) {
  const auto page = sandbox_.handle({"GET", "/_sandbox/", {}, ""}).response;
  EXPECT_EQ(page.status, 200u);
  EXPECT_TRUE(page.headers.get("Content-Type").starts_with("text/html"));
  EXPECT_NE(page.body.find("</html>"), std::string::npos);
  EXPECT_EQ(page.body.find("https://"), std::string::npos) << "no assets from elsewhere";
  EXPECT_EQ(control("GET", "nonsense").status, 404u);
  EXPECT_EQ(control("GET", "state?locationId=nonsense").status, 404u);
}

TEST(ControlKeyTest, IsAskedForWhenSet) {
  SandboxSettings settings = SandboxSettings::demo();
  settings.control_key = "k";
  ManualClock clock;
  SeededRandom random(1);
  Sandbox sandbox(settings, clock, random);
  EXPECT_EQ(sandbox.handle({"GET", "/_sandbox/state", {}, ""}).response.status, 401u);
  EXPECT_EQ(sandbox.handle({"GET", "/_sandbox/state?key=k", {}, ""}).response.status, 200u);
  EXPECT_EQ(sandbox.handle({"GET", "/_sandbox/state", {{"x-sandbox-key", "k"}}, ""}).response.status, 200u);
}

TEST(SandboxMakeTest, RefusesUnusableSettings) {
  ManualClock clock;
  SeededRandom random(1);
  EXPECT_FALSE(Sandbox::make(SandboxSettings(), clock, random));
  SandboxSettings settings = SandboxSettings::demo();
  settings.private_tokens[0].location_id = "elsewhere";
  EXPECT_FALSE(Sandbox::make(settings, clock, random));
  settings = SandboxSettings::demo();
  settings.webhooks.legacy_rsa_private_key_pem = "nonsense";
  EXPECT_FALSE(Sandbox::make(settings, clock, random));
}

}  // namespace
}  // namespace lockstep::gohighlevel::sandbox
