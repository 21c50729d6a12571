// Tables of the file as they are, and their values <-> JSON.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "connector/connector.hpp"
#include "connectors/sqlite/connection.hpp"

namespace lockstep::sqlite_connector {

struct Settings {
  std::string path;
  std::chrono::milliseconds poll{0};
  std::vector<std::string> objects;  // tables in use
  // By table: JSON columns of which single members are bound ("extra.city"). Writes merge into them (L2).
  std::map<std::string, std::set<std::string>, std::less<>> merged_columns;
};

// Problems go to `problems`; what could be read is returned all the same.
Settings read_settings(const connector::SystemSettings& system, std::vector<connector::SettingProblem>& problems);
Json settings_schema();

enum class ColumnKind { plain, boolean, json };

struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::plain;  // by the declared type: BOOLEAN, JSON; else whatever is stored
  bool generated = false;
};

struct Table {
  std::string name;
  std::vector<Column> columns;
  std::string key;                                // the primary key's only column
  bool rowid_key = false;                         // INTEGER PRIMARY KEY: SQLite makes the ids
  std::vector<std::vector<std::string>> uniques;  // columns of unique indexes, without partial ones

  const Column* column(std::string_view name) const;
  std::string select_list() const;
};

using Tables = std::map<std::string, Table, std::less<>>;

// The tables of `objects` that exist. `invalid` for one whose primary key is not one column.
Result<Tables> read_tables(Connection& connection, const std::vector<std::string>& objects);

// The row that the statement stands on; its columns are those of select_list(), from `first`. Blobs are left out.
JsonObject read_row(Statement& statement, const Table& table, int first);

void bind_value(Statement& statement, int parameter, const Column& column, const Json& value);
// Keys of rowid tables are numbers.
void bind_key(Statement& statement, int parameter, const Table& table, std::string_view external_id);

// Whether the column holds the value: texts, numbers and booleans as they are stored, JSON by content; null is absent.
bool holds(const Column& column, const Json& stored, const Json& value);

}  // namespace lockstep::sqlite_connector
