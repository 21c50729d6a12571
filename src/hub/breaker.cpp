#include "hub/breaker.hpp"

#include <algorithm>

namespace lockstep::hub {

Breaker::State Breaker::state(Time now) const {
  if (!retry_at_) return State::closed;
  const bool set_back = *retry_at_ - now > wait_;  // the clock; or an hour's correction would be an hour's outage
  return now < *retry_at_ && !set_back ? State::open : State::half_open;
}

void Breaker::answered() {
  failures_ = 0;
  retry_at_.reset();
}

void Breaker::failed(Time now) {
  ++failures_;
  switch (state(now)) {
    case State::closed:
      if (failures_ < limits_.breaker_failures) return;
      wait_ = limits_.breaker_first;
      break;
    case State::open: return;  // a call from before it opened
    case State::half_open: wait_ = std::min<Duration>(wait_ * 2, limits_.breaker_limit); break;
  }
  retry_at_ = now + wait_;
}

}  // namespace lockstep::hub
