// Hybrid logical clock: a time that never goes back on one node and follows what it has seen,
// so that "later" means later also when wall clocks disagree a little.
#pragma once

#include <compare>
#include <cstdint>

#include "base/clock.hpp"

namespace lockstep::sync {

// 48 bits of milliseconds since 1970, 16 bits of counter.
struct Hlc {
  std::uint64_t packed = 0;

  static Hlc at(Time time) { return {static_cast<std::uint64_t>(to_epoch_ms(time)) << 16}; }
  Time time() const { return from_epoch_ms(static_cast<std::int64_t>(packed >> 16)); }

  friend auto operator<=>(const Hlc&, const Hlc&) = default;
};

class HlcClock {
 public:
  explicit HlcClock(Hlc last = {}) : last_(last) {}
  // Greater than everything returned or seen before, and at least `now`.
  Hlc tick(Time now);
  // Moves past a stamp from elsewhere. A stamp more than `skew_limit` ahead of `now` is not followed.
  void observe(Hlc seen, Time now);
  Hlc last() const { return last_; }

  static constexpr std::chrono::minutes skew_limit{5};

 private:
  Hlc last_;
};

}  // namespace lockstep::sync
