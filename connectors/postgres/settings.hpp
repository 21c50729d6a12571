// The settings of one PostgreSQL system, read from its configuration.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "connector/connector.hpp"
#include "connectors/postgres/limits.hpp"

namespace lockstep::postgres {

enum class CaptureSetting { automatic, logical, triggers, off };

struct TableSettings {
  std::vector<std::string> key;      // empty: the primary key
  std::vector<std::string> columns;  // empty: all that may be read
  std::string soft_delete;           // column that is set instead of deleting the row; "": rows are deleted
};

struct Settings {
  std::string url;  // secret; libpq's connection string or URI
  std::string schema = "public";
  std::map<std::string, TableSettings, std::less<>> tables;
  // Column -> value: only rows that hold it exist for this system, and rows that it makes hold it. In every table.
  std::map<std::string, std::string, std::less<>> scope;
  std::string migrations;                                     // a folder of SQL files; "": none
  std::map<std::string, std::string, std::less<>> variables;  // what those files are told
  CaptureSetting capture = CaptureSetting::automatic;
  std::string tag;   // the system's name in a form fit for identifiers: "db"; with a scope also the source's
  std::string name;  // "lockstep_db": of triggers and functions
  std::string slot;  // replication slot
  std::string publication;
  std::chrono::milliseconds statement_timeout{0};
  std::chrono::milliseconds stream_silence = limits::stream_silence;  // then replication connects anew; no setting
  std::chrono::milliseconds read_deadline = limits::read_deadline;    // of dashboards' reads; no settings
  std::chrono::milliseconds read_statement_time = limits::read_statement_time;
  std::vector<std::string> objects;  // tables in use, in order of the entities
  // By object: jsonb columns of which single members are bound ("address.city"). Writes merge into them (L2).
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> merged_columns;
};

// Problems go to `problems`; what could be read is returned all the same.
Settings read_settings(const connector::SystemSettings& system, std::vector<connector::SettingProblem>& problems);

Json settings_schema();

}  // namespace lockstep::postgres
