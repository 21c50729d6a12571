// Jobs that people start outlive the process: it dies at each of their commits in turn, before it or right after.
#include <algorithm>

#include "hub/hub_world.hpp"
#include "hub/rework_state.hpp"
#include "sync/undo.hpp"

namespace lockstep::hub {
namespace {

enum class Dies { before_the_commit, after_it };

class ReworkResumeTest : public HubWorld {
 protected:
  ReworkResumeTest() {
    limits.rework_page = 7;
    limits.rework_batch = 3;
  }

  static bool of_a_job(const sync::Batch& batch) {
    return std::ranges::any_of(batch.state, [](const auto& row) { return row.key.starts_with(kReworkPrefix); });
  }
  // The process dies at the commit of this number that has to do with a job, from here on. Nothing can be written then.
  void die_at(std::size_t number, Dies when) {
    auto seen = std::make_shared<std::size_t>(0);
    dead = false;
    const auto strike = [this, seen, number](const sync::Batch& batch) -> Result<void> {
      if (of_a_job(batch) && ++*seen == number) dead = true;
      if (dead) return fail(ErrorKind::corrupt, "the process has died");
      return {};
    };
    const auto refuse = [this](const sync::Batch&) -> Result<void> {
      if (dead) return fail(ErrorKind::corrupt, "the process has died");
      return {};
    };
    store.before = when == Dies::before_the_commit ? FaultyStore::Fault(strike) : FaultyStore::Fault(refuse);
    store.after = when == Dies::after_it ? FaultyStore::Fault(strike) : FaultyStore::Fault();
  }
  void start_anew() {
    end();
    store.before = store.after = nullptr;
    begin();
    loop.run_for(std::chrono::minutes(10));
  }
  std::optional<JobProgress> job_of_kind(const std::string& kind) {
    for (const JobProgress& job : hub->jobs(source)) {
      if (job.kind == kind) return job;
    }
    return std::nullopt;
  }
  bool rows_left() { return !store.open_reader()->states(std::string(kReworkPrefix))->empty(); }
  // How often each entry was undone.
  std::map<std::int64_t, std::size_t> undone() {
    std::map<std::int64_t, std::size_t> out;
    const auto entries = store.open_reader()->journal(source, 0, 100'000);
    for (const sync::JournalEntry& entry : *entries) {
      const Json* undoes = find_member(entry.body, "undoes");
      if (undoes != nullptr) ++out[undoes->to_number<std::int64_t>()];
    }
    return out;
  }
  // That must not be, but for what was read and could not be kept.
  std::ptrdiff_t read_twice() const {
    return std::ranges::count_if(crm->fetched, [](const auto& one) { return one.second > 1; });
  }
  // A pull has brought 20 wrong values; somebody has mended one since. Its id.
  std::string bring_wrong_values() {
    fill(*crm, 20);
    begin();
    loop.run_for(std::chrono::minutes(1));
    for (auto& [id, object] : crm->objects) object["name"] = "wrong";
    const std::string id = mirror("crm").id;
    sync::Edit edit;
    edit.source = source;
    edit.entity = EntityName("thing");
    edit.record = **store.open_reader()->linked({source, SystemName("crm"), "thing", "id-1004"});
    edit.fields["name"] = "right";
    hub->submit({edit}, [](const Result<std::vector<sync::Applied>>& applied) { EXPECT_TRUE(applied); });
    loop.run_for(std::chrono::minutes(1));
    return id;
  }
  std::optional<Result<JobProgress>> answer;
  bool dead = false;
};

// The number of the commit at which the process dies.
class ReworkDeathTest : public ReworkResumeTest, public testing::WithParamInterface<std::tuple<std::size_t, Dies>> {
 protected:
  void strike() { die_at(std::get<0>(GetParam()), std::get<1>(GetParam())); }
  // What was not answered may be there or not; what was is carried out.
  std::optional<JobProgress> after_all(const std::string& kind) {
    EXPECT_TRUE(dead) << "there are not that many commits";
    const bool ended = !rows_left();
    start_anew();
    const auto job = job_of_kind(kind);
    EXPECT_TRUE(answer.has_value());
    EXPECT_TRUE(!*answer || job || ended);
    EXPECT_FALSE(rows_left());
    return job;
  }
};
class UndoDeathTest : public ReworkDeathTest {};
class ReplayDeathTest : public ReworkDeathTest {};

TEST_P(UndoDeathTest, AnUndoGoesOnWhereItStoodAndUndoesNothingTwice) {
  const std::string pulled = bring_wrong_values();
  strike();
  hub->undo_job(source, pulled, sync::ChangedSince::leave, "ann", [&](auto job) { answer.emplace(std::move(job)); });
  loop.run_for(std::chrono::seconds(3));
  const auto job = after_all("undo");
  for (const auto& [seq, times] : undone()) EXPECT_EQ(times, 1u) << seq;
  if (!job) return;
  EXPECT_EQ(job->state, "done") << job->error;
  EXPECT_EQ(job->done, 19u);
  EXPECT_EQ(job->skipped, 1u);
  EXPECT_EQ(job->total, 20u);
  EXPECT_EQ(job->note, "1 changed since and left");
  for (const auto& [id, object] : crm->objects) EXPECT_NE(object.at("name"), Json("wrong")) << id;
  EXPECT_EQ(undone().size(), 20u);
}

TEST_F(ReworkResumeTest, WhatAPersonSetsInBetweenIsNotOverwrittenASecondTime) {
  const std::string pulled = bring_wrong_values();
  die_at(4, Dies::after_it);  // some batches are done
  hub->undo_job(source, pulled, sync::ChangedSince::overwrite, "ann", [](const auto&) {});
  loop.run_for(std::chrono::seconds(3));
  const auto before = undone();
  ASSERT_FALSE(before.empty());
  end();
  store.before = store.after = nullptr;
  for (auto& [id, object] : crm->objects) object["name"] = "a person's";
  begin();
  loop.run_for(std::chrono::seconds(3));
  for (const auto& [seq, times] : undone()) EXPECT_EQ(times, 1u) << seq;
  EXPECT_EQ(undone().size(), 20u);
}

TEST_P(ReplayDeathTest, AReplayGoesOnWhereItStoodAndReadsNothingTwice) {
  fill(*crm, 20);
  begin();
  loop.run_for(std::chrono::minutes(1));
  const Time to = loop.clock().now();
  for (auto& [id, object] : crm->objects) object["name"] = "missed";
  strike();
  hub->replay(source, {Time{}, to, std::nullopt}, [&](auto job) { answer.emplace(std::move(job)); });
  loop.run_for(std::chrono::seconds(3));
  const auto job = after_all("replay");
  if (!job) return;
  EXPECT_EQ(job->state, "done") << job->error;
  EXPECT_EQ(job->done, 40u) << "twenty records in two systems";
  EXPECT_EQ(job->total, 40u);
  for (const auto& [id, object] : db->objects) EXPECT_EQ(object.at("name"), Json("missed")) << id;
  EXPECT_EQ(crm->fetched.size(), 20u);
  EXPECT_LE(read_twice(), 1);
}

constexpr auto kWhen = {Dies::before_the_commit, Dies::after_it};
// Begun, counted, a row for each batch, ended.
INSTANTIATE_TEST_SUITE_P(Undo, UndoDeathTest,
                         testing::Combine(testing::Range<std::size_t>(1, 13), testing::ValuesIn(kWhen)));
INSTANTIATE_TEST_SUITE_P(Replay, ReplayDeathTest,
                         testing::Combine(testing::Range<std::size_t>(1, 24, 2), testing::ValuesIn(kWhen)));

TEST_F(ReworkResumeTest, ADrainStopsItAndTheNextRunGoesOn) {
  fill(*crm, 20);
  begin();
  loop.run_for(std::chrono::minutes(1));
  const Time to = loop.clock().now();
  loop.run_for(std::chrono::hours(1));
  crm->fetch_time = std::chrono::seconds(1);
  hub->replay(source, {Time{}, to, std::nullopt}, [](const auto&) {});
  loop.run_for(std::chrono::seconds(5));
  const auto running = job_of_kind("replay");
  ASSERT_TRUE(running);
  EXPECT_EQ(running->state, "running");
  EXPECT_EQ(running->total, 40u);
  EXPECT_GT(running->done, 4u);
  EXPECT_NEAR(running->rate_per_second, 2.0, 0.5);
  ASSERT_TRUE(running->eta);
  EXPECT_NEAR(static_cast<double>(running->eta->count()), 16, 3);
  start_anew();
  const auto job = job_of_kind("replay");
  ASSERT_TRUE(job);
  EXPECT_EQ(job->id, running->id);
  EXPECT_EQ(job->started, running->started);
  EXPECT_EQ(job->state, "done");
  EXPECT_EQ(job->done, 40u);
  EXPECT_NEAR(job->rate_per_second, 2.0, 0.5) << "the time in which it did not run does not count";
  EXPECT_LE(read_twice(), 1);
}

TEST_F(ReworkResumeTest, ASecondOneIsRefusedWhileTheFirstIsTakenUp) {
  fill(*crm, 20);
  begin();
  loop.run_for(std::chrono::minutes(1));
  const Time to = loop.clock().now();
  crm->fetch_time = std::chrono::seconds(1);
  hub->replay(source, {Time{}, to, std::nullopt}, [](const auto&) {});
  loop.run_for(std::chrono::seconds(5));
  end();
  hub = std::make_unique<hub::Hub>(Parts{&store, &loop, &loop, &loop, &random, &log}, setup(), limits);
  hub->start();
  std::vector<ErrorKind> refused;
  const auto note = [&](const Result<JobProgress>& job) { refused.push_back(job.error().kind); };
  hub->replay(source, {Time{}, to, std::nullopt}, note);
  loop.settle();
  hub->replay(source, {Time{}, to, std::nullopt}, note);
  EXPECT_EQ(refused, (std::vector{ErrorKind::exhausted, ErrorKind::conflict}));
}

}  // namespace
}  // namespace lockstep::hub
