// Every limit of accounts and sessions, in one place.
#pragma once

#include <chrono>
#include <cstddef>

namespace lockstep::access::limits {

inline constexpr std::size_t kAccounts = 10'000;
inline constexpr std::size_t kSessionsOfAccount = 50;  // beyond it the one that was used longest ago ends
inline constexpr std::size_t kNameBytes = 100;
inline constexpr std::size_t kBusinessBytes = 200;  // of the name of a business
inline constexpr std::size_t kPasswordBytesMin = 12;
inline constexpr std::size_t kPasswordBytesMax = 256;
inline constexpr std::size_t kAgentBytes = 200;

// A session ends so long after its last use, and so long after it began.
inline constexpr std::chrono::hours kSessionIdle{24 * 7};
inline constexpr std::chrono::hours kSessionLife{24 * 30};
inline constexpr std::chrono::minutes kSessionUseKept{10};  // how exactly the last use is known after a restart
inline constexpr std::chrono::hours kSessionPruneEvery{1};

// Passwords that are hashed or wait for it: one at a time, 64 MiB each.
inline constexpr std::size_t kHashing = 16;

// Wrong passwords: of one account from one address, then of one address for whatever accounts.
inline constexpr unsigned kFreeFailures = 5;
inline constexpr unsigned kFreeFailuresOfAddress = 50;
inline constexpr std::chrono::minutes kFailureWaitMax{5};
inline constexpr std::chrono::seconds kFailureWaitOfAddress{2};
inline constexpr std::chrono::minutes kFailuresForgotten{15};  // after the last one
inline constexpr std::size_t kFailuresKept = 20'000;

}  // namespace lockstep::access::limits
