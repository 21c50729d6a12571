// The hub with fake systems, a store in memory and simulated time: pulls, scans, writes, limits, the end.
#include "hub/hub.hpp"

#include <gtest/gtest.h>

#include "hub/hub_world.hpp"

namespace lockstep::hub {
namespace {

using HubTest = HubWorld;

TEST_F(HubTest, MirrorsEverythingOnce) {
  fill(*crm, 250);
  begin();
  loop.run_for(std::chrono::minutes(1));
  EXPECT_EQ(counts().records, 250u);
  EXPECT_EQ(db->objects.size(), 250u);
  EXPECT_EQ(db->writes, 250u);
  EXPECT_EQ(crm->writes, 0u);
}

TEST_F(HubTest, B1AMirrorResumesWhereItStopped) {
  fill(*crm, 450);
  crm->pages_fail_after = 3;
  begin();
  loop.run_for(std::chrono::minutes(1));
  EXPECT_EQ(counts().records, 300u);
  end();
  crm->pages_fail_after = 1'000'000;
  const std::size_t before = crm->pages_read;
  begin();
  loop.run_for(std::chrono::minutes(1));
  EXPECT_EQ(counts().records, 450u);
  EXPECT_EQ(crm->pages_read - before, 2u) << "the two pages that were left";
}

TEST_F(HubTest, B4AFullPullFindsMissedDeletes) {
  fill(*crm, 100);
  begin();
  loop.run_for(std::chrono::minutes(1));
  crm->objects.erase("id-1003");
  crm->objects.erase("id-1050");
  crm->hidden = {"id-1060"};  // the list leaves it out, but it is there
  EXPECT_EQ(mirror("crm").state, "done");
  loop.run_for(std::chrono::minutes(1));
  EXPECT_EQ(counts().tombstones, 2u);
  EXPECT_EQ(db->objects.size(), 98u);
}

TEST_F(HubTest, B4AnOwedPullSurvivesAnEndInBetweenAndFindsDeletes) {
  crm->set_captures();
  fill(*crm, 450);
  begin();
  loop.run_for(std::chrono::minutes(1));
  ASSERT_EQ(counts().records, 450u);
  crm->objects.erase("id-1003");
  crm->pages_fail_after = crm->pages_read + 2;  // the pull that is owed does not get far
  bool durable = false;
  crm->sink->lost("the slot is gone", [&](Result<void> kept) { durable = kept.has_value(); });
  loop.run_for(std::chrono::minutes(1));
  EXPECT_TRUE(durable);
  EXPECT_EQ(counts().tombstones, 0u);
  end();
  crm->pages_fail_after = 1'000'000;
  begin();
  loop.run_for(std::chrono::minutes(1));
  EXPECT_EQ(counts().tombstones, 1u) << "from the first page again: a resumed pull finds no deletes";
  end();
  const std::size_t before = crm->pages_read;
  begin();
  loop.run_for(std::chrono::minutes(1));
  EXPECT_EQ(crm->pages_read, before) << "nothing is owed any more";
}

TEST_F(HubTest, B4WhatMigrateHasNotedIsOwedOnceSomethingWasMirrored) {
  const auto note = [this] {
    sync::Batch batch;
    batch.state = {{source, SystemName("crm"), "connector/missed", Json("a slot was made")}};
    ASSERT_TRUE(store.commit(batch).has_value());
  };
  const auto noted = [this] { return *store.open_reader()->state(source, SystemName("crm"), "connector/missed"); };
  fill(*crm, 250);
  note();
  crm->pages_fail_after = 1;
  begin();
  loop.run_for(std::chrono::minutes(1));
  EXPECT_TRUE(noted().is_null()) << "before the first mirror nothing can have been missed";
  end();
  crm->pages_fail_after = 1'000'000;
  begin();
  loop.run_for(std::chrono::minutes(1));
  EXPECT_EQ(crm->pages_read, 3u) << "B1: so it resumes";
  end();
  note();
  crm->objects.erase("id-1003");
  begin();
  loop.run_for(std::chrono::minutes(1));
  EXPECT_EQ(counts().tombstones, 1u);
  EXPECT_TRUE(noted().is_null());
}

TEST_F(HubTest, B4ALossDuringAPullOwesAnotherOne) {
  crm->set_captures();
  fill(*crm, 250);
  crm->pages_fail_after = 1;
  begin();
  const auto job = hub->start_job(source, SystemName("crm"), "mirror");
  loop.run_for(std::chrono::seconds(1));
  ASSERT_EQ(hub->job(source, job->id)->state, "running");
  crm->sink->lost("a table was truncated", [](const Result<void>&) {});
  loop.run_for(std::chrono::seconds(1));
  crm->pages_fail_after = 1'000'000;
  loop.run_for(std::chrono::minutes(2));
  EXPECT_EQ(crm->pages_read, 6u);
  EXPECT_TRUE(store.open_reader()->state(source, SystemName("crm"), "connector/missed")->is_null());
}

TEST_F(HubTest, TooManyMissingObjectsDeleteNothing) {
  fill(*crm, 100);
  begin();
  loop.run_for(std::chrono::minutes(1));
  crm->objects.clear();
  const JobProgress job = mirror("crm");
  EXPECT_EQ(job.state, "failed");
  EXPECT_NE(job.error.find("100 of 100"), std::string::npos) << job.error;
  EXPECT_EQ(counts().tombstones, 0u);
  EXPECT_EQ(db->objects.size(), 100u);
}

TEST_F(HubTest, AChangedMappingIsReadAndWrittenOnce) {
  fill(*crm, 20);
  for (auto& [id, object] : crm->objects) object["city"] = "Bonn";
  begin();
  loop.run_for(std::chrono::minutes(1));
  EXPECT_FALSE(db->objects.begin()->second.contains("city"));
  end();
  fields.emplace_back("city");
  begin();
  loop.run_for(std::chrono::minutes(5));
  for (const auto& [id, object] : db->objects) {
    ASSERT_TRUE(object.contains("city")) << id;
    EXPECT_EQ(object.at("city"), Json("Bonn"));
  }
}

TEST_F(HubTest, ARejectedWriteIsDeadUntilAPersonRetries) {
  fill(*crm, 1);
  db->next_outcomes = {sync::OutcomeKind::rejected};
  begin();
  loop.run_for(std::chrono::hours(1));
  EXPECT_EQ(counts().outbox_dead, 1u);
  EXPECT_EQ(db->writes, 0u);
  const auto dead = store.open_reader()->outbox(source, {std::nullopt, sync::OutboxState::dead}, {});
  hub->submit({sync::Retry{source, SystemName("db"), dead->items.front().key.record, "ann"}},
              [](Result<std::vector<sync::Applied>>) {});
  loop.run_for(std::chrono::minutes(1));
  EXPECT_EQ(counts().outbox_dead, 0u);
  EXPECT_EQ(db->writes, 1u);
}

// A disk error while the outcome of the first write to the database is committed, `times` times.
void fail_outcomes(FaultyStore& store, std::size_t times) {
  store.before = [left = times](const sync::Batch& batch) mutable -> Result<void> {
    const bool outcome = std::ranges::any_of(batch.journal, [](const auto& entry) { return entry.kind == "write"; });
    if (!outcome || left == 0) return {};
    --left;
    return fail(ErrorKind::unavailable, "disk I/O error");
  };
}

TEST_F(HubTest, AnOutcomeThatADiskErrorKeptOutIsCommittedAgain) {
  fill(*crm, 1);
  fail_outcomes(store, 5);
  begin();
  loop.run_for(std::chrono::minutes(1));
  EXPECT_EQ(db->writes, 1u);
  EXPECT_TRUE(db->fetched.empty()) << "what is known need not be read back";
  EXPECT_EQ(db->finds, 0u);
  EXPECT_EQ(counts().outbox_waiting, 0u);
  EXPECT_EQ(hub->metrics().writes_applied, 1u);
}

TEST_F(HubTest, X2ADiskThatStaysBadIsGivenUpAndTheWriteIsReadBackLater) {
  limits.commit_attempts = 5;
  fill(*crm, 1);
  fail_outcomes(store, 12);
  begin();
  loop.run_for(std::chrono::minutes(5));
  EXPECT_EQ(db->writes, 1u) << "never a second create";
  EXPECT_GT(db->finds, 0u);
  EXPECT_EQ(counts().outbox_waiting, 0u);
}

TEST_F(HubTest, AStoreThatIsBrokenForGoodIsNotAskedInATightLoop) {
  fill(*crm, 3);
  std::size_t asked = 0;
  store.before = [&asked](const sync::Batch& batch) -> Result<void> {
    const bool claim = std::ranges::any_of(batch.outbox, &sync::OutboxRow::in_flight);
    if (!claim || ++asked > 1'000) return {};
    return fail(ErrorKind::corrupt, "the file is damaged");
  };
  begin();
  loop.run_for(std::chrono::minutes(1));
  EXPECT_GT(asked, 1u);
  EXPECT_LT(asked, 100u);
}

TEST_F(HubTest, X2AnUnknownCreateIsReadBackBeforeItIsSentAgain) {
  fill(*crm, 1);
  db->next_outcomes = {sync::OutcomeKind::unknown};
  begin();
  loop.run_for(std::chrono::hours(1));
  EXPECT_EQ(db->objects.size(), 1u);
  EXPECT_EQ(db->writes, 1u);
}

TEST_F(HubTest, BadCredentialsPauseTheSystem) {
  fill(*crm, 30);
  db->next_outcomes.assign(100, sync::OutcomeKind::unauthorized);
  begin();
  loop.run_for(std::chrono::seconds(30));
  EXPECT_FALSE(hub->lanes(source).back().connected);
  EXPECT_LE(100 - db->next_outcomes.size(), 30u) << "nothing more is sent while paused";
  db->next_outcomes.clear();
  loop.run_for(std::chrono::hours(1));
  EXPECT_EQ(db->objects.size(), 30u);
  EXPECT_TRUE(hub->lanes(source).back().connected);
}

TEST_F(HubTest, A2AFullQueueAndADrainingHubRefuse) {
  limits.queue_inputs_limit = 5;
  begin();
  crm->objects["a"]["name"] = "A";
  int accepted = 0;
  int refused = 0;
  connector::WebhookRequest request;
  request.body = R"({"id":"a"})";
  for (int i = 0; i < 20; ++i) {
    hub->accept_webhook(source, SystemName("crm"), request, [&](Result<std::vector<sync::Applied>> applied) {
      applied ? ++accepted : ++refused;
      if (!applied) {
        EXPECT_EQ(applied.error().kind, ErrorKind::exhausted);
      }
    });
  }
  loop.settle();
  EXPECT_EQ(accepted, 5);
  EXPECT_EQ(refused, 15);
  bool ended = false;
  hub->drain([&ended] { ended = true; });
  hub->accept_webhook(source, SystemName("crm"), request,
                      [&](Result<std::vector<sync::Applied>> applied) { EXPECT_FALSE(applied.has_value()); });
  EXPECT_TRUE(loop.run_until([&] { return ended; }));
  hub.reset();
}

TEST_F(HubTest, DrainingWaitsForWritesOnTheirWay) {
  fill(*crm, 3);
  db->write_time = std::chrono::seconds(10);
  begin();
  loop.run_for(std::chrono::seconds(1));
  EXPECT_EQ(db->writes, 0u);
  end();
  EXPECT_EQ(db->writes, 3u);
  EXPECT_EQ(counts().outbox_waiting, 0u) << "their outcomes are committed";
}

// The echo of a write comes before its answer, and a person has edited again in between: the echo is no edit.
TEST_F(HubTest, E2AnEchoThatOvertakesTheOutcomeOfItsWriteRevertsNothing) {
  crm->objects["a"]["name"] = "Old";
  begin();
  loop.run_for(std::chrono::minutes(1));
  const auto record = store.open_reader()->linked({source, SystemName("crm"), "thing", "a"});
  ASSERT_TRUE(record && *record);
  const auto edit = [&](const char* value) {
    sync::Edit change;
    change.source = source;
    change.entity = EntityName("thing");
    change.record = **record;
    change.fields["name"] = value;
    hub->submit({change},
                [](Result<std::vector<sync::Applied>> applied) { EXPECT_TRUE(applied && !applied->front().error); });
  };
  crm->write_time = std::chrono::seconds(10);
  edit("First");
  loop.run_for(std::chrono::seconds(1));
  crm->objects["a"]["name"] = "First";  // it has arrived there, and its answer is still on the way
  edit("Second");
  bool answered = false;
  connector::WebhookRequest echo;
  echo.body = R"({"id":"a"})";
  hub->accept_webhook(source, SystemName("crm"), echo, [&](Result<std::vector<sync::Applied>> applied) {
    answered = true;
    EXPECT_TRUE(applied.has_value());
  });
  loop.run_for(std::chrono::minutes(1));
  EXPECT_TRUE(answered);
  EXPECT_EQ(crm->objects["a"]["name"], "Second");
  EXPECT_EQ(db->objects.begin()->second["name"], "Second");
  EXPECT_EQ(crm->writes, 2u);
}

// A system takes several calls for one write, and one of them fails: only what that was to do is sent again.
TEST_F(HubTest, C5WhatAFailedWriteHasDoneIsNotSentAgain) {
  fields.emplace_back("city");
  crm->objects["a"] = {{"name", "Old"}, {"city", "Ulm"}};
  begin();
  loop.run_for(std::chrono::minutes(1));
  std::vector<std::string> sent;
  db->on_write = [&](const connector::WriteRequest& request) -> std::optional<connector::WriteResult> {
    sent.push_back(to_text(request.document));
    if (sent.size() > 1) return std::nullopt;
    connector::WriteResult half;
    half.kind = sync::OutcomeKind::retry;
    half.partly = true;
    half.left_out = {"city"};
    return half;
  };
  crm->objects["a"] = {{"name", "New"}, {"city", "Bonn"}};
  connector::WebhookRequest event;
  event.body = R"({"id":"a"})";
  hub->accept_webhook(source, SystemName("crm"), event, [](Result<std::vector<sync::Applied>>) {});
  loop.run_for(std::chrono::minutes(1));
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent.front(), R"({"name":"New","city":"Bonn"})");
  EXPECT_EQ(sent.back(), R"({"city":"Bonn"})");
}

}  // namespace
}  // namespace lockstep::hub
