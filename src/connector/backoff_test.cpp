#include "connector/backoff.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace lockstep::connector {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST(Backoff, DoublesUpToTheCap) {
  const BackoffPolicy policy;
  EXPECT_EQ(backoff_bound(policy, 1), Duration(seconds(1)));
  EXPECT_EQ(backoff_bound(policy, 2), Duration(seconds(2)));
  EXPECT_EQ(backoff_bound(policy, 5), Duration(seconds(16)));
  EXPECT_EQ(backoff_bound(policy, 11), Duration(minutes(15)));
  EXPECT_EQ(backoff_bound(policy, 4'000'000'000U), Duration(minutes(15)));
}

RC_GTEST_PROP(BackoffProperty, StaysBetweenFloorAndBound, (std::uint32_t attempts, std::uint64_t seed)) {
  SeededRandom random(seed);
  const BackoffPolicy policy;
  const Duration delay = backoff_delay(policy, attempts, random);
  RC_ASSERT(delay >= policy.floor);
  RC_ASSERT(delay <= backoff_bound(policy, attempts));
}

TEST(Backoff, SpreadsOverTheWholeRange) {
  SeededRandom random(1);
  Duration least = Duration::max();
  Duration most{0};
  for (int i = 0; i < 1'000; ++i) {
    const Duration delay = backoff_delay({}, 6, random);
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_LT(least, Duration(seconds(1)));
  EXPECT_GT(most, Duration(seconds(31)));
}

}  // namespace
}  // namespace lockstep::connector
