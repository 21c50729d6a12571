#include "connector/quota.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "connector/limits.hpp"

namespace lockstep::connector {
namespace {

constexpr Duration kDay = std::chrono::hours(24);
constexpr Duration kDayBucket = std::chrono::minutes(5);
constexpr Duration kShortestWait = std::chrono::milliseconds(1);
constexpr unsigned kStarvingWindows = 2;
// From this limit on every floor is at least one call; below it only the rule for starving classes shares.
constexpr std::uint64_t kFloorsFrom = 20;

std::size_t index(WorkClass work) { return static_cast<std::size_t>(work); }

std::uint64_t percent(std::uint64_t of, unsigned part) { return of * part / 100; }

}  // namespace

Quota::Quota(QuotaLimits limits) : limits_(limits) {
  unsigned sum = 0;
  for (const unsigned part : limits_.floor_percent) sum += part;
  LOCKSTEP_ASSERT(sum < 100, "floors that fill the window leave nothing to share by priority");
}

void Quota::waiting(WorkClass work, std::optional<Duration> since) { waiting_since_[index(work)] = since; }

// A little longer than the window, for clocks that do not run alike.
Duration Quota::hold_time() const { return limits_.burst_window + limits_.burst_window / 200; }

void Quota::expire(Duration now) {
  while (!held_.empty() && held_.front().until <= now) {
    --used_[index(held_.front().work)];
    held_.pop_front();
  }
  if (foreign_until_ <= now) foreign_ = 0;
  if (closed_until_ && *closed_until_ <= now) closed_until_.reset();
  while (!day_.empty() && day_.front().until <= now) {
    day_calls_ -= day_.front().calls;
    day_.pop_front();
  }
  if (day_told_ && day_told_until_ <= now) {
    // A new day: what is on its way may be counted in it.
    day_told_ = static_cast<std::int64_t>(limits_.day) - static_cast<std::int64_t>(flying_.size());
    day_told_until_ = now + kDay;
  }
}

bool Quota::starving(WorkClass work, Duration now) const {
  const auto& since = waiting_since_[index(work)];
  return since && limits_.burst > 0 && now - *since >= kStarvingWindows * hold_time();
}

// What `asking` must leave free for `work`.
std::uint64_t Quota::reserve(WorkClass work, WorkClass asking, Duration now) const {
  const std::size_t i = index(work);
  const std::uint64_t shared = limits_.burst - std::min(limits_.burst, foreign_);
  const bool active = waiting_since_[i] || (active_until_[i] && *active_until_[i] > now);
  const unsigned share = active ? limits_.floor_percent[i] : i < index(asking) ? limits_.idle_percent[i] : 0;
  const std::uint64_t least = share > 0 && shared >= kFloorsFrom ? 1 : 0;
  const std::uint64_t part = std::max(percent(shared, share), least);
  return part > used_[i] ? part - used_[i] : 0;
}

bool Quota::burst_allows(WorkClass work, Duration now) const {
  if (closed_until_) return false;
  if (!known_ && !flying_.empty()) return false;
  if (limits_.burst == 0) return true;
  const std::uint64_t taken = places_taken();
  if (taken >= limits_.burst) return false;  // Q1
  if (starving(work, now)) return true;
  std::uint64_t kept = 0;
  for (std::size_t i = 0; i < kWorkClasses; ++i) {
    if (i != index(work)) kept += reserve(static_cast<WorkClass>(i), work, now);
  }
  return limits_.burst - taken > kept;  // Q2
}

Duration Quota::burst_wait(Duration now) const {
  if (closed_until_) return *closed_until_ - now;
  Duration wait = hold_time();
  if (!held_.empty()) wait = std::min(wait, held_.front().until - now);
  if (foreign_ > 0) wait = std::min(wait, foreign_until_ - now);
  return std::max(wait, kShortestWait);
}

std::uint64_t Quota::day_left_now() const {
  if (day_told_) return static_cast<std::uint64_t>(std::max<std::int64_t>(0, *day_told_));
  return limits_.day - std::min(limits_.day, day_calls_);
}

Duration Quota::day_wait(WorkClass work, Duration now) const {
  if (limits_.day == 0) return Duration(0);
  const std::uint64_t left = day_left_now();
  const double kept_full = static_cast<double>(percent(limits_.day, limits_.day_kept_percent[index(work)]));
  const Duration until_reset = day_told_ ? std::clamp(day_told_until_ - now, Duration(0), kDay) : kDay;
  const double kept = kept_full * (static_cast<double>(until_reset.count()) / static_cast<double>(kDay.count()));
  if (left > 0 && static_cast<double>(left) > kept) return Duration(0);
  Duration wait = day_told_ ? until_reset : (day_.empty() ? kDayBucket : day_.front().until - now);
  if (day_told_ && left > 0) {
    // The part that is kept shrinks as the day passes.
    const double share = static_cast<double>(left) / kept_full;
    wait = until_reset - Duration(static_cast<Duration::rep>(share * static_cast<double>(kDay.count())));
  }
  return std::max(wait, kShortestWait);
}

Duration Quota::wait(WorkClass work, Duration now) {
  expire(now);
  const Duration day = day_wait(work, now);
  if (day > Duration(0)) return closed_until_ ? std::max(day, *closed_until_ - now) : day;
  if (burst_allows(work, now)) return Duration(0);
  Duration wait = burst_wait(now);
  // A class becomes a starving one at a time of its own.
  if (const auto& since = waiting_since_[index(work)]; since && !closed_until_ && !starving(work, now)) {
    wait = std::min(wait, std::max(kShortestWait, *since + kStarvingWindows * hold_time() - now));
  }
  return wait;
}

std::array<WorkClass, kWorkClasses> Quota::order(Duration now) const {
  std::array<WorkClass, kWorkClasses> out{WorkClass::person, WorkClass::live, WorkClass::retry, WorkClass::verify,
                                          WorkClass::backfill};
  std::ranges::sort(out, [&](WorkClass a, WorkClass b) {
    const bool a_starves = starving(a, now);
    const bool b_starves = starving(b, now);
    if (a_starves != b_starves) return a_starves;
    if (a_starves && *waiting_since_[index(a)] != *waiting_since_[index(b)]) {
      return *waiting_since_[index(a)] < *waiting_since_[index(b)];
    }
    return index(a) < index(b);
  });
  return out;
}

Quota::Ticket Quota::send(WorkClass work, Duration now) {
  expire(now);
  const std::uint64_t others = flying_.size();
  flying_.emplace(++sent_, work);
  ++used_[index(work)];
  active_until_[index(work)] = now + limits_.active_for;
  if (day_told_) --*day_told_;
  // A bucket takes calls for five minutes and counts until a day after the last of them was sent and answered.
  if (day_.empty() || day_.back().until - kDay - kDayBucket <= now) day_.push_back({now + kDay + 2 * kDayBucket, 0});
  ++day_.back().calls;
  ++day_calls_;
  return {sent_, work, others, flying_.size() + held_.size()};
}

void Quota::answered(const Ticket& ticket, const std::optional<QuotaSigns>& signs, Duration now) {
  expire(now);
  const auto flying = flying_.find(ticket.number);
  LOCKSTEP_ASSERT(flying != flying_.end(), "a call is answered exactly once");
  flying_.erase(flying);
  if (!signs) {
    held_.push_back({now + hold_time(), ticket.work});
    return;
  }
  known_ = true;
  learn_burst(ticket, *signs, now);
  learn_day(ticket, *signs, now);
  held_.push_back({now + hold_time(), ticket.work});
}

void Quota::learn_burst(const Ticket& ticket, const QuotaSigns& signs, Duration now) {
  if (signs.burst_window) {
    const Duration before = hold_time();
    limits_.burst_window = std::clamp(*signs.burst_window, limits::kBurstWindowMin, limits::kBurstWindowMax);
    // Calls made while the window was taken to be shorter hold their places for the whole of the real one.
    if (const Duration longer = hold_time() - before; longer > Duration(0)) {
      for (Held& held : held_) held.until += longer;
    }
  }
  if (signs.burst_limit) limits_.burst = std::clamp<std::uint64_t>(*signs.burst_limit, 1, limits::kBurstLimitMax);
  if (signs.refused) {
    const Duration pause = signs.retry_after ? std::min(*signs.retry_after, limits::kRetryAfterMax) : hold_time();
    closed_until_ = std::max(closed_until_.value_or(Duration::min()), now + pause);
  }
  // Answers come in any order: the newest call tells what the remote knew last.
  if (!signs.burst_remaining || limits_.burst == 0 || ticket.number <= newest_signs_) return;
  newest_signs_ = ticket.number;
  const std::uint64_t counted = limits_.burst - std::min(limits_.burst, *signs.burst_remaining);
  const std::uint64_t ours = ticket.counted + (sent_ - ticket.number);
  foreign_ = counted > ours ? counted - ours : 0;
  foreign_until_ = now + hold_time();
}

void Quota::learn_day(const Ticket& ticket, const QuotaSigns& signs, Duration now) {
  if (signs.day_limit) limits_.day = std::clamp<std::uint64_t>(*signs.day_limit, 1, limits::kDayLimitMax);
  if (!signs.day_remaining || ticket.number <= newest_day_signs_) return;
  newest_day_signs_ = ticket.number;
  const auto remaining = static_cast<std::int64_t>(std::min(*signs.day_remaining, limits::kDayLimitMax));
  // Not counted there yet: what was sent after this call, and what was on its way and may have come later.
  const auto unseen = static_cast<std::int64_t>(sent_ - ticket.number + ticket.in_flight);
  const bool new_day = !day_told_ || remaining - unseen > *day_told_ + unseen;
  day_told_ = remaining - unseen;
  if (signs.day_reset) {
    day_told_until_ = now + std::clamp(*signs.day_reset, kShortestWait, limits::kDayResetMax);
  } else if (new_day) {
    day_told_until_ = now + kDay;
  }
}

std::uint64_t Quota::burst_left(Duration now) {
  expire(now);
  return limits_.burst - std::min(limits_.burst, places_taken());
}

std::uint64_t Quota::day_left(Duration now) {
  expire(now);
  return day_left_now();
}

std::optional<Duration> Quota::day_resets_in(Duration now) const {
  if (!day_told_) return std::nullopt;
  return std::max(day_told_until_ - now, Duration(0));
}

}  // namespace lockstep::connector
