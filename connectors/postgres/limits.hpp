// All limits of this connector.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace lockstep::postgres::limits {

inline constexpr std::size_t write_batch = 500;              // rows per call of write()
inline constexpr std::size_t pull_page = 1'000;              // rows per page, whatever is asked for
inline constexpr std::size_t row_bytes = 16 << 20;           // one row as JSON
inline constexpr std::size_t json_depth = 64;                // of a row with json columns
inline constexpr std::size_t array_depth = 6;                // PostgreSQL's own limit
inline constexpr std::size_t capture_batch = 500;            // changes per delivery
inline constexpr std::size_t capture_batch_bytes = 4 << 20;  // text in them, about
inline constexpr std::size_t capture_in_flight = 4;          // deliveries that are not yet durable
inline constexpr std::size_t relations = 10'000;             // tables that a stream may describe
inline constexpr std::size_t external_id_bytes = 1'024;
inline constexpr std::uint64_t exact_count_rows = 100'000;  // larger tables are counted by the planner's estimate
inline constexpr int deadlock_attempts = 3;
inline constexpr int applied_days = 30;  // how long the keys of creates are kept

inline constexpr std::size_t migration_files = 1'000;
inline constexpr std::size_t migration_file_bytes = 4 << 20;
inline constexpr std::size_t migration_variables = 50;

// Reads of tables for dashboards.
inline constexpr std::size_t name_bytes = 63;                // of a table or column: NAMEDATALEN - 1
inline constexpr std::uint64_t read_rows = 100'000;          // of one read
inline constexpr std::uint64_t read_offset = 1'000'000'000;  // further is the same as there
inline constexpr std::size_t read_bytes = 32 << 20;          // of one answer
inline constexpr std::size_t read_columns = 200;             // named in one read
inline constexpr std::size_t read_filters = 200;
inline constexpr std::size_t read_filter_depth = 8;
inline constexpr std::size_t read_values = 2'000;
inline constexpr std::size_t read_connections = 4;
inline constexpr std::size_t read_waiting = 128;                        // for a connection
inline constexpr std::chrono::milliseconds read_deadline{10'000};       // of one read with all its waiting
inline constexpr std::chrono::milliseconds read_statement_time{8'000};  // after that the server itself gives up

inline constexpr std::chrono::milliseconds statement_timeout{30'000};
inline constexpr std::chrono::milliseconds statement_timeout_most{600'000};
inline constexpr std::chrono::milliseconds lock_timeout{10'000};
inline constexpr std::chrono::milliseconds network_timeout{30'000};  // unacknowledged bytes end a connection
inline constexpr std::chrono::seconds connect_timeout{10};
inline constexpr std::chrono::milliseconds status_interval{10'000};  // wal_sender_timeout is 60 s by default
inline constexpr std::chrono::milliseconds stream_silence{60'000};   // although signs of life are asked for
inline constexpr std::chrono::milliseconds outbox_poll{1'000};       // when no notification arrives
inline constexpr std::chrono::milliseconds reconnect_first{200};
inline constexpr std::chrono::milliseconds reconnect_most{5'000};

}  // namespace lockstep::postgres::limits
