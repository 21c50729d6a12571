// Reads and writes of one file. Blocking; all calls come on one worker's thread, which owns everything in here.
//
// Versions: the number of the newest entry of _lockstep_changes that the transaction sees, plus one. SQLite has one
// writer at a time, so that number orders every read, write and captured change exactly (L5).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/sqlite/tables.hpp"

namespace lockstep::sqlite_connector {

// SQL for the version of what a transaction sees now, after what it has written.
inline constexpr const char* version_sql =
    "SELECT 1 + coalesce((SELECT seq FROM sqlite_sequence WHERE name = '_lockstep_changes'), 0)";

class Database {
 public:
  explicit Database(Settings settings) : settings_(std::move(settings)) {}

  enum class Missing { make, leave };
  // Does nothing when it is open. `unavailable` when the file is missing and left so: only migrate makes it.
  Result<void> open(Missing missing);
  void close();
  Result<void> refresh();                            // reads the tables anew
  Connection& connection() { return *connection_; }  // of an open one
  const Settings& settings() const { return settings_; }
  const Tables& tables() const { return tables_; }

  Result<connector::PullPage> pull(const connector::PullRequest& request);
  Result<std::optional<sync::Change>> fetch(const std::string& object, const std::string& external_id);
  std::vector<connector::WriteResult> write(const std::vector<connector::WriteRequest>& requests);
  Result<std::optional<connector::Found>> find(const connector::WriteRequest& request);
  // Entries of the capture that are durable elsewhere.
  Result<void> erase_changes(std::int64_t up_to);

 private:
  // Errors fail the whole batch; what concerns one row becomes its result.
  Result<connector::WriteResult> write_row(const connector::WriteRequest& request);
  Result<connector::WriteResult> create(const Table& table, const connector::WriteRequest& request);
  Result<connector::WriteResult> update(const Table& table, const connector::WriteRequest& request);
  Result<connector::WriteResult> remove(const Table& table, const connector::WriteRequest& request);
  Result<std::string> twin(const Table& table, const JsonObject& document);
  Result<std::optional<std::string>> applied(const Table& table, const std::string& key);
  Result<connector::WriteResult> state_of(const Table& table, const std::string& external_id, sync::OutcomeKind kind,
                                          std::string reason);
  Result<std::optional<JsonObject>> row(const Table& table, std::string_view external_id);
  Result<const Table*> table(const std::string& object);

  Settings settings_;
  std::unique_ptr<Connection> connection_;
  Tables tables_;
};

// The id that a create leads to when the database does not make it; "" when it does.
std::string key_of_create(const Table& table, const connector::WriteRequest& request);

}  // namespace lockstep::sqlite_connector
