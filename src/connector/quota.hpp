// The budget of one credential at one remote, as the remote counts it: so many calls per burst window and per day.
// Pure: time is an argument (Clock::monotonic), nothing waits here.
//
// Q1, burst: a call takes a place from the moment it is sent until a whole window after its answer came. The remote
// counted it somewhere in between, so whatever the offset of its windows and however long calls travelled, no window
// of the remote ever holds more than the limit. The day works the same way until the remote says what is left;
// from then on its number, less the calls it may not have seen yet, is what counts. What others use of the same
// credential (also our own last run) shows in the remaining calls and is left free. Until the first answer has
// come one call goes alone, because nothing is known of the window before our start.
//
// Q2: each class with work has a floor, a part of the window that the others leave free for it; what is above the
// floors goes by priority. Classes above a caller keep a little free even when idle, so that a person's click
// does not wait for a backfill's burst. A class that waited for two windows goes first, whatever its priority.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "sync/batch.hpp"
#include "wire/http.hpp"

namespace lockstep::connector {

using sync::WorkClass;
inline constexpr std::size_t kWorkClasses = 5;

struct QuotaLimits {
  std::uint64_t burst = 100;  // calls per window; 0: no burst limit until the remote names one
  Duration burst_window = std::chrono::seconds(10);
  std::uint64_t day = 200'000;  // calls per 24 hours; 0: none until the remote names one
  // Percent of the window that a class with work is sure of, best class first. The sum stays below 100.
  std::array<unsigned, kWorkClasses> floor_percent{25, 25, 10, 5, 15};
  // Percent of the window that a class keeps free for itself while it is idle.
  std::array<unsigned, kWorkClasses> idle_percent{2, 2, 0, 0, 0};
  // Percent of the day's budget, in proportion to the part of the day that is left, that a class may not touch.
  std::array<unsigned, kWorkClasses> day_kept_percent{0, 2, 5, 20, 25};
  // A class counts as idle this long after its last call.
  Duration active_for = std::chrono::seconds(30);
};

// What a response says about the budget.
struct QuotaSigns {
  std::optional<std::uint64_t> burst_limit;
  std::optional<Duration> burst_window;
  std::optional<std::uint64_t> burst_remaining;
  std::optional<std::uint64_t> day_limit;
  std::optional<std::uint64_t> day_remaining;
  std::optional<Duration> day_reset;
  std::optional<Duration> retry_after;
  bool refused = false;  // 429

  friend bool operator==(const QuotaSigns&, const QuotaSigns&) = default;
};

// X-RateLimit-{Max,Interval-Milliseconds,Remaining,Limit-Daily,Daily-Remaining,Daily-Reset} and Retry-After (seconds or
// an HTTP date; `now` is the wall clock). Values that make no sense are left out.
QuotaSigns read_quota_signs(const wire::HttpResponse& response, Time now);

class Quota {
 public:
  // One call on its way. Each is answered exactly once.
  struct Ticket {
    std::uint64_t number = 0;  // of the call: 1, 2, 3 …
    WorkClass work = WorkClass::live;
    std::uint64_t in_flight = 0;  // other calls on their way when it was sent
    std::uint64_t counted = 0;    // calls that held a place when it was sent, itself included
  };

  explicit Quota(QuotaLimits limits = {});

  // A class has calls waiting since then; nullopt: it has none any more. The host says so before it asks.
  void waiting(WorkClass work, std::optional<Duration> since);

  // How long until a call of this class may go; zero: now. An answer above zero is the time to ask again, sooner only
  // when an answer arrives.
  Duration wait(WorkClass work, Duration now);

  // The classes in the order in which they are to be asked.
  std::array<WorkClass, kWorkClasses> order(Duration now) const;

  // A call goes out now. Only after wait() said zero.
  Ticket send(WorkClass work, Duration now);
  // Its answer is there, or the certainty that none will come (nullopt).
  void answered(const Ticket& ticket, const std::optional<QuotaSigns>& signs, Duration now);

  // For status pages and plans.
  const QuotaLimits& limits() const { return limits_; }
  std::uint64_t burst_left(Duration now);
  std::uint64_t day_left(Duration now);
  std::optional<Duration> day_resets_in(Duration now) const;
  std::uint64_t in_flight() const { return flying_.size(); }

 private:
  struct Held {
    Duration until;
    WorkClass work;
  };
  struct DayBucket {
    Duration until;  // when it no longer counts
    std::uint64_t calls;
  };

  void expire(Duration now);
  Duration hold_time() const;
  std::uint64_t reserve(WorkClass work, WorkClass asking, Duration now) const;
  bool starving(WorkClass work, Duration now) const;
  bool burst_allows(WorkClass work, Duration now) const;
  std::uint64_t places_taken() const { return flying_.size() + held_.size() + foreign_; }
  Duration burst_wait(Duration now) const;
  Duration day_wait(WorkClass work, Duration now) const;
  std::uint64_t day_left_now() const;
  void learn_burst(const Ticket& ticket, const QuotaSigns& signs, Duration now);
  void learn_day(const Ticket& ticket, const QuotaSigns& signs, Duration now);

  QuotaLimits limits_;
  std::uint64_t sent_ = 0;
  std::map<std::uint64_t, WorkClass> flying_;       // by number
  std::deque<Held> held_;                           // answered, still counted; in order of answers
  std::array<std::uint64_t, kWorkClasses> used_{};  // places taken, per class
  std::array<std::optional<Duration>, kWorkClasses> active_until_{};
  std::array<std::optional<Duration>, kWorkClasses> waiting_since_{};
  bool known_ = false;         // an answer has come
  std::uint64_t foreign_ = 0;  // places used by somebody else, as of the newest answer
  Duration foreign_until_{0};
  std::uint64_t newest_signs_ = 0;        // number of the call that told it
  std::optional<Duration> closed_until_;  // after a 429

  std::deque<DayBucket> day_;             // until the remote tells: our own calls of the last 24 hours
  std::uint64_t day_calls_ = 0;           // their sum
  std::optional<std::int64_t> day_told_;  // what the remote said is left, less what it may not have counted
  Duration day_told_until_{0};
  std::uint64_t newest_day_signs_ = 0;
};

}  // namespace lockstep::connector
