// Exponential backoff with full jitter: attempts spread out instead of coming back in step
// (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015). Pure: randomness is an argument.
#pragma once

#include <algorithm>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace lockstep::connector {

struct BackoffPolicy {
  Duration base = std::chrono::seconds(1);         // the upper bound of the first delay
  Duration cap = std::chrono::minutes(15);         // the upper bound of every delay
  Duration floor = std::chrono::milliseconds(50);  // no attempt sooner than this
};

// The largest delay before attempt `attempts` + 1, after `attempts` failed ones (1, 2, …).
inline Duration backoff_bound(const BackoffPolicy& policy, std::uint32_t attempts) {
  Duration bound = std::min(policy.base, policy.cap);
  for (std::uint32_t i = 1; i < attempts && bound < policy.cap; ++i)
    bound = bound > policy.cap / 2 ? policy.cap : bound * 2;
  return std::max(bound, policy.floor);
}

// Uniform between the floor and the bound.
inline Duration backoff_delay(const BackoffPolicy& policy, std::uint32_t attempts, Random& random) {
  const auto room = static_cast<std::uint64_t>((backoff_bound(policy, attempts) - policy.floor).count());
  return policy.floor + Duration(static_cast<Duration::rep>(random.below(room + 1)));
}

}  // namespace lockstep::connector
