// Every limit of the connector host, in one place.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"

namespace lockstep::connector::limits {

// Calls that wait for quota, per class. Beyond it the caller gets `exhausted`.
inline constexpr std::size_t kWaitingCalls = 1'000;
// Calls on their way at the same time, per origin.
inline constexpr std::size_t kCallsInFlight = 64;
// What a remote may tell about its budget and is believed.
inline constexpr std::uint64_t kBurstLimitMax = 100'000;
inline constexpr std::uint64_t kDayLimitMax = 1'000'000'000;
inline constexpr Duration kBurstWindowMin = std::chrono::milliseconds(1);
inline constexpr Duration kBurstWindowMax = std::chrono::hours(1);
inline constexpr Duration kDayResetMax = std::chrono::hours(48);
inline constexpr Duration kRetryAfterMax = std::chrono::hours(24);
// A vendor's message is cut here before it is shown.
inline constexpr std::size_t kRedactedTextBytes = 500;

}  // namespace lockstep::connector::limits
