// The order of simulated events, threads, and the end of a process.
#include "simulation/sim_loop.hpp"

#include <gtest/gtest.h>

namespace lockstep::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct SimLoopTest : testing::Test {
  SeededRandom random{7};
  Timeline timeline{Time(seconds(1'000'000))};
};

TEST_F(SimLoopTest, PostedActionsKeepTheirOrderAndTimersTheirTime) {
  SimLoop loop(timeline, random);
  std::vector<int> order;
  loop.after(seconds(2), [&] { order.push_back(9); });
  for (int i = 0; i < 5; ++i) loop.post([&order, i] { order.push_back(i); });
  const TimerId cancelled = loop.after(seconds(1), [&] { order.push_back(100); });
  loop.cancel(cancelled);
  while (timeline.step()) {
  }
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 9}));
  EXPECT_GE(timeline.now(), Time(seconds(1'000'002)));
}

TEST_F(SimLoopTest, AThreadRunsOneJobAfterTheOther) {
  SimLoop loop(timeline, random);
  SimThread thread(loop, [&] { return milliseconds(random.below(20)); });
  std::vector<int> order;
  for (int i = 0; i < 20; ++i) thread.post([&order, i] { order.push_back(i); });
  while (timeline.step()) {
  }
  ASSERT_EQ(order.size(), 20u);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_F(SimLoopTest, WhatADeadProcessPlannedHappensInItsAfterlifeOnly) {
  SimLoop loop(timeline, random);
  int ran = 0;
  loop.after(seconds(1), [&] {
    ++ran;
    loop.after(seconds(1), [&] { ++ran; });
  });
  loop.die();
  EXPECT_FALSE(timeline.step()) << "nothing of it is left in the world";
  EXPECT_EQ(ran, 0);
  EXPECT_TRUE(loop.run_afterlife([&] { return ran == 2; }, 100));
  EXPECT_EQ(timeline.now(), Time(seconds(1'000'000))) << "the world's time stands";
  EXPECT_FALSE(loop.run_afterlife([] { return false; }, 100));
}

TEST_F(SimLoopTest, AWallClockMayBeWrongAndTheMonotonicOneNot) {
  SimLoop loop(timeline, random);
  const Duration before = loop.clock().monotonic();
  loop.set_skew(-seconds(3600));
  EXPECT_EQ(loop.clock().now(), timeline.now() - seconds(3600));
  EXPECT_EQ(loop.clock().monotonic(), before);
}

TEST(Timeline, EventsOfOneMomentKeepTheirOrder) {
  Timeline timeline(Time(seconds(5)));
  std::string order;
  timeline.at(Time(seconds(9)), [&] { order += 'c'; });
  timeline.at(Time(seconds(7)), [&] { order += 'a'; });
  timeline.at(Time(seconds(7)), [&] { order += 'b'; });
  timeline.at(Time(seconds(1)), [&] { order += '0'; });  // the past is now
  while (timeline.step()) {
  }
  EXPECT_EQ(order, "0abc");
  EXPECT_EQ(timeline.steps(), 4u);
}

}  // namespace
}  // namespace lockstep::simulation
