// Times at which something is due, as cron has it: "minute hour day-of-month month day-of-week".
//
// Each field is *, a number, a range 1-5, a step */15 or 1-30/5, or a list of those with commas; months and days of the
// week may be names (jan, mon), 0 and 7 are Sunday. Where both days are restricted, either of them is enough, as in
// crontab(5). @hourly, @daily, @weekly, @monthly and @yearly are known too. Seconds, L, W and # are not.
//
// Pure: the time is an argument. The fields are of a clock that is ahead of UTC by an offset; there is no summer time.
#pragma once

#include <bitset>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace lockstep::hub {

class Cron {
 public:
  // `invalid` names the field and what is wrong with it, also when there is no such day (30 February).
  static Result<Cron> parse(std::string_view text, std::chrono::minutes ahead_of_utc = {});

  // The first time after `after`, at the start of a minute; nullopt only when there is none for 30 years.
  std::optional<Time> next(Time after) const;
  const std::string& text() const { return text_; }
  std::chrono::minutes ahead_of_utc() const { return ahead_; }

 private:
  bool is_day(std::chrono::sys_days day) const;
  // The first minute of that day that is not before `from`.
  std::optional<std::chrono::minutes> minute_of_day(std::chrono::minutes from) const;

  std::string text_;
  std::chrono::minutes ahead_{0};
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  bool any_day_ = false;  // the field begins with *
  bool any_weekday_ = false;
};

}  // namespace lockstep::hub
