// Durations and sizes as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace lockstep::app {

// Both as ECMAScript patterns, for the JSON Schema.
inline constexpr std::string_view duration_pattern = "[0-9]{1,9}(ms|s|m|h|d)";
inline constexpr std::string_view size_pattern = "[0-9]{1,9}(B|KiB|MiB|GiB)";

// "250ms", "30s", "5m", "24h", "7d": a whole number and a unit. nullopt for anything else.
std::optional<Duration> parse_duration(std::string_view text);
// In the largest unit that keeps it whole: "90s", "2m".
std::string to_text(Duration duration);

// "512B", "64KiB", "2MiB", "1GiB".
std::optional<std::int64_t> parse_size(std::string_view text);
std::string size_to_text(std::int64_t bytes);

}  // namespace lockstep::app
