// Jobs, dead letters, the inbox and conflicts.
#include "gateway/gateway_world.hpp"

namespace lockstep::gateway {
namespace {

const std::string kSource = "/api/v1/sources/acme";

TEST(Jobs, StartShowAndFind) {
  World world;
  const Answer started = world.call("owner", "POST", kSource + "/jobs", R"({"system":"crm","kind":"mirror"})");
  ASSERT_EQ(started.status(), 202u) << started.response->body;
  const std::string id(string_member(started.json(), "id"));
  const Json found = world.call("viewer", "GET", kSource + "/jobs/" + id).json();
  EXPECT_EQ(found.at("state"), "done");
  EXPECT_EQ(found.at("kind"), "mirror");
  EXPECT_EQ(world.call("viewer", "GET", kSource + "/jobs").json().at("items").as_array().size(), 1u);
  EXPECT_EQ(world.call("viewer", "GET", kSource + "/jobs/none").status(), 404u);
  EXPECT_EQ(world.call("stranger", "GET", "/api/v1/sources/other/jobs/" + id).status(), 404u) << "not of this source";
}

TEST(Jobs, RefusesWhatMakesNoSense) {
  World world;
  for (const auto& [body, word] :
       std::vector<std::pair<std::string, std::string>>{{"{}", "system"},
                                                        {R"({"system":7,"kind":"pull"})", "system"},
                                                        {R"({"system":"crm"})", "kind"},
                                                        {R"({"system":"crm","kind":"dance"})", "kind"}}) {
    const Answer answer = world.call("owner", "POST", kSource + "/jobs", body);
    EXPECT_EQ(answer.status(), 422u) << body;
    EXPECT_NE(answer.detail().find(word), std::string::npos) << answer.detail();
  }
  EXPECT_EQ(world.call("owner", "POST", kSource + "/jobs", R"({"system":"mars","kind":"pull"})").status(), 404u);
}

TEST(DeadLetters, ListedAndTriedAgain) {
  World world;
  world.connectors["acme/db"]->outcome = sync::OutcomeKind::rejected;
  const std::string id = world.create("acme", "ada@example.com");
  const Json list = world.call("viewer", "GET", kSource + "/deadletters").json();
  ASSERT_EQ(list.at("items").as_array().size(), 1u);
  EXPECT_EQ(string_member(list.at("items").at(0), "record"), id);
  EXPECT_EQ(list.at("items").at(0).at("system"), "db");
  EXPECT_EQ(list.at("items").at(0).at("error"), "the fake refuses");
  EXPECT_EQ(world.call("viewer", "GET", kSource + "/records/" + id).json().at("systems").at("db").at("status"),
            "failed");

  world.connectors["acme/db"]->outcome = sync::OutcomeKind::applied;
  const Answer retried = world.call("owner", "POST", kSource + "/deadletters/retry", R"({"all":true})");
  EXPECT_EQ(retried.json().at("retried"), 1);
  EXPECT_EQ(world.call("viewer", "GET", kSource + "/deadletters").json().at("items").as_array().size(), 0u);
  EXPECT_EQ(world.call("viewer", "GET", kSource + "/records/" + id).json().at("systems").at("db").at("status"),
            "synced");
  EXPECT_EQ(world.call("owner", "POST", kSource + "/deadletters/retry", R"({"all":true})").json().at("retried"), 0);
}

TEST(Status, WritesOfUnknownOutcomeArePending) {
  World world;
  world.connectors["acme/db"]->outcome = sync::OutcomeKind::unknown;
  const std::string id = world.create("acme", "ada@example.com");
  const Json counts = world.call("viewer", "GET", kSource + "/status").json().at("counts");
  const auto rows = world.store.open_reader()->outbox_of(SourceId("acme"), RecordId(id)).value();
  ASSERT_TRUE(std::ranges::any_of(rows, [](const auto& row) { return row.state == sync::OutboxState::unknown; }));
  EXPECT_EQ(counts.at("pending"), 1);
  EXPECT_EQ(counts.at("dead"), 0);
}

TEST(DeadLetters, AWriteThatIsTriedAgainIsNone) {
  World world;
  world.connectors["acme/db"]->outcome = sync::OutcomeKind::retry;
  const std::string id = world.create("acme", "ada@example.com");
  EXPECT_TRUE(world.call("viewer", "GET", kSource + "/deadletters").json().at("items").as_array().empty());
  EXPECT_EQ(world.call("viewer", "GET", kSource + "/records/" + id).json().at("systems").at("db").at("status"),
            "failed");
  EXPECT_EQ(world.call("viewer", "GET", kSource + "/status").json().at("counts").at("pending"), 1);
}

TEST(DeadLetters, RetriesOfNothingAreRefusedOneByOne) {
  World world;
  const Json answer =
      world.call("owner", "POST", kSource + "/deadletters/retry", R"({"items":[{"record":"x","system":"db"}]})").json();
  EXPECT_EQ(answer.at("retried"), 0);
  EXPECT_EQ(answer.at("refused").as_array().size(), 1u);
  for (const std::string body :
       {"{}", R"({"all":false})", R"({"items":7})", R"({"items":[{"record":"x"}]})", R"({"items":[7]})"}) {
    EXPECT_EQ(world.call("owner", "POST", kSource + "/deadletters/retry", body).status(), 422u) << body;
  }
}

TEST(Inbox, SeqMustBeANumberOfThisSource) {
  World world;
  for (const std::string body : {"{}", R"({"seq":"1"})", R"({"seq":-1})", R"({"seq":1.5})", R"({"seq":0})",
                                 R"({"seq":1e300})", R"({"seq":null})"}) {
    const Answer answer = world.call("owner", "POST", kSource + "/inbox/resolve", body);
    EXPECT_EQ(answer.status(), 422u) << body;
    EXPECT_NE(answer.detail().find("seq"), std::string::npos);
  }
  EXPECT_EQ(world.call("owner", "POST", kSource + "/inbox/resolve", R"({"seq":12345})").status(), 404u);
}

TEST(Inbox, WhatCouldNotBeMappedWaitsAndIsOnlyForItsSource) {
  World world;
  ASSERT_EQ(
      world.webhook("other", R"({"id":"c9","document":{"email":"ada@example.com","age":"not a number"}})").status(),
      200u);
  const Json mine = world.call("viewer", "GET", kSource + "/inbox").json();
  EXPECT_TRUE(mine.at("items").as_array().empty());
  const Json theirs = world.call("stranger", "GET", "/api/v1/sources/other/inbox").json();
  for (const Json& row : theirs.at("items").as_array()) {
    const Seq seq = row.at("seq").to_number<Seq>();
    EXPECT_EQ(
        world.call("owner", "POST", kSource + "/inbox/resolve", R"({"as_new":true,"seq":)" + std::to_string(seq) + "}")
            .status(),
        404u);
  }
}

TEST(Conflicts, AHeldFieldIsDecidedByAPerson) {
  World world;
  ASSERT_EQ(world.webhook("acme", R"({"id":"c1","document":{"first_name":"Ada","email":"ada@example.com"}})").status(),
            200u);
  const Json list = world.call("viewer", "GET", kSource + "/records").json();
  const std::string id(list.at("items").at(0).at("id").as_string());
  // The CRM is slow to take our edit; meanwhile somebody changes the same field there.
  world.connectors["acme/crm"]->outcome = sync::OutcomeKind::retry;
  ASSERT_EQ(
      world.call("editor", "PATCH", kSource + "/records/" + id, R"({"fields":{"first_name":"Augusta"}})").status(),
      200u);
  ASSERT_EQ(
      world.webhook("acme", R"({"id":"c1","document":{"first_name":"Adelaide","email":"ada@example.com"}})").status(),
      200u);
  const Json conflicts = world.call("viewer", "GET", kSource + "/conflicts?open=true").json();
  ASSERT_EQ(conflicts.at("items").as_array().size(), 1u);
  EXPECT_EQ(conflicts.at("items").at(0).at("mine"), "Augusta");
  EXPECT_EQ(conflicts.at("items").at(0).at("theirs"), "Adelaide");
  world.connectors["acme/crm"]->outcome = sync::OutcomeKind::applied;
  const Answer decided = world.call("owner", "POST", kSource + "/conflicts/resolve",
                                    R"({"record":")" + id + R"(","field":"first_name","value":"Adelaide"})");
  ASSERT_EQ(decided.status(), 200u) << decided.response->body;
  EXPECT_EQ(world.call("viewer", "GET", kSource + "/records/" + id).json().at("fields").at("first_name"), "Adelaide");
  EXPECT_TRUE(world.call("viewer", "GET", kSource + "/conflicts?open=true").json().at("items").as_array().empty());
  EXPECT_EQ(world.call("viewer", "GET", kSource + "/conflicts").json().at("items").as_array().size(), 1u)
      << "kept whoever won";
  for (const std::string body : {"{}", R"({"record":"x","field":"y"})", R"({"record":7,"field":"y","value":1})"}) {
    EXPECT_EQ(world.call("owner", "POST", kSource + "/conflicts/resolve", body).status(), 422u) << body;
  }
}

}  // namespace
}  // namespace lockstep::gateway
