#include "connectors/postgres/position.hpp"

#include <algorithm>

namespace lockstep::postgres {

std::string outbox_table(const Settings& settings) { return "lockstep." + quote_name("changes_" + settings.tag); }

std::string outbox_sequence(const Settings& settings) {
  return "lockstep." + quote_name("changes_" + settings.tag + "_seq");
}

std::string position_sql(CaptureMode mode, const Settings& settings, sync::Version base) {
  const std::string lift = " + " + std::to_string(base);
  if (mode == CaptureMode::triggers) return "(SELECT last_value" + lift + " FROM " + outbox_sequence(settings) + ")";
  return "(pg_current_wal_insert_lsn() - '0/0'::pg_lsn" + lift + ")::bigint";
}

Sql<Moment> read_moment(Session& session, const std::string& position_sql) {
  // Two statements, because a single one would look at the locks first if it liked.
  auto rows = session.run(
      "SELECT set_config('lockstep.position', " + position_sql +
      "::text, false); SELECT current_setting('lockstep.position') UNION ALL SELECT transactionid::text FROM pg_locks "
      "WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted");
  if (!rows) return std::unexpected(rows.error());
  Moment moment;
  moment.position = rows->number(0, 0);
  for (int row = 1; row < rows->size(); ++row) moment.running.insert(rows->str(row, 0));
  return moment;
}

sync::Version ReadPositions::observe(const Moment& moment) {
  const auto still_runs = [&](const std::string& id) { return moment.running.contains(id); };
  if (pending_.position != 0 && std::ranges::none_of(pending_.running, still_runs)) {
    safe_ = std::max(safe_, pending_.position);
    pending_ = {};
  }
  if (moment.running.empty()) {
    safe_ = std::max(safe_, moment.position);
  } else if (pending_.position == 0) {
    pending_ = moment;
  }
  return safe_;
}

}  // namespace lockstep::postgres
