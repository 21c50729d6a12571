// Jobs that somebody orders: what they read, how they are shown, and what a second caller gets.
#include <gmock/gmock.h>

#include "hub/hub_world.hpp"

namespace lockstep::hub {
namespace {

using testing::HasSubstr;

class JobOrders : public HubWorld {
 protected:
  // "thing" in crm and db as ever; jobs are records of "job" in the system "ops".
  void begin_recorded() {
    hub::Setup made = setup();
    sync::SourceSchema schema = *made.catalog->find(source);
    sync::EntitySchema job;
    job.name = EntityName("job");
    sync::SystemBinding binding;
    binding.system = SystemName("ops");
    binding.object = "job";
    for (const char* name : {"job_type", "status", "progress", "error", "started_at", "completed_at", "location"}) {
      sync::FieldSchema field;
      field.name = name;
      if (field.name == "progress") field.type = sync::FieldType::json;
      job.fields.push_back(field);
      sync::FieldBinding bound;
      bound.field = bound.path = name;
      binding.fields.push_back(bound);
    }
    job.systems.push_back(binding);
    schema.entities.push_back(job);
    made.catalog = std::make_shared<const sync::Catalog>(std::vector{schema});
    SystemSetup one;
    one.settings.source = source;
    one.settings.system = SystemName("ops");
    one.connector = ops;
    one.kind = "fake";
    one.poll_every = std::chrono::milliseconds(0);
    made.systems.push_back(std::move(one));
    made.systems.front().recording = JobRecording{EntityName("job"), {{"location", "loc"}}};
    hub = std::make_unique<hub::Hub>(Parts{&store, &loop, &loop, &loop, &random, &log}, std::move(made), limits);
    hub->start();
    loop.settle();
    loop.run_for(std::chrono::minutes(1));
  }

  Result<JobProgress> order(const std::string& kind = "mirror", std::size_t page_limit = 0) {
    JobOrder wanted;
    wanted.kind = kind;
    wanted.entities = {{EntityName("thing"), "things"}};
    wanted.page_limit = page_limit;
    wanted.actor = "user ann";
    return hub->order_job(source, SystemName("crm"), std::move(wanted));
  }
  // How the job ended, as whoever waits is told.
  JobProgress ended(const Result<JobProgress>& job, Duration within = std::chrono::minutes(10)) {
    std::optional<Result<JobProgress>> told;
    EXPECT_TRUE(job.has_value()) << job.error().message;
    hub->await_job(source, SystemName("crm"), job->id, {EntityName("thing")},
                   [&](Result<JobProgress> end) { told.emplace(std::move(end)); });
    const Time limit = loop.clock().now() + within;
    loop.run_until([&] { return told.has_value() || loop.clock().now() > limit; });
    EXPECT_TRUE(told && told->has_value());
    return told && *told ? **told : JobProgress{};
  }
  const JsonObject& row(std::size_t number = 0) const {
    static const JsonObject none;
    if (ops->objects.size() <= number) return none;
    return std::next(ops->objects.begin(), static_cast<std::ptrdiff_t>(number))->second;
  }
  static std::string text(const JsonObject& row, const char* name) {
    const Json* value = row.if_contains(name);
    return value == nullptr || value->is_null() ? ""
           : value->is_string()                 ? std::string(value->get_string())
                                                : to_text(*value);
  }

