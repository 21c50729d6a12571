// Whole runs: some seeds without and with faults, determinism, and what a plan must reach. The test `seeds` runs many more.
#include <gtest/gtest.h>

#include <map>

#include "simulation/runner.hpp"

namespace lockstep::simulation {
namespace {

TEST(World, WithoutFaultsAllInvariantsHold) {
  Plan plan;
  plan.set("people.crowd", 0.3);
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const RunResult result = run_one(seed, plan, Trace::Keep::hash);
    ASSERT_TRUE(result.violations.empty()) << "seed " << seed << "\n" << describe(result);
    EXPECT_GT(result.writes, 5u) << "seed " << seed << " did nothing";
  }
}

TEST(World, WithFaultsAllInvariantsHold) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const RunResult result = run_one(seed, std::nullopt, Trace::Keep::hash);
    ASSERT_TRUE(result.violations.empty()) << "replay: lockstep sim --seed " << seed << " --trace\n"
                                           << describe(result);
  }
}

TEST(World, TheSameSeedLeavesTheSameTrace) {
  for (const std::uint64_t seed : {3u, 17u, 4711u}) {
    const RunResult first = run_one(seed, std::nullopt, Trace::Keep::lines);
    const RunResult second = run_one(seed, std::nullopt, Trace::Keep::lines);
    ASSERT_EQ(first.hash, second.hash) << "seed " << seed;
    ASSERT_EQ(first.trace, second.trace);
  }
}

TEST(World, OtherSeedsLeaveOtherTraces) {
  EXPECT_NE(run_one(1, std::nullopt, Trace::Keep::hash).hash, run_one(2, std::nullopt, Trace::Keep::hash).hash);
}

TEST(World, AQuietWorldMeetsNoFault) {
  Plan plan;
  const RunResult result = run_one(5, plan, Trace::Keep::hash);
  EXPECT_TRUE(result.violations.empty()) << describe(result);
  EXPECT_EQ(result.coverage.sum("fault"), 0u);
  EXPECT_GT(result.edits, 10u);
  EXPECT_GT(result.writes, 10u);
}

TEST(World, FaultsHappenAsPlanned) {
  Plan plan;
  for (const char* name : {"net.lost_answer", "net.refused", "hook.lost", "hook.doubled"}) plan.set(name, 0.3);
  plan.set("crash.power", 0.5);
  std::map<std::string, std::uint64_t> happened;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {  // one run can be over before a fault comes up
    const RunResult result = run_one(seed, plan, Trace::Keep::hash);
    for (const char* name : {"net.lost_answer", "net.refused", "hook.lost", "hook.doubled", "crash.power"})
      happened[name] += result.coverage.count("fault", name);
  }
  for (const auto& [name, count] : happened) EXPECT_GT(count, 0u) << name;
}

TEST(World, PeopleDoWhatIsPlanned) {
  Plan plan;
  Coverage done;
  done.add(run_one(1, plan, Trace::Keep::hash).coverage);
  EXPECT_EQ(done.sum("people"), 0u);
  const std::vector<const char*> acts{"people.takes_back", "people.forms", "people.reacts"};
  for (const char* name : acts) plan.set(name, 0.5);
  const RunResult result = run_one(1, plan, Trace::Keep::hash);
  EXPECT_TRUE(result.violations.empty()) << describe(result);
  for (const char* name : acts) EXPECT_GT(result.coverage.count("people", name), 5u) << name;
}

}  // namespace
}  // namespace lockstep::simulation
