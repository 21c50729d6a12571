#include "connectors/sqlite/migration.hpp"

#include "connector/wanted_columns.hpp"
#include "connectors/sqlite/limits.hpp"

namespace lockstep::sqlite_connector {
namespace {

using Columns = std::vector<connector::WantedColumn>;

std::string column_type(const connector::WantedColumn& column) {
  switch (column.holds) {
    case connector::ColumnHolds::members: return "JSON";
    case connector::ColumnHolds::whole_number: return "INTEGER";
    case connector::ColumnHolds::text: return "TEXT";
    case connector::ColumnHolds::field: break;
  }
  switch (column.field->type) {
    case sync::FieldType::integer: return "INTEGER";
    case sync::FieldType::boolean: return "BOOLEAN";
    case sync::FieldType::set:
    case sync::FieldType::json: return "JSON";
    default: return "TEXT";  // decimals too: as text no digit is lost
  }
}

std::string create_table(const std::string& object, const Columns& wanted) {
  std::string columns;
  bool has_id = false;
  for (const auto& column : wanted) {
    const bool is_id = column.name == "id";
    has_id = has_id || is_id;
    columns += ", " + quote_name(column.name) + " " + column_type(column) + (is_id ? " PRIMARY KEY NOT NULL" : "");
  }
  if (!has_id) columns = ", id TEXT PRIMARY KEY NOT NULL" + columns;
  return "CREATE TABLE " + quote_name(object) + " (" + columns.substr(2) + ")";
}

std::string note(const Table& table, std::string_view row) {
  return "INSERT INTO _lockstep_changes (tbl, key) VALUES (" + quote_text(table.name) + ", CAST(" + std::string(row) +
         "." + quote_name(table.key) + " AS TEXT)); ";
}

std::vector<std::pair<std::string, std::string>> triggers(const Table& table) {
  const std::string on = quote_name(table.name);
  const std::string key = quote_name(table.key);
  return {{"_lockstep_insert_" + table.name, "AFTER INSERT ON " + on + " BEGIN " + note(table, "NEW") + "END"},
          {"_lockstep_update_" + table.name, "AFTER UPDATE ON " + on + " BEGIN " + note(table, "NEW") + "END"},
          {"_lockstep_rekey_" + table.name, "AFTER UPDATE ON " + on + " WHEN OLD." + key + " IS NOT NEW." + key +
                                                " BEGIN " + note(table, "OLD") + "END"},
          {"_lockstep_delete_" + table.name, "AFTER DELETE ON " + on + " BEGIN " + note(table, "OLD") + "END"}};
}

class Steps {
 public:
  explicit Steps(Connection& connection) : connection_(connection) {}

  Result<void> run(const std::string& sql, std::string what) {
    auto done = connection_.run(sql);
    if (!done) {
      Error error = done.error();
      error.message = "could not " + what + ": " + error.message;
      return fail(std::move(error));
    }
    done_.push_back(std::move(what));
    return {};
  }
  // True: it had to be made.
  Result<bool> ensure(std::string_view type, const std::string& name, const std::string& sql, std::string what) {
    auto there = connection_.number("SELECT count(*) FROM sqlite_master WHERE type = " + quote_text(type) +
                                    " AND name = " + quote_text(name));
    if (!there) return fail(there.error());
    if (*there != 0) return false;
    if (auto made = run(sql, std::move(what)); !made) return fail(made.error());
    return true;
  }
  std::vector<std::string> take() { return std::move(done_); }

 private:
  Connection& connection_;
  std::vector<std::string> done_;
};

Result<void> migrate_tables(Steps& steps, Database& database, const connector::SystemSettings& system) {
  for (const auto& object : database.settings().objects) {
    const Columns wanted = connector::wanted_columns(system, object);
    const auto found = database.tables().find(object);
    if (found == database.tables().end()) {
      if (auto made = steps.run(create_table(object, wanted), "create table " + object); !made) return made;
      continue;
    }
    for (const auto& column : wanted) {
      if (found->second.column(column.name) != nullptr) continue;
      auto added = steps.run(
          "ALTER TABLE " + quote_name(object) + " ADD COLUMN " + quote_name(column.name) + " " + column_type(column),
          "add column " + object + "." + column.name);
      if (!added) return added;
    }
  }
  return database.refresh();
}

}  // namespace

Result<connector::Migrated> migrate(Database& database, const connector::SystemSettings& system) {
  if (auto opened = database.open(Database::Missing::make); !opened) return fail(opened.error());
  Connection& connection = database.connection();
  auto transaction = Transaction::begin(connection, OpenMode::read_write);
  if (!transaction) return fail(transaction.error());
  if (auto read = database.refresh(); !read) return fail(read.error());
  Steps steps(connection);
  if (auto tables = migrate_tables(steps, database, system); !tables) return fail(tables.error());

  connector::Migrated result;
  // AUTOINCREMENT: numbers of entries that were erased are never used again.
  auto made = steps.ensure(
      "table", "_lockstep_changes",
      "CREATE TABLE _lockstep_changes (seq INTEGER PRIMARY KEY AUTOINCREMENT, tbl TEXT NOT NULL, key TEXT)",
      "create _lockstep_changes");
  if (!made) return fail(made.error());
  result.capture_made = *made;
  auto applied =
      steps.ensure("table", "_lockstep_applied",
                   "CREATE TABLE _lockstep_applied (key TEXT NOT NULL, tbl TEXT NOT NULL, external_id TEXT NOT NULL, "
                   "at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (key, tbl)) WITHOUT ROWID",
                   "create _lockstep_applied");
  if (!applied) return fail(applied.error());
  auto purged = connection.run("DELETE FROM _lockstep_applied WHERE at < datetime('now', '-" +
                               std::to_string(limits::applied_days) + " days')");
  if (!purged) return fail(purged.error());
  for (const auto& [name, table] : database.tables()) {
    for (const auto& [trigger, body] : triggers(table)) {
      auto watched = steps.ensure("trigger", trigger, "CREATE TRIGGER " + quote_name(trigger) + " " + body,
                                  "create trigger " + trigger);
      if (!watched) return fail(watched.error());
      result.capture_made = result.capture_made || *watched;
    }
  }
  if (auto committed = transaction->commit(); !committed) return fail(committed.error());
  result.done = steps.take();
  return result;
}

}  // namespace lockstep::sqlite_connector
