#include "connectors/postgres/capture_plan.hpp"

namespace lockstep::postgres {

Sql<ServerFacts> read_facts(Session& session) {
  auto rows = session.query(
      "SELECT current_setting('server_version'), current_setting('server_version_num')::int, "
      "current_setting('wal_level'), "
      "r.rolreplication OR r.rolsuper, r.rolbypassrls OR r.rolsuper, "
      "has_database_privilege(current_database(), 'CREATE'), pg_is_in_recovery() FROM pg_roles r WHERE r.rolname = "
      "current_user");
  if (!rows) return std::unexpected(rows.error());
  if (rows->size() == 0)
    return std::unexpected(SqlFailure{"42704", "", "", "the role that is connected does not exist any more"});
  ServerFacts facts;
  facts.version = rows->str(0, 0);
  facts.version_number = static_cast<int>(rows->number(0, 1));
  facts.wal_level = rows->str(0, 2);
  facts.replication_role = rows->flag(0, 3);
  facts.bypasses_row_security = rows->flag(0, 4);
  facts.creates_in_database = rows->flag(0, 5);
  facts.standby = rows->flag(0, 6);
  return facts;
}

CapturePlan plan_capture(const Settings& settings, const ServerFacts& facts) {
  switch (settings.capture) {
    case CaptureSetting::off: return {CaptureMode::off, "capture is switched off"};
    case CaptureSetting::logical: return {CaptureMode::logical, ""};
    case CaptureSetting::triggers: return {CaptureMode::triggers, ""};
    case CaptureSetting::automatic: break;
  }
  if (facts.wal_level != "logical")
    return {CaptureMode::triggers, "wal_level is " + facts.wal_level + ", replication needs logical"};
  if (!facts.replication_role) return {CaptureMode::triggers, "the role has no REPLICATION right"};
  auto replication = Session::open(settings, SessionKind::replication);
  if (!replication)
    return {CaptureMode::triggers, "no replication connection (a pooler?): " + describe(replication.error())};
  return {CaptureMode::logical, ""};
}

}  // namespace lockstep::postgres
