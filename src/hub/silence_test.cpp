#include "hub/silence.hpp"

#include <gtest/gtest.h>

namespace lockstep::hub {
namespace {

using namespace std::chrono_literals;

class SilenceTest : public testing::Test {
 protected:
  HubLimits limits{.silence_least = 15min, .silence_gaps = 20, .silence_learned = 10};
  Silence silence{limits};
  Time now{};

  void hear(int times, Duration every) {
    for (int i = 0; i < times; ++i) silence.heard(now += every);
  }
};

TEST_F(SilenceTest, NothingIsUsualBeforeItWasLearned) {
  hear(9, 1s);
  EXPECT_FALSE(silence.alarming(now + 24h));
}

TEST_F(SilenceTest, ABusySourceAlarmsAfterTheLeastTime) {
  hear(1'000, 1s);
  EXPECT_FALSE(silence.alarming(now + 14min));
  EXPECT_EQ(silence.alarming(now + 15min), Duration(15min));
}

TEST_F(SilenceTest, AQuietSourceMayBeSilentForLonger) {
  hear(1'000, 10min);
  EXPECT_FALSE(silence.alarming(now + 3h));
  EXPECT_TRUE(silence.alarming(now + 4h));
}

TEST_F(SilenceTest, TheNextWebhookEndsIt) {
  hear(1'000, 1s);
  silence.heard(now + 1h);
  EXPECT_FALSE(silence.alarming(now + 1h + 1min));
}

}  // namespace
}  // namespace lockstep::hub
