#include "simulation/plan.hpp"

#include <gtest/gtest.h>

#include "simulation/coverage.hpp"

namespace lockstep::simulation {
namespace {

TEST(Plan, ReadsWhatItWrites) {
  Plan plan;
  plan.set("net.lost_answer", 0.25);
  plan.set("people.moments", 7);
  const auto again = Plan::parse(plan.text());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->get("net.lost_answer"), 0.25);
  EXPECT_EQ(again->text(), plan.text());
}

TEST(Plan, ToleratesCommentsAndSpaces) {
  const auto plan = Plan::parse("# only crashes\n\n  crash.kill   0.5  # often\n");
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->get("crash.kill"), 0.5);
}

TEST(Plan, NamesTheLineThatIsWrong) {
  for (const char* text : {"\nnet.lost 1\n", "\ncrash.kill\n", "\ncrash.kill many\n", "\ncrash.kill 1 2\n"}) {
    const auto plan = Plan::parse(text);
    ASSERT_FALSE(plan) << text;
    EXPECT_TRUE(plan.error().message.starts_with("line 2: ")) << plan.error().message;
  }
}

TEST(Plan, ASwarmDrawsAllFaultsInTime) {
  for (const PlanSwitch& one : Plan::switches()) {
    if (one.swarm_most == 0) continue;
    int on = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      const double value = Plan::swarm(seed).get(one.name);
      EXPECT_LE(value, one.swarm_most);
      on += value > one.standard ? 1 : 0;
    }
    EXPECT_GT(on, 20) << one.name;
    EXPECT_LT(on, 180) << one.name;
  }
}

// Drawn each by itself they would meet in one seed of a thousand.
TEST(Plan, WhatDoesHarmOnlyTogetherMeets) {
  int together = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Plan plan = Plan::swarm(seed);
    together += plan.get("net.lost_answer") >= 0.1 && plan.get("net.half_open") >= 0.05 &&
                plan.get("crm.error_after_apply") >= 0.1 && plan.get("people.takes_back") >= 0.125;
  }
  EXPECT_GT(together, 8);
  EXPECT_LT(together, 40) << "the breadth stays";
}

TEST(Coverage, TellsWhatWasNeverHit) {
  Coverage coverage;
  coverage.expect("fault", "crash.kill");
  coverage.hit("fault", "net.slow", 3);
  Coverage sum;
  sum.read_lines(coverage.lines());
  sum.add(coverage);
  EXPECT_EQ(sum.count("fault", "net.slow"), 6u);
  EXPECT_NE(sum.table().find("crash.kill   <- never"), std::string::npos) << sum.table();
}

}  // namespace
}  // namespace lockstep::simulation
