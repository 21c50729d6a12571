// Versions of rows: positions that order what is read, written and captured, whichever way it was seen.
//
// Logical replication: a captured change carries the position of its commit record. Trigger outbox: it carries its
// sequence number. A write takes the position while it holds the row's lock, so every change of the row that was
// committed before is lower and every later one is higher.
// A read is harder: between the writing of a commit record and the moment the commit becomes visible, a snapshot still
// shows the old row although the position has moved past it. ReadPositions finds one that is never too high (L5).
#pragma once

#include <set>
#include <string>

#include "connectors/postgres/session.hpp"
#include "sync/record.hpp"

namespace lockstep::postgres {

enum class CaptureMode { logical, triggers, off };

// SQL that gives the present position as a bigint, lifted by `base` (history.hpp).
std::string position_sql(CaptureMode mode, const Settings& settings, sync::Version base);

// "lockstep"."changes_<system>" and its sequence.
std::string outbox_table(const Settings& settings);
std::string outbox_sequence(const Settings& settings);

// A position and the transactions that ran when it had been taken, in one round trip; rows are read afterwards.
struct Moment {
  sync::Version position = 0;
  // Ids. A transaction holds a lock on its own id until its commit is visible, so one that has written its commit
  // record before `position` and is not yet visible is among them. (A snapshot's xmin and xmax do not show this:
  // xmax is one past the newest *completed* id, and a running transaction may stand at or above it.)
  std::set<std::string, std::less<>> running;
};

Sql<Moment> read_moment(Session& session, const std::string& position_sql);

class ReadPositions {
 public:
  // A position before which every committed change is visible to whatever is read after the moment: the moment's own
  // when nothing was running, else the newest one known to be safe.
  sync::Version observe(const Moment& moment);

 private:
  sync::Version safe_ = 1;  // older than any change, and not "none"
  Moment pending_;          // safe as soon as none of its transactions runs any more; position 0: none
};

}  // namespace lockstep::postgres
