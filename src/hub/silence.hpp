// Notices that webhooks have stopped coming. The usual rate is learned from what comes: an alarm needs a silence that is
// long by itself and long against the usual gap. A second, harder sign are changes that only a poll has found. Pure.
#pragma once

#include <optional>

#include "base/clock.hpp"
#include "hub/limits.hpp"

namespace lockstep::hub {

class Silence {
 public:
  explicit Silence(const HubLimits& limits) : limits_(limits) {}

  // A webhook has come.
  void heard(Time now);
  // For how long none has come, when that is too long for this source; nullopt: nothing to worry about.
  std::optional<Duration> alarming(Time now) const;

 private:
  const HubLimits& limits_;
  std::size_t heard_ = 0;
  double usual_gap_s_ = 0;  // moving average
  std::optional<Time> last_;
};

}  // namespace lockstep::hub
