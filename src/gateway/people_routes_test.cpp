// What people do about data through the API: undo, overrides, dead letters in bulk, replay.
#include <gtest/gtest.h>

#include "gateway/gateway_world.hpp"

namespace lockstep::gateway {
namespace {

const std::string kSource = "/api/v1/sources/acme";

class People : public testing::Test {
 protected:
  World world;

  std::string record(const std::string& email = "ada@example.com") { return world.create("acme", email); }
  Seq edit(const std::string& id, const std::string& fields) {
    const Answer answer = world.call("editor", "PATCH", kSource + "/records/" + id, R"({"fields":)" + fields + "}");
    EXPECT_EQ(answer.status(), 200u) << answer.response->body;
    return answer.json().at("seq").to_number<Seq>();
  }
  Answer undo(Seq seq, const std::string& body = "", const std::string& who = "editor") {
    return world.call(who, "POST", kSource + "/journal/" + std::to_string(seq) + "/undo", body);
  }
  Json field(const std::string& id, const char* name) {
    return world.call("viewer", "GET", kSource + "/records/" + id).json().at("fields").at(name);
  }
  Json status(const std::string& id, const char* system) {
    return world.call("viewer", "GET", kSource + "/records/" + id).json().at("systems").at(system);
  }
  Json job(const Answer& started) {
    EXPECT_EQ(started.status(), 202u) << started.response->body;
    const std::string id(string_member(started.json(), "id"));
    return world.call("viewer", "GET", kSource + "/jobs/" + id).json();
  }
};

TEST_F(People, AnEditorUndoesAnEntry) {
  const std::string id = record();
  const Seq wrong = edit(id, R"({"first_name":"Eda","age":36})");
  EXPECT_EQ(undo(wrong, "", "viewer").status(), 403u);
  const Answer undone = undo(wrong);
  ASSERT_EQ(undone.status(), 200u) << undone.response->body;
  EXPECT_TRUE(undone.response->headers.has("ETag"));
  EXPECT_EQ(field(id, "first_name"), "Ada");
  EXPECT_TRUE(field(id, "age").is_null());
  const Json history = world.call("viewer", "GET", kSource + "/records/" + id).json().at("history");
  const auto entry = std::ranges::find_if(history.as_array(),
                                          [&](const Json& one) { return one.at("seq") == undone.json().at("seq"); });
  ASSERT_NE(entry, history.as_array().end());
  EXPECT_EQ(entry->at("body").at("undoes"), wrong);
  EXPECT_EQ(entry->at("body").at("actor"), "key editor");
}

TEST_F(People, UndoNamesTheFieldsThatHaveChangedSince) {
  const std::string id = record();
  const Seq wrong = edit(id, R"({"first_name":"Eda","age":36})");
  edit(id, R"({"age":37})");
  const Answer refused = undo(wrong);
  EXPECT_EQ(refused.status(), 409u);
  EXPECT_NE(refused.detail().find("age"), std::string::npos) << refused.detail();
  EXPECT_EQ(refused.detail().find("first_name"), std::string::npos) << refused.detail();
  EXPECT_EQ(field(id, "first_name"), "Eda") << "nothing is done in part";
  EXPECT_EQ(undo(wrong, R"({"force":true})").status(), 200u);
  EXPECT_EQ(field(id, "first_name"), "Ada");
  EXPECT_TRUE(field(id, "age").is_null());
}

TEST_F(People, UndoOfADeleteAndOfNothing) {
  const std::string id = record();
  const Answer deleted = world.call("editor", "DELETE", kSource + "/records/" + id);
  const Seq seq = deleted.json().at("seq").to_number<Seq>();
  EXPECT_EQ(undo(seq).status(), 200u);
  EXPECT_EQ(world.call("viewer", "GET", kSource + "/records/" + id).json().at("deleted"), false);
  EXPECT_EQ(undo(999'999).status(), 404u);
  EXPECT_EQ(undo(1).status(), 409u) << "it has made the record";
  for (const std::string bad : {"0", "-1", "x", "1.5", "99999999999999999999999"}) {
    EXPECT_EQ(world.call("editor", "POST", kSource + "/journal/" + bad + "/undo").status(), 422u) << bad;
  }
  EXPECT_EQ(undo(seq, "[]").status(), 422u);
  EXPECT_EQ(undo(seq, R"({"force":1})").status(), 422u);
  // Another source's entries are not there.
  EXPECT_EQ(world.call("stranger", "POST", "/api/v1/sources/other/journal/" + std::to_string(seq) + "/undo").status(),
            404u);
}

TEST_F(People, AConflictIsOverriddenByWhatItKept) {
  ASSERT_EQ(world.webhook("acme", R"({"id":"c1","document":{"first_name":"Ada","email":"ada@example.com"}})").status(),
            200u);
  const Json list = world.call("viewer", "GET", kSource + "/records").json();
  const std::string id(list.at("items").at(0).at("id").as_string());
  world.connectors["acme/crm"]->outcome = sync::OutcomeKind::retry;
  edit(id, R"({"first_name":"Augusta"})");
  ASSERT_EQ(
      world.webhook("acme", R"({"id":"c1","document":{"first_name":"Adelaide","email":"ada@example.com"}})").status(),
      200u);
  const Json open = world.call("viewer", "GET", kSource + "/conflicts?open=true").json().at("items").at(0);
  EXPECT_TRUE(open.at("decided_by").is_null());
  const std::string path = kSource + "/conflicts/" + to_text(open.at("seq")) + "/first_name/override";
  EXPECT_EQ(world.call("editor", "POST", path, R"({"take":"theirs"})").status(), 403u);
  for (const std::string bad : {"{}", R"({"take":"both"})", R"({"take":"mine","value":1})", R"({"take":7})"})
    EXPECT_EQ(world.call("owner", "POST", path, bad).status(), 422u) << bad;
  ASSERT_EQ(world.call("owner", "POST", path, R"({"take":"theirs"})").status(), 200u);
  EXPECT_EQ(field(id, "first_name"), "Adelaide");
  const Json closed = world.call("viewer", "GET", kSource + "/conflicts").json().at("items").at(0);
  EXPECT_EQ(closed.at("decided_by"), "key owner");
  EXPECT_EQ(closed.at("winner"), "crm");
  EXPECT_EQ(closed.at("open"), false);
  ASSERT_EQ(world.call("owner", "POST", path, R"({"value":"Ada Augusta"})").status(), 200u) << "also afterwards";
  EXPECT_EQ(field(id, "first_name"), "Ada Augusta");
  ASSERT_EQ(world.call("owner", "POST", path, R"({"take":"mine"})").status(), 200u);
  edit(id, R"({"first_name":"Somebody"})");
  EXPECT_EQ(world.call("owner", "POST", path, R"({"take":"theirs"})").status(), 409u);
  EXPECT_EQ(world.call("owner", "POST", path, R"({"take":"theirs","force":true})").status(), 200u);
  EXPECT_EQ(world.call("owner", "POST", kSource + "/conflicts/1/first_name/override", R"({"take":"mine"})").status(),
            404u);
}

TEST_F(People, DeadLettersAreWorkedInBulk) {
  world.connectors["acme/db"]->outcome = sync::OutcomeKind::rejected;
  const std::string first = record();
  for (int i = 0; i < 5; ++i) record("person" + std::to_string(i) + "@example.com");
  const std::string path = kSource + "/deadletters";
  const Json groups = world.call("viewer", "GET", path + "/groups").json();
  ASSERT_EQ(groups.at("items").as_array().size(), 1u);
  EXPECT_EQ(groups.at("items").at(0).at("count"), 6);
  EXPECT_EQ(groups.at("items").at(0).at("error"), "the fake refuses");
  EXPECT_TRUE(world.call("viewer", "GET", path + "/groups?error=something").json().at("items").as_array().empty());

  const Json dry = world.call("owner", "POST", path + "/retry", R"({"all":true,"dry_run":true})").json();
  EXPECT_EQ(dry.at("matched"), 6);
  EXPECT_EQ(dry.at("retried"), 0);
  const auto matched = [&](const std::string& filter) {
    return world.call("owner", "POST", path + "/retry", R"({"all":true,"dry_run":true,)" + filter + "}")
        .json()
        .at("matched");
  };
  EXPECT_EQ(matched(R"("system":"crm")"), 0);
  EXPECT_EQ(matched(R"("system":"db","error_kind":"invalid","error":"FAKE")"), 6);
  EXPECT_EQ(matched(R"("error_kind":"conflict")"), 0);
  EXPECT_EQ(matched(R"("older_than_seconds":3600)"), 0);
  EXPECT_EQ(matched(R"("younger_than_seconds":3600)"), 6);
  for (const std::string bad : {R"({"all":1})", R"({"all":true,"error_kind":"bad"})",
                                R"({"all":true,"older_than_seconds":-1})", R"({"all":true,"older_than_seconds":"x"})"})
    EXPECT_EQ(world.call("owner", "POST", path + "/retry", bad).status(), 422u) << bad;

  EXPECT_EQ(world.call("owner", "POST", path + "/discard", R"({"all":true})").status(), 422u) << "a reason is needed";
  const Json one = world
                       .call("owner", "POST", path + "/discard",
                             R"({"reason":"a test","items":[{"record":")" + first + R"(","system":"db"}]})")
                       .json();
  EXPECT_EQ(one.at("discarded"), 1);
  EXPECT_EQ(string_member(status(first, "db"), "status"), "failed");
  EXPECT_NE(std::string(string_member(status(first, "db"), "detail")).find("a test"), std::string::npos);
  EXPECT_EQ(world.call("viewer", "GET", path + "?discarded=true").json().at("items").as_array().size(), 1u);

  world.connectors["acme/db"]->outcome = sync::OutcomeKind::applied;
  EXPECT_EQ(world.call("owner", "POST", path + "/retry", R"({"all":true})").json().at("retried"), 5);
  world.settle();
  EXPECT_TRUE(world.call("viewer", "GET", path).json().at("items").as_array().empty());
  EXPECT_EQ(string_member(status(first, "db"), "status"), "failed") << "what was given up stays so";
  EXPECT_EQ(world.call("owner", "POST", path + "/retry", R"({"items":[{"record":")" + first + R"(","system":"db"}]})")
                .json()
                .at("retried"),
            1);
  EXPECT_EQ(string_member(status(first, "db"), "status"), "synced");
}

TEST_F(People, ReplayAndUndoOfAJobAreJobs) {
  ASSERT_EQ(world.webhook("acme", R"({"id":"c1","document":{"first_name":"Ada","email":"ada@example.com"}})").status(),
            200u);
  const Json replayed = job(world.call("owner", "POST", kSource + "/replay", R"({"from":"2000-01-01T00:00:00Z"})"));
  EXPECT_EQ(replayed.at("kind"), "replay");
  EXPECT_EQ(replayed.at("state"), "done");
  EXPECT_GE(replayed.at("done").to_number<int>(), 1);
  const Json undone =
      job(world.call("owner", "POST", kSource + "/jobs/" + std::string(string_member(replayed, "id")) + "/undo"));
  EXPECT_EQ(undone.at("kind"), "undo");
  EXPECT_EQ(undone.at("state"), "done");
  EXPECT_EQ(world.call("owner", "POST", kSource + "/jobs/none/undo").status(), 404u);
  EXPECT_EQ(world.call("editor", "POST", kSource + "/replay", "{}").status(), 403u);
  for (const std::string bad : {"{}", R"({"from":"yesterday"})", R"({"from":"2020-01-01T00:00:00Z","to":"x"})",
                                R"({"from":"2020-01-02T00:00:00Z","to":"2020-01-01T00:00:00Z"})"})
    EXPECT_EQ(world.call("owner", "POST", kSource + "/replay", bad).status(), 422u) << bad;
  EXPECT_EQ(
      world.call("owner", "POST", kSource + "/replay", R"({"from":"2020-01-01T00:00:00Z","system":"mars"})").status(),
      404u);
}

}  // namespace
}  // namespace lockstep::gateway
