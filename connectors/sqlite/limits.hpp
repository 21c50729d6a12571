// All limits of this connector.
#pragma once

#include <chrono>
#include <cstddef>

namespace lockstep::sqlite_connector::limits {

inline constexpr std::size_t write_batch = 500;
inline constexpr std::size_t pull_page = 1'000;
inline constexpr std::size_t value_bytes = 16 << 20;  // one value
inline constexpr std::size_t json_depth = 64;
inline constexpr std::size_t capture_batch = 500;    // changes per delivery
inline constexpr std::size_t capture_in_flight = 4;  // deliveries that are not yet durable
inline constexpr std::size_t statements_kept = 200;  // prepared, of one connection
inline constexpr int applied_days = 30;              // how long the keys of creates are kept

inline constexpr std::chrono::milliseconds busy_timeout{5'000};
inline constexpr std::chrono::milliseconds poll_standard{100};
inline constexpr std::chrono::milliseconds retry_pause{1'000};

}  // namespace lockstep::sqlite_connector::limits
