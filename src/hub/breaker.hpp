// A circuit breaker for one system: when calls fail in a row it lets none through for a while, then one, and all again
// when that one gets an answer. Pure: the time comes with each call.
#pragma once

#include <optional>

#include "base/clock.hpp"
#include "hub/limits.hpp"

namespace lockstep::hub {

class Breaker {
 public:
  enum class State {
    closed,    // everything goes through
    open,      // nothing does, until retry_at()
    half_open  // one call, to find out
  };

  explicit Breaker(const HubLimits& limits) : limits_(limits) {}

  State state(Time now) const;
  // When the next call may try; nullopt while closed.
  std::optional<Time> retry_at() const { return retry_at_; }

  // The system answered, whatever it said.
  void answered();
  // It did not: no connection, no answer, an error of its own.
  void failed(Time now);

 private:
  const HubLimits& limits_;
  std::size_t failures_ = 0;  // in a row
  Duration wait_{0};
  std::optional<Time> retry_at_;
};

}  // namespace lockstep::hub
