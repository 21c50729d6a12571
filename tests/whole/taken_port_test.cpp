// A port that another program has: the server says so and ends, the demo takes another one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/installation.hpp"

namespace lockstep::tests {
namespace {

using ::testing::HasSubstr;

constexpr int kBadEnvironment = 3;

class TakenPort : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(first_.start()) << first_.unsettled();
    port_ = std::to_string(first_.server.port());
  }

  // The exit code; what was said stays in second_.
  std::optional<int> run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program());
    second_ = Process({std::move(arguments), first_.server.environment, folder_.path(), "run"});
    return second_.wait(std::chrono::seconds(60));
  }

  Installation first_{{.contacts = 5}};
  TestFolder folder_;
  Process second_;
  std::string port_;
};

TEST_F(TakenPort, TheServerNamesItAndEnds) {
  std::filesystem::copy(first_.server.config(), folder_.path());
  EXPECT_EQ(run({"up"}), kBadEnvironment);
  EXPECT_THAT(second_.log(), HasSubstr("127.0.0.1:" + port_ + ": another program has this port"));
}

TEST_F(TakenPort, TheSandboxNamesItAndEnds) {
  EXPECT_EQ(run({"sandbox", "gohighlevel", "--port", port_}), kBadEnvironment);
  EXPECT_THAT(second_.log(), HasSubstr("another program has this port"));
}

TEST_F(TakenPort, TheDemoTakesAnotherOne) {
  EXPECT_EQ(run({"demo", "--once", "--contacts", "5", "--opportunities", "1", "--edits", "1", "--port", port_}), 0);
  EXPECT_THAT(second_.output(), HasSubstr("another program has this port"));
}

}  // namespace
}  // namespace lockstep::tests
