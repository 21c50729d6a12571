// One connection to a PostgreSQL server, blocking: used on one worker's thread at a time. A connection that breaks
// stays broken; the owner opens a new one.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "connectors/postgres/settings.hpp"

namespace lockstep::postgres {

// Why a statement failed. Holds names and codes, never values of rows (O4).
struct SqlFailure {
  std::string state;  // SQLSTATE; "" when the connection broke
  std::string constraint;
  std::string column;
  std::string detail;  // of failures that concern no row: connecting, rights, replication
  int position = 0;    // of the mistake in the SQL, in characters from 1; 0: not told
};

template <class T>
using Sql = std::expected<T, SqlFailure>;

std::string describe(const SqlFailure& failure);
Error to_error(const SqlFailure& failure);

// Of the kind that another attempt can cure without any change: deadlock, serialization, timeout, shutdown.
bool is_transient(const SqlFailure& failure);
// The connection is gone.
bool is_disconnect(const SqlFailure& failure);

class Session;
// A commit reaches replication a moment before other sessions see its rows (PostgreSQL: the log is flushed before the
// transaction leaves the list of running ones; much longer where commits wait for a standby). Before a row counts as
// gone, it is looked for once more after this.
Sql<void> wait_for_visibility(Session& session);

class Rows {
 public:
  explicit Rows(PGresult* result) : result_(result) {}
  int size() const { return PQntuples(result_.get()); }
  bool is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  std::string_view text(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
  }
  std::string str(int row, int column) const { return std::string(text(row, column)); }
  bool flag(int row, int column) const { return text(row, column) == "t"; }
  std::uint64_t number(int row, int column) const;  // 0 when it is none
  ExecStatusType status() const { return PQresultStatus(result_.get()); }

 private:
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> result_;
};

using Parameters = std::vector<std::optional<std::string>>;

enum class SessionKind { sql, replication };

// How a connection is made, for the driver: names and their values.
class ConnectionWords {
 public:
  ConnectionWords(const Settings& settings, SessionKind kind);
  // Both end with a null.
  std::vector<const char*> names() const;
  std::vector<const char*> values() const;

 private:
  std::vector<std::pair<std::string, std::string>> words_;
};
// Why a connection could not be made.
SqlFailure connect_failure(const PGconn* connection);
// Why a statement failed, while the connection stands.
SqlFailure failure_of(const PGresult* result);
// What every session relies on: UTC, ISO dates, timeouts.
std::string session_setup(std::chrono::milliseconds statement_timeout);
void silence_notices(PGconn* connection);

class Session {
 public:
  // Connects and sets what the connector relies on: UTC, ISO dates, timeouts.
  static Sql<std::unique_ptr<Session>> open(const Settings& settings, SessionKind kind);

  // One statement with text parameters.
  Sql<Rows> query(const std::string& sql, const Parameters& parameters = {});
  // Several statements separated by semicolons, in one round trip; the last one's rows.
  Sql<Rows> run(const std::string& sql);

  // Also when it leads to a server that takes no writes (a pooler may change it under us): another may.
  bool broken() const { return dead_ || PQstatus(connection_.get()) != CONNECTION_OK; }
  PGconn* raw() { return connection_.get(); }
  SqlFailure last_failure() const;

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  explicit Session(PGconn* connection) : connection_(connection) {}
  Sql<Rows> checked(PGresult* result);

  std::unique_ptr<PGconn, Finish> connection_;
  bool dead_ = false;  // the server said so before the driver noticed
};

// "name" with its quotes doubled.
std::string quote_name(std::string_view name);
// 'text' for SQL under standard_conforming_strings.
std::string quote_text(std::string_view text);

}  // namespace lockstep::postgres
