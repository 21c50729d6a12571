#include "app/commands/spdlog_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace lockstep::app {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class SpdlogLogTest : public ::testing::Test {
 protected:
  std::ostringstream text;

  SpdlogLog log(LogFormat format, std::vector<std::string> secrets = {}, LogLevel level = LogLevel::info) {
    return SpdlogLog({level, format, std::move(secrets)}, std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
  }
};

TEST_F(SpdlogLogTest, TextIsForPeople) {
  log(LogFormat::text).info("lane.connected", {{"system", "crm"}, {"note", "two words"}, {"count", 12345678}});
  EXPECT_THAT(text.str(), EndsWith(" info    lane.connected system=crm note=\"two words\" count=12345678\n"));
}

TEST_F(SpdlogLogTest, JsonIsOneObjectPerLine) {
  log(LogFormat::json).warning("lane.problem", {{"system", "crm"}, {"reason", "a {brace} and a\nnewline"}});
  const auto line = parse_json(text.str().substr(0, text.str().size() - 1));
  ASSERT_TRUE(line) << text.str();
  EXPECT_EQ(string_member(*line, "level"), "warning");
  EXPECT_EQ(string_member(*line, "event"), "lane.problem");
  EXPECT_EQ(string_member(*line, "reason"), "a {brace} and a\nnewline");
  EXPECT_TRUE(parse_iso8601(string_member(*line, "time"))) << text.str();
}

TEST_F(SpdlogLogTest, LevelsBelowAreLeftOut) {
  auto quiet = log(LogFormat::text, {}, LogLevel::warning);
  quiet.info("a");
  quiet.debug("b");
  EXPECT_EQ(text.str(), "");
  quiet.error("c");
  EXPECT_THAT(text.str(), EndsWith("c\n"));
}

TEST_F(SpdlogLogTest, SecretsAndPersonalDataAreTakenOut) {
  log(LogFormat::json, {"my database secret", "my database"})
      .error("x", {{"reason", "refused my database secret for jane@example.com"}});
  EXPECT_THAT(text.str(), Not(HasSubstr("my database")));
  EXPECT_THAT(text.str(), Not(HasSubstr("secret")));
  EXPECT_THAT(text.str(), Not(HasSubstr("jane")));
  EXPECT_THAT(text.str(), HasSubstr("refused ***"));
}

TEST_F(SpdlogLogTest, SecretsOfAReloadAreHiddenAndTheOldOnesToo) {
  SpdlogLog running = log(LogFormat::json, {"first-one"});
  running.hide({"second-one", "first-one", "and second-one in it", "tiny"});
  running.error("x", {{"reason", "first-one, second-one, and second-one in it: tiny"}});
  EXPECT_THAT(text.str(), HasSubstr("***, ***, ***: tiny"));
}

TEST_F(SpdlogLogTest, DigitsGivenAsTextMayBeAPhoneNumber) {
  log(LogFormat::text)
      .info("x", {{"caller", "4915112345678"},
                  {"other", "555-0100-22"},
                  {"code", "404"},
                  {"seq", std::uint64_t{4915112345678}},
                  {"share", 0.25}});
  EXPECT_THAT(text.str(), HasSubstr(" caller=*** other=*** code=404 seq=4915112345678 share=0.25"));
}

}  // namespace
}  // namespace lockstep::app
