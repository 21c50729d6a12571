// Versions of rows: positions that order what is read, written and captured, whichever way it was seen.
//
// Logical replication: a captured change carries the position of its commit record. Trigger outbox: it carries its
// sequence number. A write takes the position while it holds the row's lock, so every change of the row that was
// committed before is lower and every later one is higher.
// A read is harder: between the writing of a commit record and the moment the commit becomes visible, a snapshot still
// shows the old row although the position has moved past it. ReadPositions finds a position that is never too high (L5).
#pragma once

#include <cstdint>
#include <string>

#include "connectors/postgres/session.hpp"
#include "sync/record.hpp"

namespace lockstep::postgres {

enum class CaptureMode { logical, triggers, off };

// SQL that gives the present position as a bigint.
std::string position_sql(CaptureMode mode, const Settings& settings);

// "lockstep"."changes_<system>" and its sequence.
std::string outbox_table(const Settings& settings);
std::string outbox_sequence(const Settings& settings);

// What the statement that read rows says of its snapshot.
struct Snapshot {
  std::uint64_t oldest_running = 0;  // pg_snapshot_xmin
  std::uint64_t next = 0;            // pg_snapshot_xmax
};

class ReadPositions {
 public:
  // `before`: the position, taken before the snapshot was. Returns the position below which every committed change is
  // in the snapshot: `before` when nothing was running, else the newest one known to be safe.
  sync::Version observe(sync::Version before, Snapshot snapshot);

 private:
  sync::Version safe_ = 1;  // older than any change, and not "none"
  sync::Version pending_ = 0;
  std::uint64_t pending_next_ = 0;
};

}  // namespace lockstep::postgres
