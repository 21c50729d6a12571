#include "connectors/postgres/settings.hpp"

#include <algorithm>

#include "connector/stable_id.hpp"
#include "connectors/postgres/limits.hpp"

namespace lockstep::postgres {
namespace {

using Problems = std::vector<connector::SettingProblem>;

constexpr std::size_t tag_bytes_limit = 40;  // leaves room for what stands around it
constexpr std::size_t tag_hash_bytes = 13;   // of a UUID's text: its first two groups

// Slot names allow lower case letters, digits and underscores only; the other names follow suit.
std::string plain_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    const bool upper = c >= 'A' && c <= 'Z';
    name += plain ? c : upper ? static_cast<char>(c - 'A' + 'a') : '_';
  }
  return name.substr(0, limits::name_bytes);
}

std::string read_text(const JsonObject& settings, const char* key, std::string standard, Problems& problems) {
  const Json* value = settings.if_contains(key);
  if (value == nullptr) return standard;
  if (value->is_string() && !value->get_string().empty()) return std::string(value->get_string());
  problems.push_back({key, "must be a text that is not empty"});
  return standard;
}

std::string read_name(const JsonObject& settings, const char* key, const std::string& standard, Problems& problems) {
  const std::string name = read_text(settings, key, standard, problems);
  if (name != plain_name(name)) problems.push_back({key, "only lower case letters, digits and _, at most 63 of them"});
  return plain_name(name);
}

std::vector<std::string> read_names(const Json& value, const std::string& where, Problems& problems) {
  std::vector<std::string> names;
  if (value.is_string()) return {std::string(value.get_string())};
  if (const auto* list = value.if_array()) {
    for (const Json& item : *list) {
      if (item.is_string()) names.emplace_back(item.get_string());
    }
    if (names.size() == list->size()) return names;
  }
  problems.push_back({where, "must be the name of a column, or a list of names"});
  return {};
}

TableSettings read_table(const std::string& where, const Json& value, Problems& problems) {
  TableSettings table;
  const auto* object = value.if_object();
  if (object == nullptr) {
    problems.push_back({where, "must be a mapping with key, columns and soft_delete"});
    return table;
  }
  for (const auto& [key, names] : *object) {
    if (key == "key") {
      table.key = read_names(names, where + ".key", problems);
    } else if (key == "columns") {
      table.columns = read_names(names, where + ".columns", problems);
    } else if (key == "soft_delete") {
      table.soft_delete = read_text(*object, "soft_delete", "", problems);
    } else {
      problems.push_back({where + "." + std::string(key), "is not known; a table has key, columns and soft_delete"});
    }
  }
  return table;
}

void read_scope(const JsonObject& settings, Settings& out, Problems& problems) {
  const Json* value = settings.if_contains("scope");
  if (value == nullptr) return;
  const auto* object = value->if_object();
  if (object == nullptr || object->empty()) {
    problems.push_back({"scope", "must be a mapping from column to value"});
    return;
  }
  for (const auto& [column, held] : *object) {
    const bool plain = held.is_string() || held.is_number() || held.is_bool();
    if (!plain || column.empty()) problems.push_back({"scope." + std::string(column), "must be a text or a number"});
    out.scope[column] = held.is_string() ? std::string(held.get_string()) : to_text(held);
  }
}

void read_variables(const JsonObject& settings, Settings& out, Problems& problems) {
  const Json* value = settings.if_contains("variables");
  if (value == nullptr) return;
  const auto* object = value->if_object();
  if (object == nullptr || object->size() > limits::migration_variables) {
    problems.push_back({"variables", "must be a mapping from name to text"});
    return;
  }
  for (const auto& [name, held] : *object) {
    if (!held.is_string() || name.empty() || name == "source" || name != plain_name(name)) {
      problems.push_back({"variables." + std::string(name),
                          "must be a text; names have lower case letters, digits and "
                          "_, and none is called source"});
      continue;
    }
    out.variables[name] = std::string(held.get_string());
  }
}

// Systems of several sources may share their tables; what each makes in the database is its own.
std::string tag_of(const connector::SystemSettings& system, const Settings& settings) {
  const std::string name = plain_name(system.system.str());
  if (settings.scope.empty()) return name.substr(0, tag_bytes_limit);
  const std::string hash = connector::stable_uuid(system.source.str() + "/" + system.system.str());
  return name.substr(0, tag_bytes_limit - tag_hash_bytes - 1) + "_" + plain_name(hash.substr(0, tag_hash_bytes));
}

CaptureSetting read_capture(const JsonObject& settings, Problems& problems) {
  const std::string text = read_text(settings, "capture", "auto", problems);
  if (text == "auto") return CaptureSetting::automatic;
  if (text == "logical") return CaptureSetting::logical;
  if (text == "triggers") return CaptureSetting::triggers;
  if (text == "off") return CaptureSetting::off;
  problems.push_back({"capture", "must be auto, logical, triggers or off"});
  return CaptureSetting::automatic;
}

// What the connector itself writes is not a field's to write.
bool is_ours(const Settings& settings, const std::string& object, const std::string& column) {
  if (settings.scope.contains(column)) return true;
  const auto table = settings.tables.find(object);
  return table != settings.tables.end() && !column.empty() && table->second.soft_delete == column;
}

