// A thin layer over SQLite's C interface: connection, statements prepared once, transactions.
//
// One Database is one connection, used by one thread at a time. SQL is written in the program only (Sql takes
// nothing but literals); values are always bound. Errors by reaction: full disk or size limit `exhausted`, damaged
// or foreign file `corrupt`, lock held by another program `unavailable`.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "base/result.hpp"

namespace lockstep::store {

// The text of a statement: a literal, so that its address identifies it for as long as the program runs.
class Sql {
 public:
  consteval explicit(false) Sql(const char* text) : text_(text) {}
  const char* text() const { return text_; }

 private:
  const char* text_;
};

// What each() does after a row.
enum class Step { next, done };

// One row of a result. Valid until the next row is read.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::uint64_t number(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  std::string_view text(int column) const;
  std::string string(int column) const { return std::string(text(column)); }

 private:
  sqlite3_stmt* statement_;
};

class Database {
 public:
  enum class Mode { read_only, read_write };
  // A read-only connection never checkpoints: checkpoints come from the writer connection only, because SQLite
  // before 3.51.3 can damage the file when several connections reset the WAL at the same time.
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& path, Mode mode,
                                                std::chrono::milliseconds busy_wait, const std::string& vfs = "");
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // Runs one or several statements without values or results; for schema and settings, not prepared.
  Result<void> execute(const std::string& sql);
  Result<std::int64_t> read_integer(const std::string& sql);  // the first column of the first row

  // Runs a statement to its end; answers how many rows it changed.
  template <class... Values>
  Result<int> run(Sql sql, const Values&... values) {
    Use use(*this, sql);
    if (auto bound = use.bind_all(values...); !bound) return fail(bound.error());
    const int code = sqlite3_step(use.statement());
    if (code != SQLITE_DONE && code != SQLITE_ROW) return fail(error());
    return sqlite3_changes(handle_);
  }

  // Calls `on_row(const Row&)` for every row; it answers Result<void>, or Result<Step> to be able to stop.
  template <class OnRow, class... Values>
  Result<void> each(Sql sql, OnRow&& on_row, const Values&... values) {
    Use use(*this, sql);
    if (auto bound = use.bind_all(values...); !bound) return bound;
    for (;;) {
      const int code = sqlite3_step(use.statement());
      if (code == SQLITE_DONE) return {};
      if (code != SQLITE_ROW) return fail(error());
      auto handled = on_row(Row(use.statement()));
      if (!handled) return fail(handled.error());
      if constexpr (std::is_same_v<decltype(handled), Result<Step>>) {
        if (*handled == Step::done) return {};
      }
    }
  }

  std::int64_t last_insert_id() const { return sqlite3_last_insert_rowid(handle_); }
  bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  int last_code() const { return sqlite3_extended_errcode(handle_); }
  Error error() const;  // of the call that just failed

 private:
  // A prepared statement while it is in use: reset and without values afterwards.
  class Use {
   public:
    Use(Database& database, Sql sql);
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use();
    sqlite3_stmt* statement() const { return statement_; }

    template <class... Values>
    Result<void> bind_all(const Values&... values) {
      if (statement_ == nullptr) return fail(database_.error());
      int index = 0;
      int code = SQLITE_OK;
      ((code == SQLITE_OK ? void(code = bind(++index, values)) : void()), ...);
      if (code != SQLITE_OK) return fail(database_.error());
      return {};
    }

   private:
    int bind(int index, std::int64_t value) { return sqlite3_bind_int64(statement_, index, value); }
    int bind(int index, std::uint64_t value) { return bind(index, static_cast<std::int64_t>(value)); }
    int bind(int index, std::optional<std::uint64_t> value) {
      return value ? bind(index, *value) : sqlite3_bind_null(statement_, index);
    }
    int bind(int index, int value) { return bind(index, static_cast<std::int64_t>(value)); }
    // Not copied: every value outlives the statement's use, which ends within run() or each().
    int bind(int index, std::string_view text) {
      return sqlite3_bind_text64(statement_, index, text.data() == nullptr ? "" : text.data(), text.size(),
                                 SQLITE_STATIC, SQLITE_UTF8);
    }

    Database& database_;
    sqlite3_stmt* statement_ = nullptr;
  };

  explicit Database(sqlite3* handle) : handle_(handle) {}
  sqlite3_stmt* prepared(Sql sql);

  sqlite3* handle_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

// Rolls back unless committed.
class Transaction {
 public:
  enum class Mode { read, write };
  Transaction(Database& database, Mode mode);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  const Result<void>& begun() const { return begun_; }
  Result<void> commit();

 private:
  Database& database_;
  Result<void> begun_;
};

}  // namespace lockstep::store
