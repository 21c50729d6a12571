#include "hub/cron.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::hub {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> due(const std::string& text, const std::string& after, int count,
                             std::chrono::minutes ahead = {}) {
  std::vector<std::string> out;
  const Result<Cron> cron = Cron::parse(text, ahead);
  if (!cron) return {cron.error().message};
  Time now = *parse_iso8601(after);
  for (int i = 0; i < count; ++i) {
    const auto next = cron->next(now);
    if (!next) break;
    EXPECT_GT(*next, now);
    now = *next;
    out.push_back(to_iso8601(now).substr(0, 16));
  }
  return out;
}

std::string refusal(const std::string& text) {
  const Result<Cron> cron = Cron::parse(text);
  return cron ? "taken" : cron.error().message;
}

TEST(Cron, HoursAndMinutes) {
  EXPECT_THAT(due("0 * * * *", "2026-01-05T10:00:00Z", 3),
              ElementsAre("2026-01-05T11:00", "2026-01-05T12:00", "2026-01-05T13:00"));
  EXPECT_THAT(due("0 * * * *", "2026-01-05T09:59:59.999Z", 1), ElementsAre("2026-01-05T10:00"));
  EXPECT_THAT(
      due("*/20 22-23 * * *", "2026-01-05T22:30:00Z", 5),
      ElementsAre("2026-01-05T22:40", "2026-01-05T23:00", "2026-01-05T23:20", "2026-01-05T23:40", "2026-01-06T22:00"));
  EXPECT_THAT(due("5,50 3 * * *", "2026-12-31T03:10:00Z", 2), ElementsAre("2026-12-31T03:50", "2027-01-01T03:05"));
  EXPECT_THAT(due("10/25 0 * * *", "2026-01-05T00:00:00Z", 3),
              ElementsAre("2026-01-05T00:10", "2026-01-05T00:35", "2026-01-06T00:10"));
  EXPECT_THAT(due("1-9/4 0 * * *", "2026-01-05T00:00:00Z", 3),
              ElementsAre("2026-01-05T00:01", "2026-01-05T00:05", "2026-01-05T00:09"));
}

TEST(Cron, DaysMonthsAndNames) {
  EXPECT_THAT(due("0 6 * * mon-fri", "2026-01-02T07:00:00Z", 2), ElementsAre("2026-01-05T06:00", "2026-01-06T06:00"));
  EXPECT_THAT(due("0 0 1 JAN,jul *", "2026-02-01T00:00:00Z", 2), ElementsAre("2026-07-01T00:00", "2027-01-01T00:00"));
  EXPECT_THAT(due("0 0 31 * *", "2026-01-31T00:00:00Z", 2), ElementsAre("2026-03-31T00:00", "2026-05-31T00:00"));
  EXPECT_THAT(due("0 0 29 2 *", "2026-01-01T00:00:00Z", 2), ElementsAre("2028-02-29T00:00", "2032-02-29T00:00"));
  EXPECT_EQ(due("0 0 * * 7", "2026-01-01T00:00:00Z", 3), due("0 0 * * 0", "2026-01-01T00:00:00Z", 3));
  EXPECT_EQ(due("0 0 * * sun", "2026-01-01T00:00:00Z", 1), due("@weekly", "2026-01-01T00:00:00Z", 1));
  EXPECT_THAT(due("0 0 * * 5-7", "2026-01-01T12:00:00Z", 4),
              ElementsAre("2026-01-02T00:00", "2026-01-03T00:00", "2026-01-04T00:00", "2026-01-09T00:00"));
}

TEST(Cron, EitherDayIsEnoughWhereBothAreNamed) {
  // The 13th, and every Friday.
  EXPECT_THAT(due("0 0 13 * fri", "2026-01-08T12:00:00Z", 4),
              ElementsAre("2026-01-09T00:00", "2026-01-13T00:00", "2026-01-16T00:00", "2026-01-23T00:00"));
  // A step over * restricts together with the other: odd days that are Mondays.
  EXPECT_THAT(due("0 0 */2 * mon", "2026-01-01T12:00:00Z", 2), ElementsAre("2026-01-05T00:00", "2026-01-19T00:00"));
  EXPECT_THAT(due("0 0 13 * *", "2026-01-08T12:00:00Z", 1), ElementsAre("2026-01-13T00:00"));
}

TEST(Cron, AnOffsetMovesTheDayToo) {
  EXPECT_THAT(due("30 1 * * *", "2026-01-05T00:00:00Z", 2, std::chrono::minutes(330)),
              ElementsAre("2026-01-05T20:00", "2026-01-06T20:00"));
  EXPECT_THAT(due("0 23 1 * *", "2026-01-05T00:00:00Z", 1, -std::chrono::hours(5)), ElementsAre("2026-02-02T04:00"));
}

TEST(Cron, MistakesAreNamed) {
  EXPECT_THAT(refusal("0 * * *"), HasSubstr("five fields"));
  EXPECT_THAT(refusal(""), HasSubstr("not 0"));
  EXPECT_THAT(refusal("0 * * * * *"), HasSubstr("not 6"));
  EXPECT_THAT(refusal("60 * * * *"), HasSubstr("\"60\" is no minute: from 0 to 59"));
  EXPECT_THAT(refusal("0 24 * * *"), HasSubstr("is no hour"));
  EXPECT_THAT(refusal("0 0 0 * *"), HasSubstr("is no day of the month: from 1"));
  EXPECT_THAT(refusal("0 0 * 13 *"), HasSubstr("is no month"));
  EXPECT_THAT(refusal("0 0 * * 8"), HasSubstr("is no day of the week"));
  EXPECT_THAT(refusal("0 0 * mon *"), HasSubstr("is no month"));
  EXPECT_THAT(refusal("*/0 * * * *"), HasSubstr("the step"));
  EXPECT_THAT(refusal("*/x * * * *"), HasSubstr("the step"));
  EXPECT_THAT(refusal("30-10 * * * *"), HasSubstr("backwards"));
  EXPECT_THAT(refusal("1,,2 * * * *"), HasSubstr("a number"));
  EXPECT_THAT(refusal("1- * * * *"), HasSubstr("a number"));
  EXPECT_THAT(refusal("-1 * * * *"), HasSubstr("a number"));
  EXPECT_THAT(refusal("0 0 30 2 *"), HasSubstr("no such day"));
  EXPECT_THAT(refusal("@reboot"), HasSubstr("five fields"));
  EXPECT_THAT(refusal(std::string(300, '*')), HasSubstr("256"));
  EXPECT_EQ(refusal("  0\t*  * * *  "), "taken");
  EXPECT_EQ(refusal("@Hourly"), "taken");
}

// The same minutes as by looking at every one of them.
TEST(Cron, AgreesWithLookingAtEveryMinute) {
  const Time start = *parse_iso8601("2026-02-26T21:00:00Z");
  for (const char* text : {"*/7 */5 * * *", "0 0 28 2 *", "59 23 1-31/2 * *", "0 12 1 3 tue", "*/30 0 * * 1,3"}) {
    const Cron cron = *Cron::parse(text);
    Time expected = *cron.next(start);
    for (Time minute = start + std::chrono::minutes(1); minute < start + std::chrono::days(10);
         minute += std::chrono::minutes(1)) {
      const bool is_due = *cron.next(minute - std::chrono::minutes(1)) == minute;
      EXPECT_EQ(is_due, minute == expected) << text << " " << to_iso8601(minute);
      if (is_due) expected = *cron.next(minute);
    }
  }
}

}  // namespace
}  // namespace lockstep::hub
