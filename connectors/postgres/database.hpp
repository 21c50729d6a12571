// Reads and writes of one system. Blocking; all calls come on one worker's thread, which owns everything in here.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "connector/connector.hpp"
#include "connectors/postgres/history.hpp"
#include "connectors/postgres/layout.hpp"
#include "connectors/postgres/position.hpp"

namespace lockstep::postgres {

class Database {
 public:
  explicit Database(Settings settings) : settings_(std::move(settings)) {}

  // Before anything else.
  void use(std::shared_ptr<History> history) { history_ = std::move(history); }

  // The open session; opens a new one when there is none or it broke.
  Sql<Session*> session();
  void close() { session_.reset(); }

  // Reads the tables anew.
  Result<void> refresh();
  const Settings& settings() const { return settings_; }
  SharedLayout layout() const { return layout_; }
  CaptureMode mode() const { return mode_; }
  void set_mode(CaptureMode mode) { mode_ = mode; }
  // SQL of the present version, for statements of the session that session() has just given.
  std::string position() const { return position_sql(mode_, settings_, base_); }

  Result<connector::PullPage> pull(const connector::PullRequest& request);
  Result<std::optional<sync::Change>> fetch(const std::string& object, const std::string& external_id);
  std::vector<connector::WriteResult> write(const std::vector<connector::WriteRequest>& requests);
  Result<std::optional<connector::Found>> find(const connector::WriteRequest& request);

 private:
  Result<const TableLayout*> table(const std::string& object);
  // Rows of `table` under the given condition, as changes with safe versions. `then`: order and limit.
  Result<std::vector<sync::Change>> read(const TableLayout& table, const std::string& condition,
                                         const std::string& then, const Parameters& parameters);

  Settings settings_;
  std::shared_ptr<History> history_;
  std::string server_;      // of the session
  sync::Version base_ = 0;  // of its positions
  std::unique_ptr<Session> session_;
  SharedLayout layout_ = std::make_shared<const Layout>();
  CaptureMode mode_ = CaptureMode::off;
  ReadPositions positions_;
};

// How the key of a new row comes about.
enum class KeySource {
  document,  // the mapped fields name it
  derived,   // from the idempotency key: the primary key itself makes the create repeatable (X1)
  recorded,  // the database makes it; lockstep.applied keeps which create got which key (X1)
  none,      // nobody does
};
KeySource key_source(const TableLayout& table, const JsonObject& document);

}  // namespace lockstep::postgres
