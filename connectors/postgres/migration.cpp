#include "connectors/postgres/migration.hpp"

#include <algorithm>
#include <cctype>

#include "connector/wanted_columns.hpp"
#include "connectors/postgres/limits.hpp"
#include "connectors/postgres/migration_files.hpp"
#include "connectors/postgres/outbox_ddl.hpp"

namespace lockstep::postgres {
namespace {

std::string key_name(const Settings& settings, const std::string& object) {
  const auto own = settings.tables.find(object);
  return own == settings.tables.end() || own->second.key.empty() ? "id" : own->second.key.front();
}

bool holds_uuid(std::string_view value) {
  static constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return value.size() == form.size() && std::ranges::equal(value, form, [](char held, char wanted) {
           return wanted == '-' ? held == '-' : std::isxdigit(static_cast<unsigned char>(held)) != 0;
         });
}

// The type of the column: the converter's, where one changes it.
std::string column_type(const connector::SystemSettings& system, const Settings& settings,
                        const connector::WantedColumn& column) {
  switch (column.holds) {
    case connector::ColumnHolds::members: return "jsonb";
    case connector::ColumnHolds::whole_number: return "bigint";
    case connector::ColumnHolds::text: return "text";
    case connector::ColumnHolds::field: break;
  }
  switch (column.field->type) {
    case sync::FieldType::datetime: return "timestamptz";
    case sync::FieldType::date: return "date";
    case sync::FieldType::decimal: return "numeric";
    case sync::FieldType::integer: return "bigint";
    case sync::FieldType::boolean: return "boolean";
    case sync::FieldType::set: return "text[]";
    case sync::FieldType::json: return "jsonb";
    case sync::FieldType::reference:
      for (const auto* entity : system.entities) {
        if (entity->name != column.field->target) continue;
        const auto* target = entity->binding(system.system);
        // A table of our making has a uuid key unless a field is bound to it.
        const bool ours = target != nullptr && std::ranges::find(target->fields, key_name(settings, target->object),
                                                                 &sync::FieldBinding::path) == target->fields.end();
        return ours ? "uuid" : "text";
      }
      return "text";
    case sync::FieldType::text:
    case sync::FieldType::email:
    case sync::FieldType::phone:
    case sync::FieldType::enumeration: break;
  }
  return "text";
}

// Runs statements and says what they did.
class Steps {
 public:
  explicit Steps(Session& session) : session_(session) {}

  Result<void> run(const std::string& sql, std::string what) {
    auto rows = session_.run(sql);
    if (!rows) {
      Error error = to_error(rows.error());
      error.message = "could not " + what + ": " + error.message + " — run it as the owner: " + sql;
      return fail(std::move(error));
    }
    done_.push_back(std::move(what));
    return {};
  }
  Result<bool> holds(const std::string& sql) {
    auto rows = session_.run(sql);
    if (!rows) return fail(to_error(rows.error()));
    return rows->size() > 0;
  }
  // Runs `sql` when `question` has no rows. True: it ran.
  Result<bool> ensure(const std::string& question, const std::string& sql, std::string what) {
    auto there = holds(question);
    if (!there || *there) return there ? Result<bool>(false) : there;
    if (auto ran = run(sql, std::move(what)); !ran) return fail(ran.error());
    return true;
  }
  std::vector<std::string> take() { return std::move(done_); }

