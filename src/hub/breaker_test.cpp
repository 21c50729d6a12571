#include "hub/breaker.hpp"

#include <gtest/gtest.h>

namespace lockstep::hub {
namespace {

using namespace std::chrono_literals;
using State = Breaker::State;

class BreakerTest : public testing::Test {
 protected:
  HubLimits limits{.breaker_failures = 3, .breaker_first = 1'000ms, .breaker_limit = 4'000ms};
  Breaker breaker{limits};
  Time now{};

  void open() {
    for (int i = 0; i < 3; ++i) breaker.failed(now);
  }
};

TEST_F(BreakerTest, OpensAfterFailuresInARow) {
  breaker.failed(now);
  breaker.failed(now);
  breaker.answered();
  breaker.failed(now);
  breaker.failed(now);
  EXPECT_EQ(breaker.state(now), State::closed);
  breaker.failed(now);
  EXPECT_EQ(breaker.state(now), State::open);
  EXPECT_EQ(breaker.retry_at(), now + 1s);
}

TEST_F(BreakerTest, AClockThatIsSetBackDoesNotProlongTheWait) {
  now += 3600s;
  open();
  EXPECT_EQ(breaker.state(now), State::open);
  EXPECT_EQ(breaker.state(now - 3600s), State::half_open);
}

TEST_F(BreakerTest, LateFailuresOfOldCallsDoNotProlongTheWait) {
  open();
  breaker.failed(now + 900ms);
  EXPECT_EQ(breaker.state(now + 1s), State::half_open);
}

TEST_F(BreakerTest, AFailedProbeDoublesTheWaitUpToTheLimit) {
  open();
  for (const Duration wait : {Duration(2s), Duration(4s), Duration(4s)}) {
    now = *breaker.retry_at();
    EXPECT_EQ(breaker.state(now), State::half_open);
    breaker.failed(now);
    EXPECT_EQ(breaker.retry_at(), now + wait);
  }
}

TEST_F(BreakerTest, AnAnswerClosesIt) {
  open();
  now = *breaker.retry_at();
  breaker.answered();
  EXPECT_EQ(breaker.state(now), State::closed);
  open();
  EXPECT_EQ(breaker.retry_at(), now + 1s) << "the next outage begins with the short wait";
}

}  // namespace
}  // namespace lockstep::hub
