// Every limit of the configuration, in one place (O3).
#pragma once

#include <cstddef>

namespace lockstep::app {

inline constexpr std::size_t config_bytes_limit = 1 << 20;
inline constexpr std::size_t config_depth_limit = 24;             // after aliases are expanded
inline constexpr std::size_t config_nodes_limit = 500'000;        // after aliases are expanded: no "billion laughs"
inline constexpr std::size_t config_members_limit = 5'000;        // of one map
inline constexpr std::size_t config_text_bytes_limit = 16 << 10;  // of one scalar
inline constexpr std::size_t config_problems_limit = 100;         // reported at once; more say nothing new
inline constexpr std::size_t pattern_bytes_limit = 512;  // texts beyond it match no pattern (std::regex recurses)
inline constexpr std::size_t secret_bytes_limit = 64 << 10;
inline constexpr std::size_t sources_limit = 10'000;
inline constexpr std::size_t systems_limit = 32;     // per source
inline constexpr std::size_t entities_limit = 200;   // per source
inline constexpr std::size_t fields_limit = 500;     // per entity
inline constexpr std::size_t options_limit = 1'000;  // per enumeration
inline constexpr std::size_t sealing_keys_limit = 16;
inline constexpr std::size_t access_entries_limit = 1'000;
inline constexpr std::size_t member_tables_limit = 8;

inline constexpr std::size_t functions_limit = 200;
inline constexpr std::size_t schedules_limit = 32;  // per source

}  // namespace lockstep::app
