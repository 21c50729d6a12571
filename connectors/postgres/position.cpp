#include "connectors/postgres/position.hpp"

#include <algorithm>

namespace lockstep::postgres {

std::string outbox_table(const Settings& settings) { return "lockstep." + quote_name("changes_" + settings.tag); }

std::string outbox_sequence(const Settings& settings) {
  return "lockstep." + quote_name("changes_" + settings.tag + "_seq");
}

std::string position_sql(CaptureMode mode, const Settings& settings) {
  if (mode == CaptureMode::triggers) return "(SELECT last_value FROM " + outbox_sequence(settings) + ")";
  return "(pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint";
}

sync::Version ReadPositions::observe(sync::Version before, Snapshot snapshot) {
  // Every transaction that wrote its commit record before `pending_` had an id below pending_next_; none of them runs.
  if (pending_ != 0 && snapshot.oldest_running >= pending_next_) {
    safe_ = std::max(safe_, pending_);
    pending_ = 0;
  }
  if (snapshot.oldest_running == snapshot.next) {
    safe_ = std::max(safe_, before);
  } else if (pending_ == 0) {
    pending_ = before;
    pending_next_ = snapshot.next;
  }
  return safe_;
}

}  // namespace lockstep::postgres
