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
  // Greater than everything returned or seen before, and at least `now`.
  Hlc tick(Time now);
  // What comes is later than this, also when it was given out before a restart and the wall clock was set back since.
  void see(Hlc seen);

 private:
  Hlc last_;
};

}  // namespace lockstep::sync
