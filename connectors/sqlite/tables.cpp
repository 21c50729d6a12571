#include "connectors/sqlite/tables.hpp"

#include <algorithm>
#include <charconv>

#include "connectors/sqlite/limits.hpp"

namespace lockstep::sqlite_connector {
namespace {

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

Result<std::vector<std::vector<std::string>>> read_uniques(Connection& connection, const std::string& table) {
  auto indexes = connection.prepare("SELECT name FROM pragma_index_list(?1) WHERE \"unique\" = 1 AND partial = 0");
  if (!indexes) return fail(indexes.error());
  indexes->bind(1, table);
  std::vector<std::vector<std::string>> uniques;
  while (true) {
    auto row = indexes->step();
    if (!row) return fail(row.error());
    if (!*row) return uniques;
    auto columns = connection.prepare("SELECT name FROM pragma_index_info(?1) ORDER BY seqno");
    if (!columns) return fail(columns.error());
    columns->bind(1, indexes->text(0));
    std::vector<std::string> names;
    for (auto column = columns->step();; column = columns->step()) {
      if (!column) return fail(column.error());
      if (!*column) break;
      names.push_back(columns->text(0));
    }
    // An index on an expression has a column without a name.
    if (std::ranges::find(names, "") == names.end()) uniques.push_back(std::move(names));
  }
}

Json scalar(sqlite3_stmt* row, int column) {
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER: return sqlite3_column_int64(row, column);
    case SQLITE_FLOAT: return sqlite3_column_double(row, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
      return boost::json::string(text, static_cast<std::size_t>(sqlite3_column_bytes(row, column)));
    }
    default: return nullptr;
  }
}

}  // namespace

Settings read_settings(const connector::SystemSettings& system, std::vector<connector::SettingProblem>& problems) {
  Settings settings;
  settings.path = std::string(string_member(system.settings, "path"));
  if (settings.path.empty()) problems.push_back({"path", "is missing: the file that holds the tables"});
  settings.poll = limits::poll_standard;
  if (const Json* poll = system.settings.if_contains("poll_ms")) {
    if (poll->is_int64() && poll->get_int64() >= 1 && poll->get_int64() <= 60'000) {
      settings.poll = std::chrono::milliseconds(poll->get_int64());
    } else {
      problems.push_back({"poll_ms", "must be a number from 1 to 60000"});
    }
  }
  for (const auto& item : system.settings) {
    if (item.key() != "path" && item.key() != "poll_ms")
      problems.push_back({std::string(item.key()), "is not a setting of the sqlite connector"});
  }
  for (const auto* entity : system.entities) {
    const auto* binding = entity->binding(system.system);
    if (binding == nullptr) continue;
    if (std::ranges::find(settings.objects, binding->object) == settings.objects.end())
      settings.objects.push_back(binding->object);
    for (const auto& field : binding->fields) {
      const std::size_t dot = field.path.find('.');
      if (dot != std::string::npos) settings.merged_columns[binding->object].insert(field.path.substr(0, dot));
    }
  }
  return settings;
}

Json settings_schema() {
  JsonObject properties;
  properties["path"] = {{"type", "string"}, {"description", "The file; migrate creates it when it does not exist"}};
  properties["poll_ms"] = {{"type", "integer"},
                           {"minimum", 1},
                           {"maximum", 60'000},
                           {"default", limits::poll_standard.count()},
                           {"description", "How often the file is looked at, in milliseconds"}};
  return {
      {"type", "object"}, {"required", JsonArray{"path"}}, {"additionalProperties", false}, {"properties", properties}};
}

const Column* Table::column(std::string_view wanted) const {
  const auto found = std::ranges::find(columns, wanted, &Column::name);
  return found == columns.end() ? nullptr : &*found;
}

std::string Table::select_list() const {
  std::string list;
  for (const auto& column : columns) list += (list.empty() ? "" : ", ") + quote_name(column.name);
  return list;
}

Result<Tables> read_tables(Connection& connection, const std::vector<std::string>& objects) {
  Tables tables;
  for (const auto& object : objects) {
    auto columns = connection.prepare("SELECT name, type, pk, hidden FROM pragma_table_xinfo(?1) WHERE hidden <> 1");
    if (!columns) return fail(columns.error());
    columns->bind(1, object);
    Table table;
    table.name = object;
    int key_parts = 0;
    for (auto row = columns->step();; row = columns->step()) {
      if (!row) return fail(row.error());
      if (!*row) break;
      const std::string type = upper(columns->text(1));
      Column column;
      column.name = columns->text(0);
      column.kind = type == "BOOLEAN" ? ColumnKind::boolean : type == "JSON" ? ColumnKind::json : ColumnKind::plain;
      column.generated = columns->number(3) != 0;
      if (columns->number(2) != 0) {
        ++key_parts;
        table.key = column.name;
        table.rowid_key = type == "INTEGER";
      }
      table.columns.push_back(std::move(column));
    }
    if (table.columns.empty()) continue;
    if (key_parts != 1) return fail(ErrorKind::invalid, "table " + object + " must have a primary key of one column");
    auto uniques = read_uniques(connection, object);
    if (!uniques) return fail(uniques.error());
    table.uniques = std::move(*uniques);
    tables.emplace(object, std::move(table));
  }
  return tables;
}

JsonObject read_row(Statement& statement, const Table& table, int first) {
  JsonObject row;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    const int at = first + static_cast<int>(i);
    if (sqlite3_column_type(statement.raw(), at) == SQLITE_BLOB) continue;
    Json value = scalar(statement.raw(), at);
    if (column.kind == ColumnKind::boolean && value.is_int64()) value = value.get_int64() != 0;
    if (column.kind == ColumnKind::json && value.is_string()) {
      // What somebody else stored and is no JSON stays the text that it is.
      auto parsed =
          parse_json(value.get_string(), {.bytes_limit = limits::value_bytes, .depth_limit = limits::json_depth});
      if (parsed) value = std::move(*parsed);
    }
    row[column.name] = std::move(value);
  }
  return row;
}

void bind_value(Statement& statement, int parameter, const Column& column, const Json& value) {
  if (value.is_null()) return;  // parameters that are not bound are null
  if (column.kind == ColumnKind::json || value.is_array() || value.is_object()) {
    statement.bind(parameter, to_text(value));
  } else if (value.is_bool()) {
    statement.bind(parameter, std::int64_t{value.get_bool() ? 1 : 0});
  } else if (value.is_int64()) {
    statement.bind(parameter, value.get_int64());
  } else if (value.is_number()) {
    sqlite3_bind_double(statement.raw(), parameter, value.to_number<double>());
  } else {
    statement.bind(parameter, std::string_view(value.get_string()));
  }
}

void bind_key(Statement& statement, int parameter, const Table& table, std::string_view external_id) {
  std::int64_t number = 0;
  const char* end = external_id.data() + external_id.size();
  const auto read = std::from_chars(external_id.data(), end, number);
  if (table.rowid_key && read.ec == std::errc() && read.ptr == end) {
    statement.bind(parameter, number);
  } else {
    statement.bind(parameter, external_id);
  }
}

bool holds(const Column& column, const Json& stored, const Json& value) {
  if (stored == value) return true;
  if (column.kind == ColumnKind::json || stored.is_null() || value.is_null()) return false;
  // SQLite's affinities turn "7" into 7 and back: what reads the same is the same.
  const auto plain = [](const Json& json) {
    if (json.is_bool()) return std::string(json.get_bool() ? "1" : "0");
    return json.is_string() ? std::string(json.get_string()) : to_text(json);
  };
  return plain(stored) == plain(value);
}

}  // namespace lockstep::sqlite_connector
