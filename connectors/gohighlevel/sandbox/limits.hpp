// Every limit of the sandbox. The vendor's own limits cite FACTS in the README; the rest bound memory (O3).
#pragma once

#include <cstddef>
#include <cstdint>

namespace lockstep::gohighlevel::sandbox::limits {

// The vendor's.
inline constexpr std::int64_t contact_page_limit_max = 500;  // not documented; the largest value in common use
inline constexpr std::int64_t opportunity_limit_max = 500;
inline constexpr std::int64_t list_limit_max = 100;  // GET /contacts/ and GET /opportunities/search
inline constexpr std::int64_t list_limit_default = 20;
inline constexpr std::int64_t shop_limit_default = 10;      // orders, transactions; the others document 0
inline constexpr std::int64_t page_mode_rows_max = 10'000;  // beyond that only searchAfter reads on
inline constexpr std::size_t sorts_max = 2;
inline constexpr std::size_t query_characters_max = 75;  // opportunity search
inline constexpr std::size_t followers_max = 10;

// Ours.
inline constexpr std::size_t body_bytes_max = 1 << 20;
inline constexpr std::size_t filters_max = 100;  // of one search, groups counted
inline constexpr std::size_t filter_depth_max = 5;
inline constexpr std::size_t records_max = 1'000'000;   // contacts, and opportunities, of one location
inline constexpr std::size_t deleted_max = 10'000;      // contacts of one location that can be restored
inline constexpr std::size_t per_contact_max = 10'000;  // notes, and tasks
inline constexpr std::size_t definitions_max = 5'000;   // custom fields, and tags, of one location
inline constexpr std::size_t locations_max = 1'000;
inline constexpr std::size_t tokens_max = 10'000;
inline constexpr std::size_t registrations_max = 100;
inline constexpr std::size_t webhooks_queued_max = 1'000'000;   // beyond that new events are dropped and counted
inline constexpr std::size_t recent_max = 200;                  // calls and webhooks kept for the page
inline constexpr std::size_t recent_body_bytes_max = 16 << 10;  // of each
inline constexpr std::size_t recent_target_bytes_max = 512;

}  // namespace lockstep::gohighlevel::sandbox::limits
