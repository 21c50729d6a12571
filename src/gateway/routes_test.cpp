// Sources, records, webhooks, health and the page: what each route answers.
#include "gateway/gateway_world.hpp"

namespace lockstep::gateway {
namespace {

const std::string kRecords = "/api/v1/sources/acme/records";

TEST(Sources, SaysWhatIsConfigured) {
  World world;
  const Answer answer = world.call("viewer", "GET", "/api/v1/sources");
  ASSERT_EQ(answer.status(), 200u);
  const Json json = answer.json();
  const JsonArray& items = json.at("items").as_array();
  ASSERT_EQ(items.size(), 1u) << "only what the caller may see";
  EXPECT_EQ(items[0].at("id"), "acme");
  EXPECT_EQ(items[0].at("entities").at(0).at("fields").at(1).at("type"), "email");
  EXPECT_EQ(items[0].at("systems").as_array().size(), 2u);
}

TEST(Sources, StatusCounts) {
  World world;
  world.create("acme", "ada@example.com");
  const Json status = world.call("viewer", "GET", "/api/v1/sources/acme/status").json();
  EXPECT_EQ(status.at("counts").at("records"), 1);
  EXPECT_EQ(status.at("counts").at("pending"), 0);
  EXPECT_GT(status.at("last_seq").to_number<int>(), 0);
  EXPECT_EQ(world.call("admin", "GET", "/api/v1/sources/nowhere/status").status(), 404u);
  EXPECT_EQ(world.call("admin", "GET", "/api/v1/sources/nowhere/records").status(), 404u);
}

TEST(Records, CreateReadEditDelete) {
  World world;
  const std::string id = world.create("acme", "ada@example.com");
  const Answer read = world.call("viewer", "GET", kRecords + "/" + id);
  ASSERT_EQ(read.status(), 200u);
  const Json json = read.json();
  EXPECT_EQ(json.at("fields").at("email"), "ada@example.com");
  EXPECT_EQ(json.at("systems").at("crm").at("status"), "synced");
  EXPECT_EQ(json.at("systems").at("db").at("status"), "synced");
  EXPECT_EQ(json.at("stamps").at("email").at("origin"), "app");
  EXPECT_FALSE(json.at("history").as_array().empty());
  const std::string etag(read.response->headers.get("ETag"));
  EXPECT_EQ(etag, "\"" + std::to_string(json.at("revision").to_number<int>()) + "\"");

  const Answer edited =
      world.call("editor", "PATCH", kRecords + "/" + id, R"({"fields":{"age":37}})", {{"If-Match", etag}});
  ASSERT_EQ(edited.status(), 200u) << edited.response->body;
  EXPECT_NE(edited.response->headers.get("ETag"), etag);
  EXPECT_EQ(world.call("viewer", "GET", kRecords + "/" + id).json().at("fields").at("age"), 37);

  EXPECT_EQ(world.call("editor", "DELETE", kRecords + "/" + id).status(), 200u);
  EXPECT_EQ(world.call("viewer", "GET", kRecords).json().at("items").as_array().size(), 0u);
  EXPECT_EQ(world.call("viewer", "GET", kRecords + "?deleted=true").json().at("items").as_array().size(), 1u);
}

TEST(Records, ListsInPagesAndFinds) {
  World world;
  for (int i = 0; i < 5; ++i) world.create("acme", "p" + std::to_string(i) + "@example.com");
  std::vector<std::string> seen;
  std::string after;
  for (int page = 0; page < 3; ++page) {
    const Json json = world
                          .call("viewer", "GET",
                                kRecords + "?limit=2" + (after.empty() ? "" : "&after=" + wire::percent_encode(after)))
                          .json();
    for (const Json& item : json.at("items").as_array()) seen.emplace_back(item.at("id").as_string());
    after = json.at("next").is_null() ? "" : std::string(json.at("next").as_string());
    EXPECT_EQ(after.empty(), page == 2);
  }
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 5u);
  EXPECT_EQ(world.call("viewer", "GET", kRecords + "?query=P3%40").json().at("items").as_array().size(), 1u);
  EXPECT_EQ(world.call("viewer", "GET", kRecords + "?entity=nothing").json().at("items").as_array().size(), 0u);
}

TEST(Records, AnEditOfAnOldStateIsAConflict) {
  World world;
  const std::string id = world.create("acme", "ada@example.com");
  const Answer stale =
      world.call("editor", "PATCH", kRecords + "/" + id, R"({"fields":{"age":1}})", {{"If-Match", "\"1\""}});
  EXPECT_EQ(stale.status(), 409u);
  EXPECT_TRUE(world.call("viewer", "GET", kRecords + "/" + id).json().at("fields").as_object().if_contains("age") ==
              nullptr);
}

TEST(Records, RefusesWhatMakesNoSenseAndNamesIt) {
  World world;
  const std::string id = world.create("acme", "ada@example.com");
  const auto refused = [&](const std::string& method, const std::string& target, const std::string& body,
                           const std::string& word, const wire::HttpHeaders& headers = {}) {
    const Answer answer = world.call("admin", method, target, body, headers);
    EXPECT_EQ(answer.status(), 422u) << method << " " << target << " " << body << " -> " << answer.response->body;
    EXPECT_NE(answer.detail().find(word), std::string::npos) << answer.detail();
    EXPECT_EQ(answer.response->headers.get("Content-Type"), "application/problem+json");
  };
  const std::string one = kRecords + "/" + id;
  refused("POST", kRecords, "{", "byte");
  refused("POST", kRecords, "[1]", "object");
  refused("POST", kRecords, R"({"entity":"contact"})", "fields");
  refused("POST", kRecords, R"({"entity":"contact","fields":[]})", "fields");
  refused("POST", kRecords, R"({"entity":"contact","fields":{}})", "fields");
  refused("POST", kRecords, R"({"fields":{"age":1}})", "entity");
  refused("POST", kRecords, R"({"entity":7,"fields":{"age":1}})", "entity");
  refused("PATCH", one, R"({"fields":{"height":1}})", "height");
  refused("PATCH", one, R"({"fields":{"age":"old"}})", "age");
  refused("PATCH", one, R"({"fields":{"email":"nobody"}})", "email");
  refused("PATCH", one, R"({"fields":{"age":1}})", "If-Match", {{"If-Match", "yesterday"}});
  refused("PATCH", one, R"({"fields":{"age":1}})", "Idempotency-Key", {{"Idempotency-Key", std::string(201, 'k')}});
  for (const char* limit : {"0", "501", "-1", "1e3", "99999999999999999999999999", "ten", ""}) {
    refused("GET", kRecords + "?limit=" + limit, "", "limit");
  }
  EXPECT_EQ(world.call("admin", "POST", kRecords, R"({"entity":"planet","fields":{"age":1}})").status(), 404u);
  EXPECT_EQ(world.call("admin", "GET", kRecords + "/nobody").status(), 404u);
  EXPECT_EQ(world.call("admin", "PATCH", kRecords + "/nobody", R"({"fields":{"age":1}})").status(), 404u);
  EXPECT_EQ(world.call("admin", "DELETE", kRecords + "/nobody").status(), 404u);
  EXPECT_EQ(world.call("admin", "GET", kRecords + "/%ff%fe").status(), 404u);
}

TEST(Records, TheSameKeyGivesTheSameRecord) {
  World world;
  const std::string body = R"({"entity":"contact","fields":{"email":"ada@example.com"}})";
  const wire::HttpHeaders key{{"Idempotency-Key", "attempt-1"}};
  const Answer first = world.call("editor", "POST", kRecords, body, key);
  ASSERT_EQ(first.status(), 201u) << first.response->body;
  const std::string id(string_member(first.json(), "record"));
  ASSERT_EQ(world.call("editor", "PATCH", kRecords + "/" + id, R"({"fields":{"age":3}})").status(), 200u);
  const Json now = world.call("editor", "GET", kRecords + "/" + id).json();
  const Answer again = world.call("editor", "POST", kRecords, body, key);
  EXPECT_EQ(again.status(), 201u);
  EXPECT_EQ(string_member(again.json(), "record"), id);
  EXPECT_EQ(again.json().at("revision"), now.at("revision"));
  EXPECT_EQ(world.call("editor", "GET", kRecords).json().at("items").as_array().size(), 1u);
  // At the same moment: both answers name the one record.
  const wire::HttpHeaders other{{"Idempotency-Key", "attempt-2"}};
  const auto a =
      world.send("editor", "POST", kRecords, R"({"entity":"contact","fields":{"email":"b@example.com"}})", other);
  const auto b =
      world.send("editor", "POST", kRecords, R"({"entity":"contact","fields":{"email":"b@example.com"}})", other);
  world.settle();
  EXPECT_EQ(string_member(a->json(), "record"), string_member(b->json(), "record"));
  EXPECT_EQ(a->status(), 201u);
  EXPECT_EQ(b->status(), 201u);
  EXPECT_NE(b->json().at("revision"), 0);
}

TEST(Records, ARepeatedEditDoesNothingAndTheKeyOfOneRecordIsNotTheKeyOfAnother) {
  World world;
  const std::string ada = world.create("acme", "ada@example.com");
  const std::string bob = world.create("acme", "bob@example.com");
  const wire::HttpHeaders key{{"Idempotency-Key", "k"}};
  ASSERT_EQ(world.call("editor", "PATCH", kRecords + "/" + ada, R"({"fields":{"age":1}})", key).status(), 200u);
  ASSERT_EQ(world.call("editor", "PATCH", kRecords + "/" + ada, R"({"fields":{"age":2}})").status(), 200u);
  const Answer repeated = world.call("editor", "PATCH", kRecords + "/" + ada, R"({"fields":{"age":1}})", key);
  EXPECT_EQ(repeated.status(), 200u);
  EXPECT_EQ(string_member(repeated.json(), "record"), ada);
  EXPECT_EQ(world.call("editor", "GET", kRecords + "/" + ada).json().at("fields").at("age"), 2);
  EXPECT_EQ(world.call("editor", "GET", kRecords + "/" + ada).json().at("revision"), repeated.json().at("revision"));
  ASSERT_EQ(world.call("editor", "PATCH", kRecords + "/" + bob, R"({"fields":{"age":9}})", key).status(), 200u);
  EXPECT_EQ(world.call("editor", "GET", kRecords + "/" + bob).json().at("fields").at("age"), 9);
}

TEST(Records, AKeyThatComesBackWithAnotherRequestIsRefused) {
  World world;
  const wire::HttpHeaders key{{"Idempotency-Key", "k"}};
  const auto refused = [&](const Answer& answer) {
    EXPECT_EQ(answer.status(), 422u) << answer.response->body;
    EXPECT_NE(string_member(answer.json(), "detail").find("different request"), std::string::npos);
  };
  const Answer made = world.call("editor", "POST", kRecords,
                                 R"({"entity":"contact","fields":{"email":"ada@example.com","age":1}})", key);
  ASSERT_EQ(made.status(), 201u) << made.response->body;
  const std::string id(string_member(made.json(), "record"));
  refused(world.call("editor", "POST", kRecords, R"({"entity":"contact","fields":{"email":"eve@example.com"}})", key));
  EXPECT_EQ(world.call("editor", "GET", kRecords).json().at("items").as_array().size(), 1u);
  // The same request, written otherwise.
  const Answer again = world.call("editor", "POST", kRecords,
                                  R"( {"fields": {"age": 1, "email": "ada@example.com"}, "entity": "contact"})", key);
  EXPECT_EQ(again.status(), 201u);
  EXPECT_EQ(string_member(again.json(), "record"), id);

  const std::string one = kRecords + "/" + id;
  ASSERT_EQ(world.call("editor", "PATCH", one, R"({"fields":{"age":2}})", key).status(), 200u);
  refused(world.call("editor", "PATCH", one, R"({"fields":{"age":3}})", key));
  EXPECT_EQ(world.call("editor", "GET", one).json().at("fields").at("age"), 2);
  // At the same moment: one of the two.
  const wire::HttpHeaders other{{"Idempotency-Key", "m"}};
  const auto a = world.send("editor", "PATCH", one, R"({"fields":{"age":4}})", other);
  const auto b = world.send("editor", "PATCH", one, R"({"fields":{"age":5}})", other);
  world.settle();
  EXPECT_EQ(a->status(), 200u);
  refused(*b);
  // A request that was refused has not used its key.
  const wire::HttpHeaders third{{"Idempotency-Key", "n"}};
  ASSERT_EQ(world.call("editor", "PATCH", one, R"({"fields":{"age":"old"}})", third).status(), 422u);
  EXPECT_EQ(world.call("editor", "PATCH", one, R"({"fields":{"age":6}})", third).status(), 200u);
}

TEST(Records, AKeyThatIsOlderThanTheMarkersStillNamesItsRecord) {
  World world;
  const std::string body = R"({"entity":"contact","fields":{"email":"ada@example.com"}})";
  const wire::HttpHeaders key{{"Idempotency-Key", "k"}};
  const Answer made = world.call("editor", "POST", kRecords, body, key);
  const Time later = world.loop.clock().now() + std::chrono::hours(1);
  ASSERT_GT(world.store.prune(later, Time(), 100).value(), 0u);
  const Answer again = world.call("editor", "POST", kRecords, body, key);
  EXPECT_EQ(again.status(), 201u) << again.response->body;
  EXPECT_EQ(string_member(again.json(), "record"), string_member(made.json(), "record"));
}

TEST(Intake, AcceptedIsCommitted) {
  World world;
  const Answer answer =
      world.webhook("acme", R"({"id":"c1","document":{"first_name":"Ada","email":"ada@example.com"}})");
  EXPECT_EQ(answer.status(), 200u);
  EXPECT_EQ(answer.response->body, R"({"accepted":1})");
  const Json list = world.call("viewer", "GET", kRecords).json();
  ASSERT_EQ(list.at("items").as_array().size(), 1u);
  EXPECT_EQ(list.at("items").at(0).at("systems").at("crm").at("external_id"), "c1");
}

TEST(Intake, RefusesUnsignedAndSenseless) {
  World world;
  EXPECT_EQ(world.webhook("acme", R"({"id":"c1","document":{}})", "bad").status(), 401u);
  EXPECT_EQ(world.webhook("acme", "no JSON").status(), 422u);
  EXPECT_EQ(world.webhook("acme", R"({"id":"c1"})").status(), 422u);
  EXPECT_EQ(world.call("", "POST", "/hooks/nowhere/crm", "{}").status(), 404u);
  EXPECT_EQ(world.call("", "POST", "/hooks/acme/mars", "{}").status(), 404u);
  EXPECT_EQ(world.call("", "GET", "/hooks/acme/crm").status(), 405u);
}

TEST(Intake, PushesBackWith429) {  // A2
  World world;
  std::vector<std::shared_ptr<Answer>> answers;
  answers.reserve(80);
  for (int i = 0; i < 80; ++i) {
    answers.push_back(world.send(
        "", "POST", "/hooks/acme/crm",
        R"({"id":"c)" + std::to_string(i) + R"(","document":{"email":"p)" + std::to_string(i) + R"(@example.com"}})",
        {{"X-Signature", "good"}}));
  }
  world.settle();
  int accepted = 0;
  int pushed_back = 0;
  for (const auto& answer : answers) {
    ASSERT_TRUE(answer->response);
    if (answer->status() == 200) ++accepted;
    if (answer->status() == 429) {
      ++pushed_back;
      EXPECT_FALSE(answer->response->headers.get("Retry-After").empty());
    }
  }
  EXPECT_GT(pushed_back, 0);
  EXPECT_EQ(accepted + pushed_back, 80);
  EXPECT_EQ(world.call("viewer", "GET", "/api/v1/sources/acme/status").json().at("counts").at("records"), accepted);
}

TEST(Intake, DrainingSays429AndNotReady) {
  World world;
  world.hub->drain([] {});
  const auto answer =
      world.send("", "POST", "/hooks/acme/crm", R"({"id":"c1","document":{}})", {{"X-Signature", "good"}});
  world.settle();
  EXPECT_EQ(answer->status(), 429u);
  EXPECT_FALSE(answer->response->headers.get("Retry-After").empty());
  EXPECT_EQ(world.send("", "GET", "/readyz")->status(), 503u);
  EXPECT_EQ(world.send("", "GET", "/healthz")->status(), 200u);
}

// A full disk is no green badge.
TEST(Intake, AStoreThatTakesNothingSays429AndNotReadyUntilItTakesAgain) {
  World world;
  world.create("acme", "ada@example.com");
  const auto state = [&] {
    return world.call("viewer", "GET", "/api/v1/sources/acme/status").json().at("systems").at(0).as_object();
  };
  EXPECT_EQ(world.send("", "GET", "/readyz")->status(), 200u);
  EXPECT_NE(state().at("state"), "unstored");
  world.store.before = [](const sync::Batch&) { return fail(ErrorKind::exhausted, "the disk is full"); };
  const auto answer =
      world.send("", "POST", "/hooks/acme/crm", R"({"id":"c1","document":{}})", {{"X-Signature", "good"}});
  world.settle();
  EXPECT_EQ(answer->status(), 429u);
  EXPECT_FALSE(answer->response->headers.get("Retry-After").empty());
  const Answer ready = world.call("", "GET", "/readyz");
  EXPECT_EQ(ready.status(), 503u);
  EXPECT_EQ(ready.json().at("status"), "unstored");
  EXPECT_EQ(state().at("state"), "unstored");
  EXPECT_NE(state().at("note").as_string().find("the disk is full"), std::string::npos);
  world.store.before = nullptr;
  world.create("acme", "bob@example.com");
  EXPECT_EQ(world.send("", "GET", "/readyz")->status(), 200u);
  EXPECT_NE(state().at("state"), "unstored");
}

TEST(Health, MetricsAreForWhoSeesAll) {
  World world;
  world.create("acme", "ada@example.com");
  const Answer metrics = world.call("admin", "GET", "/metrics");
  EXPECT_EQ(metrics.status(), 200u);
  EXPECT_NE(metrics.response->body.find("lockstep_inputs_total{disposition=\"applied\"} 1"), std::string::npos)
      << metrics.response->body;
  EXPECT_EQ(world.call("owner", "GET", "/metrics").status(), 401u);
}

TEST(Page, IsServedWithAStrictPolicyAndKeepsItsBytes) {
  World world;
  const Answer page = world.call("", "GET", "/");
  EXPECT_EQ(page.status(), 200u);
  EXPECT_NE(page.response->headers.get("Content-Security-Policy").find("default-src 'none'"), std::string_view::npos);
  EXPECT_EQ(page.response->headers.get("Content-Security-Policy").find("unsafe"), std::string_view::npos);
  EXPECT_EQ(page.response->body.find("<script>"), std::string::npos);
  const Answer script = world.call("", "GET", "/dom.js");
  EXPECT_NE(script.response->body.find("\"✓\""), std::string::npos) << "text beyond ASCII is kept";
  EXPECT_NE(script.response->body.find("[...parent.children]"), std::string::npos)
      << "brackets and semicolons are kept";
  EXPECT_EQ(world.call("", "GET", "/../secret").status(), 404u);
}

}  // namespace
}  // namespace lockstep::gateway
