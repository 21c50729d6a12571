#include "store/sqlite_database.hpp"

#include <cerrno>
#include <cstring>

#include "base/assert.hpp"

namespace lockstep::store {

namespace {

bool no_room(int system_error) { return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG; }

ErrorKind kind_of(int extended_code, int system_error) {
  switch (extended_code & 0xff) {
    case SQLITE_FULL: return ErrorKind::exhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
    case SQLITE_NOMEM: return ErrorKind::unavailable;
    case SQLITE_CONSTRAINT: return ErrorKind::conflict;
    case SQLITE_TOOBIG: return ErrorKind::invalid;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return ErrorKind::unavailable;
    case SQLITE_CANTOPEN: return no_room(system_error) ? ErrorKind::exhausted : ErrorKind::unavailable;
    case SQLITE_IOERR:
      // After a failed fsync nobody knows what is on the disk: only a fresh start with recovery does.
      if ((extended_code == SQLITE_IOERR_FSYNC) || (extended_code == SQLITE_IOERR_DIR_FSYNC)) return ErrorKind::corrupt;
      return no_room(system_error) ? ErrorKind::exhausted : ErrorKind::unavailable;
    default:
      return ErrorKind::
          corrupt;  // SQLITE_CORRUPT, SQLITE_NOTADB, and what must not happen (SQLITE_ERROR, SQLITE_MISUSE)
  }
}

Error error_of(sqlite3* handle) {
  const int code = sqlite3_extended_errcode(handle);
  const int system_error = sqlite3_system_errno(handle);
  std::string message = "store: " + std::string(sqlite3_errmsg(handle)) + " (SQLite " + std::to_string(code);
  if (system_error != 0 && (code & 0xff) == SQLITE_IOERR) message += ", " + std::string(std::strerror(system_error));
  return Error{kind_of(code, system_error), message + ")", {}};
}

}  // namespace

std::string_view Row::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string_view()
                          : std::string_view(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& path, Mode mode,
                                                 std::chrono::milliseconds busy_wait, const std::string& vfs) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, vfs.empty() ? nullptr : vfs.c_str());
  if (handle == nullptr) return fail(ErrorKind::unavailable, "store: no memory to open " + path.string());
  std::unique_ptr<Database> database(new Database(handle));
  if (code != SQLITE_OK) {
    Error error = error_of(handle);
    error.message += ": " + path.string();
    return fail(std::move(error));
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, static_cast<int>(busy_wait.count()));
  if (mode == Mode::read_only) sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  return database;
}

Database::~Database() {
  for (const auto& [text, statement] : statements_) sqlite3_finalize(statement);
  const int code = sqlite3_close(handle_);
  LOCKSTEP_ASSERT(code == SQLITE_OK, "every statement is finalized before its connection closes");
}

Result<void> Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return fail(error());
  return {};
}

Result<std::int64_t> Database::read_integer(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) return fail(error());
  const int code = sqlite3_step(statement);
  Result<std::int64_t> value = code == SQLITE_ROW ? Result<std::int64_t>(sqlite3_column_int64(statement, 0))
                                                  : Result<std::int64_t>(fail(error()));
  sqlite3_finalize(statement);
  return value;
}

Error Database::error() const { return error_of(handle_); }

sqlite3_stmt* Database::prepared(Sql sql) {
  const auto [at, inserted] = statements_.try_emplace(sql.text(), nullptr);
  if (at->second == nullptr) {
    if (sqlite3_prepare_v3(handle_, sql.text(), -1, SQLITE_PREPARE_PERSISTENT, &at->second, nullptr) != SQLITE_OK)
      return nullptr;
  }
  LOCKSTEP_ASSERT(sqlite3_stmt_busy(at->second) == 0, "a statement is not used inside its own result");
  return at->second;
}

Database::Use::Use(Database& database, Sql sql) : database_(database), statement_(database.prepared(sql)) {}

Database::Use::~Use() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);  // its error was reported by the step already
  sqlite3_clear_bindings(statement_);
}

Transaction::Transaction(Database& database, Mode mode) : database_(database) {
  const Result<int> begun = mode == Mode::write ? database_.run("BEGIN IMMEDIATE") : database_.run("BEGIN");
  if (!begun) begun_ = fail(begun.error());
}

Transaction::~Transaction() {
  if (!begun_ || !database_.in_transaction()) return;  // SQLite itself rolls back on a full disk
  const Result<int> rolled_back = database_.run("ROLLBACK");
  LOCKSTEP_ASSERT(rolled_back || !database_.in_transaction(), "a transaction that failed must not stay open");
}

Result<void> Transaction::commit() {
  const Result<int> committed = database_.run("COMMIT");
  if (!committed) return fail(committed.error());
  return {};
}

}  // namespace lockstep::store
