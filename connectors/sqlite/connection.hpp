// One connection to an SQLite file, blocking: used on one worker's thread at a time.
#pragma once

#include <sqlite3.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lockstep::sqlite_connector {

enum class OpenMode { read_write, read_only };

class Connection;

// A prepared statement. Parameters count from 1, columns from 0.
class Statement {
 public:
  void bind(int parameter, std::string_view text);
  void bind(int parameter, std::int64_t number);
  // True: there is a row.
  Result<bool> step();
  void reset();
  sqlite3_stmt* raw() { return statement_.get(); }
  std::string text(int column) const;
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

 private:
  friend class Connection;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  Statement(sqlite3* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}

  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const std::string& path, OpenMode mode);

  Result<Statement> prepare(const std::string& sql);
  // The same, kept for the next time, ready to be bound. One user at a time: whoever steps it resets it, because an open
  // cursor would keep the transaction's snapshot. Valid until trim().
  Result<Statement*> kept(const std::string& sql);
  // Between two pieces of work: drops the kept statements when they are too many.
  void trim();
  Result<void> run(const std::string& sql);  // one or several statements without parameters
  // The first column of the first row as a number; 0 when there is no row.
  Result<std::int64_t> number(const std::string& sql);
  sqlite3* raw() { return database_.get(); }
  int changes() const { return sqlite3_changes(database_.get()); }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  explicit Connection(sqlite3* database) : database_(database) {}

  std::unique_ptr<sqlite3, Close> database_;
  std::map<std::string, Statement> kept_;  // goes before the database
};

// Rolls back unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection, OpenMode mode);
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

// The kinds that callers react to; names and codes only, never values (O4).
Error error_of(sqlite3* database, int code);

// As SQLite sees files, whichever of its VFS keeps them.
bool file_exists(const std::string& path);

std::string quote_name(std::string_view name);
std::string quote_text(std::string_view text);

}  // namespace lockstep::sqlite_connector