void check_paths(const connector::SystemSettings& system, const Settings& settings, Problems& problems) {
  for (const auto* entity : system.entities) {
    const auto* binding = entity->binding(system.system);
    if (binding == nullptr) continue;
    for (const auto& field : binding->fields) {
      if (std::ranges::count(field.path, '.') > 1) {
        problems.push_back({binding->object + "." + field.path,
                            "a path may name a column, or one member of a jsonb column, and nothing deeper"});
      }
      if (field.direction != sync::Direction::read &&
          is_ours(settings, binding->object, field.path.substr(0, field.path.find('.')))) {
        problems.push_back({binding->object + "." + field.path,
                            "is written by the settings scope or soft_delete: only direction: read is possible"});
      }
    }
  }
}

}  // namespace

Settings read_settings(const connector::SystemSettings& system, std::vector<connector::SettingProblem>& problems) {
  Settings out;
  out.url = read_text(system.settings, "url", "", problems);
  if (!system.settings.contains("url")) {
    problems.push_back(
        {"url", "is missing: a connection string such as postgresql://user:password@host:5432/database"});
  }
  out.schema = read_text(system.settings, "schema", "public", problems);
  out.capture = read_capture(system.settings, problems);
  read_scope(system.settings, out, problems);
  out.migrations = read_text(system.settings, "migrations", "", problems);
  read_variables(system.settings, out, problems);
  out.tag = tag_of(system, out);
  out.name = "lockstep_" + out.tag;
  out.slot = read_name(system.settings, "slot", out.name, problems);
  out.publication = read_name(system.settings, "publication", out.name, problems);
  out.statement_timeout = limits::statement_timeout;
  if (const Json* value = system.settings.if_contains("statement_timeout_ms")) {
    if (value->is_int64() && value->get_int64() > 0 && value->get_int64() <= limits::statement_timeout_most.count()) {
      out.statement_timeout = std::chrono::milliseconds(value->get_int64());
    } else {
      problems.push_back({"statement_timeout_ms",
                          "must be a number from 1 to " + std::to_string(limits::statement_timeout_most.count())});
    }
  }
  if (const Json* tables = system.settings.if_contains("tables")) {
    if (const auto* object = tables->if_object()) {
      for (const auto& [name, value] : *object) {
        out.tables.emplace(name, read_table("tables." + std::string(name), value, problems));
      }
    } else {
      problems.push_back({"tables", "must be a mapping from table to its settings"});
    }
  }
  for (const auto& item : system.settings) {
    static constexpr std::string_view known[] = {
        "url",     "schema", "tables",      "scope",     "migrations",
        "capture", "slot",   "publication", "variables", "statement_timeout_ms"};
    if (std::ranges::find(known, std::string_view(item.key())) == std::end(known)) {
      problems.push_back({std::string(item.key()), "is not a setting of the postgres connector"});
    }
  }
  for (const auto* entity : system.entities) {
    const auto* binding = entity->binding(system.system);
    if (binding == nullptr) continue;
    if (std::ranges::find(out.objects, binding->object) == out.objects.end()) out.objects.push_back(binding->object);
    for (const auto& field : binding->fields) {
      const std::size_t dot = field.path.find('.');
      if (dot != std::string::npos) out.merged_columns[binding->object].insert(field.path.substr(0, dot));
    }
  }
  check_paths(system, out, problems);
  return out;
}

Json settings_schema() {
  const auto described = [](Json schema, std::string_view description) {
    schema.get_object()["description"] = description;
    return schema;
  };
  const Json text = {{"type", "string"}};
  const Json names = {{"oneOf", {text, {{"type", "array"}, {"items", text}}}}};
  const Json table = {
      {"type", "object"},
      {"additionalProperties", false},
      {"properties",
       {{"key", described(names, "Column, or columns, that identify a row; default: the primary key")},
        {"columns", described(names, "Columns that are read; default: all that may be read")},
        {"soft_delete", described(text,
                                  "Column for a time, set instead of deleting the row; a row that has it is "
                                  "deleted")}}}};
  const Json capture = {{"enum", JsonArray{"auto", "logical", "triggers", "off"}}, {"default", "auto"}};
  const Json timeout = {{"type", "integer"},
                        {"minimum", 1},
                        {"maximum", limits::statement_timeout_most.count()},
                        {"default", limits::statement_timeout.count()}};
  JsonObject properties;
  properties["url"] = described(text, "Connection string or URI; a secret");
  properties["schema"] = described({{"type", "string"}, {"default", "public"}}, "Where the tables are");
  properties["tables"] = described({{"type", "object"}, {"additionalProperties", table}}, "Settings of single tables");
  properties["scope"] =
      described({{"type", "object"}, {"additionalProperties", text}},
                "Columns and values: only rows that hold them exist for this system, and rows that it makes get them");
  properties["migrations"] = described(
      text,
      "Folder of SQL files that migrate and the start run, in the order of their names; relative to where the "
      "program runs");
  properties["variables"] =
      described({{"type", "object"}, {"additionalProperties", text}},
                "What those files are told: current_setting('lockstep.NAME'); lockstep.source is the source's id");
  properties["capture"] =
      described(capture,
                "How changes by others are noticed: logical replication or triggers; auto takes replication when it is "
                "possible");
  properties["slot"] = described(text, "Name of the replication slot; default: lockstep_ and the system's name");
  properties["publication"] = described(text, "Name of the publication; default: lockstep_ and the system's name");
  properties["statement_timeout_ms"] = described(timeout, "How long one statement may take, in milliseconds");
  return {
      {"type", "object"}, {"required", JsonArray{"url"}}, {"additionalProperties", false}, {"properties", properties}};
}

}  // namespace lockstep::postgres
