#include "access/attempts.hpp"

#include <gtest/gtest.h>

#include "access/limits.hpp"

namespace lockstep::access {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class AttemptsTest : public ::testing::Test {
 protected:
  bool may(const std::string& account, const std::string& address) {
    return !attempts.begin(account, address, now).has_value();
  }
  Attempts attempts;
  Duration now = seconds(1'000);
};

TEST_F(AttemptsTest, WaitsDouble) {
  for (unsigned i = 0; i < limits::kFreeFailures; ++i) EXPECT_TRUE(may("ada", "1.1.1.1")) << i;
  EXPECT_EQ(attempts.begin("ada", "1.1.1.1", now), Duration(seconds(1)));
  now += seconds(1);
  EXPECT_TRUE(may("ada", "1.1.1.1"));
  EXPECT_EQ(attempts.begin("ada", "1.1.1.1", now), Duration(seconds(2)));
  for (int i = 0; i < 30; ++i) {
    now += limits::kFailureWaitMax;
    EXPECT_TRUE(may("ada", "1.1.1.1"));
  }
  EXPECT_EQ(attempts.begin("ada", "1.1.1.1", now), Duration(limits::kFailureWaitMax)) << "and not for ever";
}

TEST_F(AttemptsTest, NobodyElseWaits) {
  for (int i = 0; i < 20; ++i) (void)may("ada", "1.1.1.1");
  EXPECT_FALSE(may("ada", "1.1.1.1"));
  EXPECT_TRUE(may("ada", "2.2.2.2")) << "the same person elsewhere";
  EXPECT_TRUE(may("bob", "1.1.1.1")) << "others behind the same address";
}

TEST_F(AttemptsTest, SuccessEndsTheWait) {
  for (unsigned i = 0; i + 1 < limits::kFreeFailures; ++i) EXPECT_TRUE(may("ada", "1.1.1.1"));
  attempts.succeeded("ada", "1.1.1.1");
  for (unsigned i = 0; i < limits::kFreeFailures; ++i) EXPECT_TRUE(may("ada", "1.1.1.1")) << i;
}

TEST_F(AttemptsTest, AnAddressThatTriesManyAccountsIsSlowedDown) {
  for (unsigned i = 0; i < limits::kFreeFailuresOfAddress; ++i) EXPECT_TRUE(may("a" + std::to_string(i), "1.1.1.1"));
  EXPECT_EQ(attempts.begin("new", "1.1.1.1", now), Duration(limits::kFailureWaitOfAddress));
  EXPECT_TRUE(may("new", "2.2.2.2"));
  now += limits::kFailureWaitOfAddress;
  EXPECT_TRUE(may("mine", "1.1.1.1"));
  attempts.succeeded("mine", "1.1.1.1");
  EXPECT_FALSE(may("new", "1.1.1.1")) << "an account of one's own buys no guesses";
}

TEST_F(AttemptsTest, ForgetsAndIsBounded) {
  for (unsigned i = 0; i < limits::kFreeFailures; ++i) (void)may("ada", "1.1.1.1");
  now += limits::kFailuresForgotten + seconds(1);
  for (unsigned i = 0; i < limits::kFreeFailures; ++i) EXPECT_TRUE(may("ada", "1.1.1.1")) << i;
  for (std::size_t i = 0; i < limits::kFailuresKept; ++i) (void)may("x", "10." + std::to_string(i));
  EXPECT_LE(attempts.size(), limits::kFailuresKept);
}

}  // namespace
}  // namespace lockstep::access