  std::shared_ptr<FakeSystem> ops = std::make_shared<FakeSystem>(loop);
};

TEST_F(JobOrders, AJobIsShownBeforeItsFirstRequestAndUntilAllIsWritten) {
  begin_recorded();
  fill(*crm, 250);
  std::string shown_at_first_request;
  std::vector<std::string> pages;
  crm->on_pull = [&] {
    if (pages.empty()) shown_at_first_request = text(row(), "status");
    pages.push_back(text(row(), "progress"));
  };
  const JobProgress job = ended(order("mirror", 50));
  EXPECT_EQ(shown_at_first_request, "running");
  ASSERT_EQ(job.parts.size(), 1u);
  EXPECT_EQ(job.parts[0].state, "done");
  EXPECT_EQ(job.parts[0].count, 250u);
  EXPECT_EQ(job.parts[0].pages, pages.size());
  EXPECT_GE(job.parts[0].pages, 5u);
  EXPECT_EQ(db->objects.size(), 250u);
  loop.run_for(std::chrono::seconds(2));
  ASSERT_EQ(ops->objects.size(), 1u);
  EXPECT_EQ(text(row(), "status"), "completed");
  EXPECT_EQ(text(row(), "job_type"), "things");
  EXPECT_EQ(text(row(), "location"), "loc");
  EXPECT_EQ(text(row(), "error"), "");
  EXPECT_NE(text(row(), "completed_at"), "");
  EXPECT_THAT(text(row(), "progress"), HasSubstr("\"total_records\":250"));
  EXPECT_THAT(text(row(), "progress"), HasSubstr("\"triggered_by\":\"user ann\""));
}

TEST_F(JobOrders, ASecondCallerGetsTheRunningJob) {
  begin_recorded();
  fill(*crm, 250);
  const Result<JobProgress> first = order();
  const Result<JobProgress> second = order();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->id, second->id);
  EXPECT_EQ(ended(second).parts[0].count, 250u);
  const Result<JobProgress> later = order();
  ASSERT_TRUE(later);
  EXPECT_NE(later->id, first->id);
  EXPECT_EQ(ended(later).state, "done");
}

TEST_F(JobOrders, AnOrderOfAnotherKindWaitsItsTurn) {
  begin_recorded();
  fill(*crm, 250);
  const Result<JobProgress> full = order("mirror");
  const Result<JobProgress> pull = order("pull");
  ASSERT_TRUE(full && pull);
  EXPECT_NE(full->id, pull->id);
  EXPECT_EQ(pull->state, "waiting");
  EXPECT_EQ(ended(pull).state, "done");
  EXPECT_EQ(hub->job(source, full->id)->state, "done");
}

TEST_F(JobOrders, ARepeatedJobWritesNothing) {
  begin_recorded();
  fill(*crm, 120);
  ended(order());
  const std::size_t before = db->writes;
  EXPECT_EQ(before, 120u);
  EXPECT_EQ(ended(order()).parts[0].count, 120u);
  EXPECT_EQ(db->writes, before);
}

TEST_F(JobOrders, ASystemThatDoesNotAnswerFailsTheJobAfterAWhile) {
  begin_recorded();
  fill(*crm, 250);
  crm->pages_fail_after = crm->pages_read + 1;
  const JobProgress job = ended(order(), std::chrono::hours(1));
  EXPECT_EQ(job.state, "failed");
  EXPECT_EQ(job.parts[0].state, "failed");
  EXPECT_EQ(job.parts[0].error.kind, ErrorKind::unavailable);
  loop.run_for(std::chrono::seconds(2));
  EXPECT_EQ(text(row(), "status"), "failed");
  EXPECT_THAT(text(row(), "error"), HasSubstr("does not answer"));
  // The next one goes on from the page that failed (B1).
  crm->pages_fail_after = 1'000'000;
  EXPECT_EQ(ended(order("pull")).parts[0].state, "done");
  EXPECT_EQ(db->objects.size(), 250u);
}

TEST_F(JobOrders, WhatCanNotBeStoredIsCounted) {
  begin_recorded();
  fill(*crm, 3);
  db->next_outcomes = {sync::OutcomeKind::rejected};
  const JobProgress job = ended(order());
  EXPECT_EQ(job.parts[0].state, "done");
  EXPECT_EQ(job.parts[0].count, 3u);
  EXPECT_EQ(job.parts[0].unstored, 1u);
  EXPECT_EQ(job.parts[0].error.message, "as told");
  loop.run_for(std::chrono::seconds(2));
  EXPECT_EQ(text(row(), "error"), "1 could not be stored: as told");
}

TEST_F(JobOrders, AnEndInBetweenIsShownAtTheNextStart) {
  begin_recorded();
  fill(*crm, 250);
  crm->pages_fail_after = crm->pages_read + 1;
  ASSERT_TRUE(order());
  loop.run_for(std::chrono::seconds(5));
  ASSERT_EQ(text(row(), "status"), "running");
  // As after a crash: the last words of the job are not committed.
  store.before = [](const sync::Batch&) { return fail(ErrorKind::exhausted, "no room"); };
  end();
  store.before = nullptr;
  crm->pages_fail_after = 1'000'000;
  begin_recorded();
  EXPECT_EQ(ops->objects.size(), 1u);
  EXPECT_EQ(text(row(), "status"), "failed");
  EXPECT_THAT(text(row(), "error"), HasSubstr("the program ended"));
  EXPECT_EQ(db->objects.size(), 250u) << "what was begun goes on by itself";
}

TEST_F(JobOrders, AJobThatCanNotBeShownDoesNotBegin) {
  begin_recorded();
  fill(*crm, 3);
  ops->outage = true;
  const std::size_t before = crm->pages_read;
  const JobProgress job = ended(order());
  EXPECT_EQ(job.state, "failed");
  EXPECT_THAT(job.parts[0].error.message, HasSubstr("could not be written to ops"));
  EXPECT_EQ(crm->pages_read, before);
}

TEST_F(JobOrders, ADrainEndsJobsThatWaitAndThoseThatRun) {
  begin_recorded();
  fill(*crm, 250);
  crm->pages_fail_after = crm->pages_read;
  const Result<JobProgress> running = order("mirror");
  const Result<JobProgress> waiting = order("pull");
  ASSERT_TRUE(running && waiting);
  int told = 0;
  for (const auto* job : {&running, &waiting}) {
    hub->await_job(source, SystemName("crm"), (*job)->id, {EntityName("thing")}, [&](const Result<JobProgress>& end) {
      ++told;
      EXPECT_TRUE(end && end->state == "failed");
    });
  }
  loop.run_for(std::chrono::seconds(2));
  end();
  EXPECT_EQ(told, 2);
}

TEST_F(JobOrders, WhatIsNotThereIsRefused) {
  begin_recorded();
  JobOrder wanted;
  wanted.kind = "mirror";
  wanted.entities = {{EntityName("nothing"), "x"}};
  EXPECT_EQ(hub->order_job(source, SystemName("crm"), wanted).error().kind, ErrorKind::invalid);
  EXPECT_EQ(hub->order_job(source, SystemName("mars"), wanted).error().kind, ErrorKind::not_found);
  bool told = false;
  hub->await_job(source, SystemName("crm"), "none", {}, [&](const Result<JobProgress>& end) {
    told = true;
    EXPECT_FALSE(end);
  });
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace lockstep::hub
