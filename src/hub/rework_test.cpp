// What people do about much at once: undo of a job, replay of a stretch of time, dead letters in bulk.
#include "hub/rework.hpp"

#include "hub/hub_world.hpp"

namespace lockstep::hub {
namespace {

class ReworkTest : public HubWorld {
 protected:
  JobProgress ended(const Result<JobProgress>& started) {
    EXPECT_TRUE(started.has_value()) << started.error().message;
    loop.run_for(std::chrono::minutes(10));
    const auto job = hub->job(source, started->id);
    EXPECT_TRUE(job.has_value());
    EXPECT_NE(job->state, "running");
    return *job;
  }
  Result<JobProgress> begin_undo(const std::string& job, sync::ChangedSince changed = sync::ChangedSince::leave) {
    return answered([&](auto started) { hub->undo_job(source, job, changed, "ann", std::move(started)); });
  }
  Result<JobProgress> begin_replay(const ReplayRange& range) {
    return answered([&](auto started) { hub->replay(source, range, std::move(started)); });
  }
  Result<JobProgress> answered(const std::function<void(hub::Hub::JobStarted)>& ask) {
    std::optional<Result<JobProgress>> answer;
    ask([&](Result<JobProgress> job) { answer.emplace(std::move(job)); });
    loop.run_until([&] { return answer.has_value(); });
    return std::move(*answer);
  }
  JobProgress undo(const std::string& job, sync::ChangedSince changed = sync::ChangedSince::leave) {
    return ended(begin_undo(job, changed));
  }
  RecordId record_of(const std::string& id) {
    return **store.open_reader()->linked({source, SystemName("crm"), "thing", id});
  }
  void edit(const std::string& id, const std::string& name) {
    sync::Edit change;
    change.source = source;
    change.entity = EntityName("thing");
    change.record = record_of(id);
    change.fields["name"] = name;
    hub->submit({change}, [](const Result<std::vector<sync::Applied>>& applied) { EXPECT_TRUE(applied); });
    loop.run_for(std::chrono::minutes(1));
  }
  void webhook(const std::string& id) {
    connector::WebhookRequest request;
    request.body = R"({"id":")" + id + R"("})";
    hub->accept_webhook(source, SystemName("crm"), request,
                        [](const Result<std::vector<sync::Applied>>& applied) { EXPECT_TRUE(applied); });
    loop.run_for(std::chrono::minutes(1));
  }
  Json in_db(const std::string& id) {
    const auto record = store.open_reader()->record(source, record_of(id));
    return db->objects.at((*record)->link(SystemName("db"))->external_id)["name"];
  }
  DeadLettersDone dead_letters(DeadLetterOrder order) {
    std::optional<Result<DeadLettersDone>> answer;
    order.actor = "ann";
    hub->dead_letters(source, std::move(order), [&](Result<DeadLettersDone> done) { answer.emplace(std::move(done)); });
    loop.settle();
    EXPECT_TRUE(answer && *answer);
    return **answer;
  }
  DeadLetterGroups groups() {
    std::optional<Result<DeadLetterGroups>> answer;
    hub->dead_letter_groups(source, {}, [&](Result<DeadLetterGroups> done) { answer.emplace(std::move(done)); });
    loop.settle();
    EXPECT_TRUE(answer && *answer);
    return **answer;
  }
};

TEST_F(ReworkTest, EverythingThatAJobDidIsUndoneButWhatHasChangedSince) {
  limits.rework_page = 7;  // many pages
  limits.rework_batch = 3;
  fill(*crm, 40);
  begin();
  loop.run_for(std::chrono::minutes(1));
  for (int i = 0; i < 20; ++i) crm->objects["id-" + std::to_string(1000 + i)]["name"] = "wrong";
  const JobProgress pulled = mirror("crm");
  ASSERT_EQ(in_db("id-1003"), Json("wrong"));
  edit("id-1004", "right");  // somebody has seen it
  edit("id-1030", "later");  // and this is not the job's doing
  const JobProgress job = undo(pulled.id);
  EXPECT_EQ(job.state, "done") << job.error;
  EXPECT_EQ(job.kind, "undo");
  EXPECT_EQ(job.done, 19u);
  EXPECT_EQ(job.skipped, 1u);
  EXPECT_EQ(job.note, "1 changed since and left");
  for (int i = 0; i < 20; ++i) {
    const std::string id = "id-" + std::to_string(1000 + i);
    const Json wanted = i == 4 ? Json("right") : Json("name " + std::to_string(i));
    EXPECT_EQ(in_db(id), wanted) << id;
    EXPECT_EQ(Json(crm->objects[id]["name"]), wanted) << id;
  }
  EXPECT_EQ(in_db("id-1030"), Json("later"));
  EXPECT_EQ(undo(pulled.id).done, 0u) << "a second time there is nothing to do";
  EXPECT_EQ(undo(job.id).done, 19u) << "the undoing can be undone";
  EXPECT_EQ(in_db("id-1003"), Json("wrong"));
}

TEST_F(ReworkTest, WhatAJobHasHadToReadAgainIsItsDoingAsWell) {
  crm->versions = false;
  fill(*crm, 5);
  begin();
  loop.run_for(std::chrono::minutes(1));
  for (auto& [id, object] : crm->objects) object["name"] = "wrong";
  const JobProgress pulled = mirror("crm");
  ASSERT_EQ(crm->fetched.size(), 5u);
  ASSERT_EQ(in_db("id-1003"), Json("wrong"));
  EXPECT_EQ(undo(pulled.id).done, 5u);
  EXPECT_EQ(in_db("id-1003"), Json("name 3"));
}

TEST_F(ReworkTest, RecordsThatAJobMadeAreNotDeletedByItsUndo) {
  fill(*crm, 5);
  begin();
  loop.run_for(std::chrono::minutes(1));
  const std::vector<JobProgress> jobs = hub->jobs(source);
  const JobProgress job = undo(std::ranges::find(jobs, SystemName("crm"), &JobProgress::system)->id);
  EXPECT_EQ(job.done, 0u);
  EXPECT_EQ(counts().records, 5u);
  EXPECT_NE(job.note.find("5 made by the job"), std::string::npos) << job.note;
}

TEST_F(ReworkTest, DeletesThatAJobFoundAreUndone) {
  fill(*crm, 30);
  begin();
  loop.run_for(std::chrono::minutes(1));
  crm->objects.erase("id-1003");
  const JobProgress pulled = mirror("crm");
  ASSERT_EQ(counts().tombstones, 1u);
  EXPECT_EQ(undo(pulled.id).done, 1u);
  EXPECT_EQ(counts().tombstones, 0u);
  EXPECT_EQ(crm->objects.size(), 30u);
  EXPECT_EQ(db->objects.size(), 30u);
}

TEST_F(ReworkTest, OnlyAJobCanBeUndone) {
  begin();
  EXPECT_EQ(begin_undo("nonsense").error().kind, ErrorKind::not_found);
  crm->pages_fail_after = 0;
  fill(*crm, 3);
  const auto running = hub->start_job(source, SystemName("crm"), "mirror");
  loop.run_for(std::chrono::seconds(1));
  EXPECT_EQ(begin_undo(running->id).error().kind, ErrorKind::conflict);
}

TEST_F(ReworkTest, AReplayReadsAgainWhatTheJournalTouchedInThatTime) {
  limits.rework_page = 5;
  fill(*crm, 30);
  begin();
  loop.run_for(std::chrono::hours(2));
  const Time from = loop.clock().now();
  webhook("id-1003");
  webhook("id-1004");
  const Time to = loop.clock().now();
  loop.run_for(std::chrono::hours(2));
  // Two changes that nobody reported, one of them of an object that the time says nothing of.
  crm->objects["id-1003"]["name"] = "missed";
  crm->objects["id-1020"]["name"] = "missed";
  crm->objects.erase("id-1004");
  const JobProgress job = ended(begin_replay({from, to, std::nullopt}));
  EXPECT_EQ(job.state, "done") << job.error;
  EXPECT_EQ(job.done, 4u) << "two records in two systems";
  EXPECT_EQ(in_db("id-1003"), Json("missed"));
  EXPECT_EQ(in_db("id-1020"), Json("name 20"));
  EXPECT_EQ(counts().tombstones, 1u);
  EXPECT_EQ(ended(begin_replay({from, to, SystemName("crm")})).done, 1u) << "what is left, in one system";
  EXPECT_EQ(ended(begin_replay({Time{}, from, std::nullopt})).done, 58u) << "all that were made, but the deleted one";
  EXPECT_EQ(in_db("id-1020"), Json("missed"));
  EXPECT_EQ(begin_replay({to, from, std::nullopt}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(begin_replay({from, to, SystemName("mars")}).error().kind, ErrorKind::not_found);
}

TEST_F(ReworkTest, DeadLettersAreGroupedRetriedAndGivenUp) {
  limits.dead_letter_page = 4;
  fill(*crm, 25);
  db->next_outcomes.assign(25, sync::OutcomeKind::rejected);
  begin();
  loop.run_for(std::chrono::minutes(5));
  ASSERT_EQ(counts().outbox_dead, 25u);
  const DeadLetterGroups found = groups();
  ASSERT_EQ(found.groups.size(), 1u);
  EXPECT_EQ(found.groups.front().count, 25u);
  EXPECT_EQ(found.groups.front().error, "as told");
  EXPECT_EQ(found.groups.front().system, SystemName("db"));
  EXPECT_FALSE(found.groups.front().example.empty());

  DeadLetterOrder order;
  EXPECT_EQ(dead_letters(order).matched, 25u);
  order.filter.error = "other words";
  EXPECT_EQ(dead_letters(order).matched, 0u);
  order.filter.error = "As Told";
  order.filter.since_before = loop.clock().now() - std::chrono::hours(1);
  EXPECT_EQ(dead_letters(order).matched, 0u) << "none is that old";
  order.filter.since_before.reset();
  order.filter.system = SystemName("crm");
  EXPECT_EQ(dead_letters(order).matched, 0u);
  order.filter.system = SystemName("db");
  order.filter.error_kind = ErrorKind::invalid;
  EXPECT_EQ(dead_letters(order).matched, 25u);
  EXPECT_EQ(counts().outbox_dead, 25u) << "counting changes nothing";

  order.action = DeadLetterAction::discard;
  order.reason = "the old shop";
  EXPECT_EQ(dead_letters(order).done, 25u);
  EXPECT_EQ(counts().outbox_dead, 0u);
  EXPECT_EQ(counts().outbox_waiting, 0u);
  loop.run_for(std::chrono::hours(1));
  mirror("crm");  // looks for writes that are due and not in the outbox
  EXPECT_EQ(db->writes, 0u);
  std::optional<RecordView> view;
  hub->record(source, record_of("id-1003"), [&](Result<std::optional<RecordView>> found_one) { view = *found_one; });
  loop.settle();
  ASSERT_TRUE(view);
  EXPECT_EQ(view->systems.back().status, sync::Status::failed) << "it is not what the record says";
  EXPECT_NE(view->systems.back().detail.find("the old shop"), std::string::npos) << view->systems.back().detail;

  edit("id-1003", "a new name");  // another state is another chance
  EXPECT_EQ(db->writes, 1u);
  hub->submit({sync::Retry{source, SystemName("db"), record_of("id-1004"), "ann"}},
              [](const Result<std::vector<sync::Applied>>& applied) { EXPECT_FALSE(applied->front().error); });
  loop.run_for(std::chrono::minutes(1));
  EXPECT_EQ(db->writes, 2u);
}

TEST_F(ReworkTest, AllDeadLettersAreRetriedWhateverTheirNumber) {
  limits.dead_letter_page = 4;
  fill(*crm, 25);
  db->next_outcomes.assign(25, sync::OutcomeKind::rejected);
  begin();
  loop.run_for(std::chrono::minutes(5));
  DeadLetterOrder order;
  order.action = DeadLetterAction::retry;
  const DeadLettersDone done = dead_letters(order);
  EXPECT_EQ(done.done, 25u);
  EXPECT_EQ(done.refused_count, 0u);
  loop.run_for(std::chrono::minutes(5));
  EXPECT_EQ(db->writes, 25u);
}

TEST_F(ReworkTest, DrainingEndsWhatRuns) {
  fill(*crm, 30);
  begin();
  loop.run_for(std::chrono::minutes(1));
  const auto job = begin_replay({Time{}, loop.clock().now(), std::nullopt});
  ASSERT_TRUE(job);
  end();  // the fixture's end waits for it
}

TEST(CommonText, LeavesWhatErrorsHaveInCommon) {
  EXPECT_EQ(common_text("422: phone +49 (228) 123 is not valid"), "#: phone +# (#) # is not valid");
  EXPECT_EQ(common_text("contact 8Zq1Xyzabc9KjhgfPoiu7 has email \"ann@example.test\" already"),
            "contact … has email \"…\" already");
  EXPECT_EQ(common_text("no such pipeline"), "no such pipeline");
  EXPECT_EQ(common_text(std::string(5'000, 'x') + " y").size(), 300u);
  std::string umlauts = "x";
  for (int i = 0; i < 1'000; ++i) umlauts += "ü";
  EXPECT_EQ(common_text(umlauts).size(), 299u) << "no half character";
  EXPECT_EQ(common_text(""), "");
}

}  // namespace
}  // namespace lockstep::hub
