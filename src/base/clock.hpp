// Time is an argument: nothing below app/ asks the operating system for it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lockstep {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;  // UTC

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;            // wall clock; may jump
  virtual Duration monotonic() const = 0;  // never goes back; only differences mean anything
};

// The operating system's clocks.
class SystemClock final : public Clock {
 public:
  Time now() const override;
  Duration monotonic() const override;
};

// A clock that stands still until told otherwise.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time(std::chrono::seconds(1'700'000'000))) : now_(start) {}
  Time now() const override { return now_; }
  Duration monotonic() const override { return now_.time_since_epoch(); }
  void advance(Duration by) { now_ += by; }
  void set(Time now) { now_ = now; }

 private:
  Time now_;
};

// "2026-11-21T07:25:00.123Z" (milliseconds, UTC).
std::string to_iso8601(Time time);

// Accepts a date-time with "Z" or an offset ("+05:30"), with or without fractions. A date-time
// without a zone is invalid here: the sync module's normalizer decides which zone it means.
Result<Time> parse_iso8601(std::string_view text);

std::int64_t to_epoch_ms(Time time);
Time from_epoch_ms(std::int64_t ms);

}  // namespace lockstep
