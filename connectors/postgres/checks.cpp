#include "connectors/postgres/checks.hpp"

namespace lockstep::postgres {
namespace {

using connector::CheckLine;
using Lines = std::vector<CheckLine>;

constexpr int oldest_version = 130'000;  // gen_random_uuid() without an extension, pg_current_snapshot()

void say(Lines& lines, CheckLine::Level level, std::string what, std::string hint = "") {
  lines.push_back({level, std::move(what), std::move(hint)});
}

void check_capture(Lines& lines, const Settings& settings, const ServerFacts& facts, const CapturePlan& plan) {
  using enum CheckLine::Level;
  switch (plan.mode) {
    case CaptureMode::off:
      say(lines, warning, "changes are not captured", "only full pulls see them; set capture: auto");
      return;
    case CaptureMode::triggers: {
      const std::string hint =
          facts.wal_level != "logical" ? "ALTER SYSTEM SET wal_level = logical, then restart the server"
          : facts.replication_role
              ? "connect directly (Supabase: port 5432 of db.<project>.supabase.co, not the pooler)"
              : "ALTER ROLE … REPLICATION";
      say(lines, plan.why.empty() ? ok : warning,
          "captures changes by triggers" + (plan.why.empty() ? "" : ": " + plan.why), plan.why.empty() ? "" : hint);
      if (!facts.creates_in_database)
        say(lines, warning, "may not create the schema lockstep",
            "GRANT CREATE ON DATABASE … TO the role, or run migrate as the owner");
      return;
    }
    case CaptureMode::logical: break;
  }
  if (facts.wal_level != "logical")
    say(lines, problem, "wal_level is " + facts.wal_level,
        "ALTER SYSTEM SET wal_level = logical, then restart the server");
  if (!facts.replication_role) say(lines, problem, "the role has no REPLICATION right", "ALTER ROLE … REPLICATION");
  if (auto opened = Session::open(settings, SessionKind::replication); !opened) {
    say(lines, problem, "no replication connection: " + describe(opened.error()),
        "a pooler cannot replicate: connect to the server directly");
  } else {
    say(lines, ok, "captures changes by logical replication");
  }
}

void check_slot(Lines& lines, Session& session, const Settings& settings) {
  using enum CheckLine::Level;
  auto slot = session.query(
      "SELECT coalesce(wal_status, ''), active, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn), "
      "0)::bigint FROM pg_replication_slots WHERE slot_name = $1",
      {settings.slot});
  if (!slot || slot->size() == 0) return;
  const std::uint64_t behind_mb = slot->number(0, 2) >> 20U;
  if (slot->text(0, 0) == "lost") {
    say(lines, problem, "replication slot " + settings.slot + " was invalidated",
        "it is made anew when capture starts, and everything is pulled again");
  } else if (slot->text(0, 0) == "unreserved" || behind_mb > 1'024) {
    say(lines, warning, "replication slot " + settings.slot + " is " + std::to_string(behind_mb) + " MB behind",
        "the database keeps its log until Lockstep has read it");
  } else {
    say(lines, ok, "replication slot " + settings.slot + " is " + std::to_string(behind_mb) + " MB behind");
  }
}

// Any connection that reads the log counts as a standby by its name: commits would wait for Lockstep, and not for a standby.
// https://www.postgresql.org/docs/15/runtime-config-replication.html#GUC-SYNCHRONOUS-STANDBY-NAMES
void check_standbys(Lines& lines, Session& session) {
  auto matches = session.query(
      "SELECT current_setting('synchronous_standby_names'), current_setting('synchronous_standby_names') ~* "
      "('\\*|\\m' || current_setting('application_name') || '\\M')");
  if (!matches || matches->size() != 1 || !matches->flag(0, 1)) return;
  say(lines, CheckLine::Level::warning,
      "synchronous_standby_names is " + std::string(matches->text(0, 0)) + ", which fits Lockstep as well as a standby",
      "name the standbys, or commits may wait for Lockstep only and be lost with the server");
}

const sync::SystemBinding* binding_of(const connector::SystemSettings& system, const std::string& object) {
  for (const auto* entity : system.entities) {
    const auto* binding = entity->binding(system.system);
    if (binding != nullptr && binding->object == object) return binding;
  }
  return nullptr;
}

void check_columns(Lines& lines, Session& session, const TableLayout& table, const sync::SystemBinding& binding) {
  using enum CheckLine::Level;
  for (const auto& field : binding.fields) {
    const std::string name = field.path.substr(0, field.path.find('.'));
    if (name.empty()) continue;
    if (table.column(name) == nullptr) {
      say(lines, problem, "column " + table.name + "." + name + " does not exist or may not be read",
          "migrate adds it, or GRANT SELECT (" + quote_name(name) + ") ON " + table.quoted());
      continue;
    }
    if (field.direction == sync::Direction::read) continue;
    auto may = session.query(
        "SELECT has_column_privilege($1::oid, $2, 'UPDATE') AND has_column_privilege($1::oid, $2, 'INSERT')",
        {std::to_string(table.oid), name});
    if (may && may->size() == 1 && !may->flag(0, 0)) {
      say(lines, problem, "may not write " + table.name + "." + name, "GRANT INSERT, UPDATE ON " + table.quoted());
    }
  }
}

void check_table(Lines& lines, Session& session, const TableLayout& table, const sync::SystemBinding& binding,
                 const ServerFacts& facts) {
  using enum CheckLine::Level;
  const std::size_t before = lines.size();
  if (table.key.empty()) {
    say(lines, problem, "table " + table.name + " has no primary key",
        "add one, or name a unique column with tables." + table.name + ".key");
    return;
  }
  check_columns(lines, session, table, binding);
  if (binding.deletes) {
    auto may = session.query("SELECT has_table_privilege($1::oid, 'DELETE')", {std::to_string(table.oid)});
    if (may && may->size() == 1 && !may->flag(0, 0))
      say(lines, problem, "may not delete from " + table.name, "GRANT DELETE ON " + table.quoted());
  }
  if (table.row_security && !facts.bypasses_row_security) {
    say(lines, warning, "row-level security of " + table.name + " applies to this role",
        "rows that its policies hide look deleted: ALTER ROLE … BYPASSRLS, or a policy for the role");
  }
  if (table.identity == 'n') {
    say(lines, problem, "table " + table.name + " has REPLICA IDENTITY NOTHING",
        "ALTER TABLE " + table.quoted() + " REPLICA IDENTITY DEFAULT");
  }
  if (lines.size() == before) say(lines, ok, "may read and write " + table.name);
}

}  // namespace

std::vector<connector::CheckLine> run_checks(Database& database, const connector::SystemSettings& system) {
  using enum CheckLine::Level;
  Lines lines;
  const Settings& settings = database.settings();
  auto open = database.session();
  if (!open) {
    say(lines, problem, "cannot connect: " + describe(open.error()),
        "check url; Supabase: direct connections are db.<project>.supabase.co:5432");
    return lines;
  }
  auto facts = read_facts(**open);
  if (!facts) {
    say(lines, problem, "cannot read the server's settings: " + describe(facts.error()));
    return lines;
  }
  say(lines, facts->version_number >= oldest_version ? ok : problem, "PostgreSQL " + facts->version,
      facts->version_number >= oldest_version ? "" : "version 13 or later is needed");
  if (facts->standby) say(lines, problem, "the server is a standby", "connect to the primary");
  const CapturePlan plan = plan_capture(settings, *facts);
  check_capture(lines, settings, *facts, plan);
  check_slot(lines, **open, settings);
  if (plan.mode == CaptureMode::logical) check_standbys(lines, **open);
  if (auto read = database.refresh(); !read) {
    say(lines, problem, read.error().message);
    return lines;
  }
  for (const auto& object : settings.objects) {
    const auto found = database.layout()->find(object);
    const auto* binding = binding_of(system, object);
    if (found == database.layout()->end()) {
      say(lines, problem, "table " + settings.schema + "." + object + " does not exist or may not be read",
          "migrate creates it");
    } else if (binding != nullptr) {
      check_table(lines, **open, found->second, *binding, *facts);
    }
  }
  return lines;
}

}  // namespace lockstep::postgres