 private:
  Session& session_;
  std::vector<std::string> done_;
};

Result<void> migrate_tables(Steps& steps, const connector::SystemSettings& system, const Settings& settings,
                            const Layout& layout) {
  for (const auto& object : settings.objects) {
    const auto found = layout.find(object);
    if (found == layout.end()) {
      const std::string relation = quote_text(quote_name(settings.schema) + "." + quote_name(object));
      auto hidden = steps.holds("SELECT 1 WHERE to_regclass(" + relation + ") IS NOT NULL");
      if (!hidden) return fail(hidden.error());
      if (*hidden)
        return fail(ErrorKind::invalid,
                    settings.schema + "." + object + " exists and is no table that may be synced (a view?)");
      auto made =
          steps.run(create_table_sql(system, settings, object), "create table " + settings.schema + "." + object);
      if (!made) return made;
      continue;
    }
    const TableLayout& table = found->second;
    for (const auto& column : connector::wanted_columns(system, object)) {
      if (table.column(column.name) != nullptr) continue;
      const std::string type = column_type(system, settings, column);
      auto added = steps.ensure("SELECT 1 FROM pg_attribute WHERE attrelid = " + std::to_string(table.oid) +
                                    " AND NOT attisdropped AND attname = " + quote_text(column.name),
                                "ALTER TABLE " + table.quoted() + " ADD COLUMN " + quote_name(column.name) + " " + type,
                                "add column " + object + "." + column.name + " " + type);
      if (!added) return fail(added.error());
    }
  }
  return {};
}

Result<bool> migrate_logical(Steps& steps, const Settings& settings, const Layout& layout) {
  const std::string publication = quote_name(settings.publication);
  auto made = steps.ensure("SELECT 1 FROM pg_publication WHERE pubname = " + quote_text(settings.publication),
                           "CREATE PUBLICATION " + publication, "create publication " + settings.publication);
  if (!made) return made;
  for (const auto& [name, table] : layout) {
    auto added =
        steps.ensure("SELECT 1 FROM pg_publication_tables WHERE pubname = " + quote_text(settings.publication) +
                         " AND schemaname = " + quote_text(settings.schema) + " AND tablename = " + quote_text(name),
                     "ALTER PUBLICATION " + publication + " ADD TABLE " + table.quoted(), "publish table " + name);
    if (!added) return added;
    *made = *made || *added;
    // Triggers of an earlier time would fill an outbox that nobody empties.
    auto plain = steps.holds("SELECT 1 FROM pg_trigger WHERE tgrelid = " + std::to_string(table.oid) +
                             " AND tgname = " + quote_text(settings.name));
    if (!plain) return plain;
    if (*plain) {
      std::string drop;
      for (const auto& trigger : trigger_names(settings, table)) {
        drop += "DROP TRIGGER IF EXISTS " + quote_name(trigger) + " ON " + table.quoted() + "; ";
      }
      auto dropped = steps.run(drop, "drop our triggers of table " + name);
      if (!dropped) return fail(dropped.error());
    }
  }
  auto slot = steps.ensure("SELECT 1 FROM pg_replication_slots WHERE slot_name = " + quote_text(settings.slot),
                           "SELECT pg_create_logical_replication_slot(" + quote_text(settings.slot) + ", 'pgoutput')",
                           "create replication slot " + settings.slot);
  if (!slot) return slot;
  return *made || *slot;
}

Result<bool> migrate_triggers(Steps& steps, const Settings& settings, const Layout& layout) {
  auto made = steps.ensure("SELECT 1 WHERE to_regclass(" + quote_text(outbox_table(settings)) + ") IS NOT NULL",
                           create_outbox_sql(settings), "create the outbox " + outbox_table(settings));
  if (!made) return made;
  // Versions never go back, also when capture changes from replication to triggers (position.hpp).
  if (auto raised = steps.holds(raise_sequence_sql(settings)); !raised) return raised;
  for (const auto& [name, table] : layout) {
    if (table.key.empty()) continue;
    auto added = steps.ensure(has_triggers_sql(settings, table), create_triggers_sql(settings, table),
                              "watch table " + name + " by triggers");
    if (!added) return added;
    *made = *made || *added;
  }
  // A slot that nobody reads keeps the database's log for ever.
  const std::string slot = quote_text(settings.slot);
  auto idle = steps.holds(
      "SELECT 1 FROM pg_replication_slots WHERE NOT active AND database = current_database() AND slot_name = " + slot);
  if (!idle) return idle;
  if (*idle) {
    auto dropped =
        steps.run("SELECT pg_drop_replication_slot(" + slot + ")", "drop our unused replication slot " + settings.slot);
    if (!dropped) return fail(dropped.error());
  }
  return made;
}

bool needs_record(const TableLayout& table) {
  if (table.key.size() != 1) return false;
  return key_source(table, {}) == KeySource::recorded;
}

}  // namespace

std::string create_table_sql(const connector::SystemSettings& system, const Settings& settings,
                             const std::string& object) {
  const std::string key = key_name(settings, object);
  std::string columns;
  bool key_is_bound = false;
  for (const auto& column : connector::wanted_columns(system, object)) {
    columns += ", " + quote_name(column.name) + " " + column_type(system, settings, column);
    if (column.name == key) {
      key_is_bound = true;
      columns += " PRIMARY KEY";
    }
  }
  const auto bound = connector::wanted_columns(system, object);
  const auto add = [&](const std::string& name, const std::string& type) {
    if (name.empty() || std::ranges::find(bound, name, &connector::WantedColumn::name) != bound.end()) return;
    columns += ", " + quote_name(name) + " " + type;
  };
  for (const auto& [name, value] : settings.scope) add(name, holds_uuid(value) ? "uuid NOT NULL" : "text NOT NULL");
  const auto own = settings.tables.find(object);
  if (own != settings.tables.end()) add(own->second.soft_delete, "timestamptz");
  if (!key_is_bound) columns = ", " + quote_name(key) + " uuid PRIMARY KEY DEFAULT gen_random_uuid()" + columns;
  return "CREATE TABLE " + quote_name(settings.schema) + "." + quote_name(object) + " (" + columns.substr(2) + ")";
}

Result<connector::Migrated> migrate(Database& database, const connector::SystemSettings& system, CaptureMode mode) {
  const Settings& settings = database.settings();
  auto open = database.session();
  if (!open) return fail(to_error(open.error()));
  Steps steps(**open);
  std::vector<std::string> own;
  if (!settings.migrations.empty()) {
    LOCKSTEP_TRY(ran, run_migration_files(**open, settings, system.source));
    own = std::move(ran);
  }
  if (auto read = database.refresh(); !read) return fail(read.error());
  if (auto tables = migrate_tables(steps, system, settings, *database.layout()); !tables) return fail(tables.error());
  if (auto read = database.refresh(); !read) return fail(read.error());
  const SharedLayout layout = database.layout();

  if (std::ranges::any_of(*layout, [](const auto& entry) { return needs_record(entry.second); })) {
    auto made = steps.ensure("SELECT 1 WHERE to_regclass('lockstep.applied') IS NOT NULL",
                             "CREATE SCHEMA IF NOT EXISTS lockstep; CREATE TABLE lockstep.applied (key text, tbl text, "
                             "external_id text NOT NULL, "
                             "at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (key, tbl))",
                             "create lockstep.applied");
    if (!made) return fail(made.error());
    auto purged = (*open)->run("DELETE FROM lockstep.applied WHERE at < now() - interval '" +
                               std::to_string(limits::applied_days) + " days'");
    if (!purged) return fail(to_error(purged.error()));
  }
  connector::Migrated result;
  if (mode != CaptureMode::off) {
    auto made = mode == CaptureMode::logical ? migrate_logical(steps, settings, *layout)
                                             : migrate_triggers(steps, settings, *layout);
    if (!made) return fail(made.error());
    result.capture_made = *made;
  }
  result.done = std::move(own);
  for (std::string& step : steps.take()) result.done.push_back(std::move(step));
  return result;
}

}  // namespace lockstep::postgres
