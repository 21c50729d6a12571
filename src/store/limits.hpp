// Every bound of this module, in one place.
#pragma once

#include <chrono>
#include <cstddef>

namespace lockstep::store::limits {

// Items of one page or list; more are asked for with the next page.
inline constexpr std::size_t page_items = 1'000;
// Records that one list() call looks at when it filters: a page may then be short, and `next` leads on.
inline constexpr std::size_t list_scan = 5'000;
// Journal entries of one call.
inline constexpr std::size_t journal_items = 10'000;
// Ids of one records() call.
inline constexpr std::size_t record_ids = 10'000;
// Due outbox rows or fetches of one call.
inline constexpr std::size_t due_rows = 10'000;
// Rows that wait for one key, and rows that match one key, of one Lookup call.
inline constexpr std::size_t waiting_rows = 1'000;
inline constexpr std::size_t waiting_rows_under = 10'000;  // for keys that begin alike

// How long a connection waits for a lock that an outside tool holds on the file.
inline constexpr std::chrono::milliseconds busy_wait{5'000};

}  // namespace lockstep::store::limits
