// PostgreSQL's logical replication stream: the frames of a CopyBoth stream and the messages of the pgoutput plug-in,
// protocol versions 1 and 2 without streaming of open transactions. Pure; never trusts a length or a count.
// Source: PostgreSQL 15 manual, "Streaming Replication Protocol" and "Logical Replication Message Formats".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace lockstep::wire::pgoutput {

struct Limits {
  std::size_t columns = 1'700;         // PostgreSQL's own limit is 1,600
  std::size_t relations = 10'000;      // of one TRUNCATE
  std::size_t value_bytes = 64 << 20;  // one column
  std::size_t name_bytes = 1'024;      // identifiers; PostgreSQL's own limit is 63
};

// A position in the write-ahead log.
using Lsn = std::uint64_t;

// "16/B374D848", as SQL and START_REPLICATION write it.
std::string lsn_text(Lsn lsn);
Result<Lsn> parse_lsn(std::string_view text);

// --- frames ---

struct XLogData {
  Lsn start = 0;
  Lsn server_end = 0;
  Time sent;
  std::string_view payload;  // into the bytes that were decoded
};

struct Keepalive {
  Lsn server_end = 0;
  Time sent;
  bool reply_requested = false;
};

using Frame = std::variant<XLogData, Keepalive>;

// `corrupt` for bytes that are no frame. An XLogData's payload is a view into `bytes`, which must outlive it; a
// message that decode_message() makes of it holds copies.
Result<Frame> decode_frame(std::string_view bytes);

// The positions that a standby reports. The server may discard everything before `flushed` (B3).
struct StatusUpdate {
  Lsn written = 0;
  Lsn flushed = 0;
  Lsn applied = 0;
  Time now;
  bool reply_requested = false;
};

std::string encode(const StatusUpdate& update);

// --- messages ---

struct Begin {
  Lsn final_lsn = 0;  // of the transaction's commit record
  Time committed;
  std::uint32_t xid = 0;
};

struct Commit {
  Lsn commit_lsn = 0;
  Lsn end_lsn = 0;  // the position to acknowledge when everything up to here is durable
  Time committed;
};

struct Origin {
  Lsn origin_lsn = 0;
  std::string name;
};

struct Column {
  bool key = false;  // part of the replica identity
  std::string name;
  std::uint32_t type = 0;  // OID
  std::int32_t modifier = -1;
};

struct Relation {
  std::uint32_t id = 0;
  std::string schema;
  std::string name;
  char identity = 'd';  // d: primary key, n: nothing, f: all columns, i: an index
  std::vector<Column> columns;
};

struct Type {
  std::uint32_t id = 0;
  std::string schema;
  std::string name;
};

enum class CellKind { null, unchanged, text };  // unchanged: a stored-out-of-line (TOAST) value that was not sent

struct Cell {
  CellKind kind = CellKind::null;
  std::string text;
};

using Tuple = std::vector<Cell>;

struct Insert {
  std::uint32_t relation = 0;
  Tuple row;
};

enum class OldTuple { none, key, full };

struct Update {
  std::uint32_t relation = 0;
  OldTuple old_kind = OldTuple::none;
  Tuple old_row;  // for `key`: the key's columns, nulls elsewhere
  Tuple row;
};

struct Delete {
  std::uint32_t relation = 0;
  OldTuple old_kind = OldTuple::key;
  Tuple old_row;
};

struct Truncate {
  std::vector<std::uint32_t> relations;
};

struct LogicalMessage {
  bool transactional = false;
  Lsn lsn = 0;
  std::string prefix;
  std::string content;
};

using Message = std::variant<Begin, Commit, Origin, Relation, Type, Insert, Update, Delete, Truncate, LogicalMessage>;

// One message, all bytes of it. `corrupt` for bytes that are none, `exhausted` beyond a limit.
Result<Message> decode_message(std::string_view bytes, const Limits& limits = {});

}  // namespace lockstep::wire::pgoutput
