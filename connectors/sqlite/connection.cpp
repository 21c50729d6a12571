#include "connectors/sqlite/connection.hpp"

#include "connectors/sqlite/limits.hpp"

namespace lockstep::sqlite_connector {
namespace {

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == '\0') continue;
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

}  // namespace

std::string quote_name(std::string_view name) { return quoted(name, '"'); }
std::string quote_text(std::string_view text) { return quoted(text, '\''); }

bool file_exists(const std::string& path) {
  sqlite3_vfs* files = sqlite3_vfs_find(nullptr);
  int there = 0;
  return files != nullptr && files->xAccess(files, path.c_str(), SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK &&
         there != 0;
}

Error error_of(sqlite3* database, int code) {
  const int primary = code & 0xFF;
  // "UNIQUE constraint failed: contacts.email" names columns, never values, and so do the others; but a trigger says
  // what its author wrote, and may quote the row (O4).
  const bool trigger = database != nullptr && sqlite3_extended_errcode(database) == SQLITE_CONSTRAINT_TRIGGER;
  const std::string text =
      trigger ? "a trigger of the database refuses the row"
              : std::string(sqlite3_errstr(code)) + ": " + (database == nullptr ? "" : sqlite3_errmsg(database));
  switch (primary) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_INTERRUPT: return {ErrorKind::unavailable, text, {}};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return {ErrorKind::corrupt, text, {}};
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN: return {ErrorKind::unauthorized, text, {}};
    default: return {ErrorKind::invalid, text, {}};
  }
}

void Statement::bind(int parameter, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), parameter, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void Statement::bind(int parameter, std::int64_t number) { sqlite3_bind_int64(statement_.get(), parameter, number); }

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail(error_of(database_, sqlite3_extended_errcode(database_)));
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return bytes == nullptr
             ? ""
             : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, OpenMode mode) {
  sqlite3* raw = nullptr;
  const int flags = mode == OpenMode::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Connection> connection(new Connection(raw));
  if (code != SQLITE_OK) return fail(error_of(raw, code));
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, static_cast<int>(limits::busy_timeout.count()));
  sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, static_cast<int>(limits::value_bytes));
  // Only the writing connection makes checkpoints: two that do can corrupt a WAL file before SQLite 3.51.3.
  const char* set = mode == OpenMode::read_write
                        ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON"
                        : "PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0";
  if (auto ready = connection->run(set); !ready) return fail(ready.error());
  return connection;
}

Result<Statement> Connection::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(database_.get(), sql.c_str(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return fail(error_of(database_.get(), code));
  return Statement(database_.get(), statement);
}

Result<Statement*> Connection::kept(const std::string& sql) {
  auto found = kept_.find(sql);
  if (found == kept_.end()) {
    auto statement = prepare(sql);
    if (!statement) return fail(statement.error());
    found = kept_.emplace(sql, std::move(*statement)).first;
  }
  found->second.reset();
  return &found->second;
}

void Connection::trim() {
  if (kept_.size() > limits::statements_kept) kept_.clear();
}

Result<void> Connection::run(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(error_of(database_.get(), code));
  return {};
}

Result<std::int64_t> Connection::number(const std::string& sql) {
  auto statement = kept(sql);
  if (!statement) return fail(statement.error());
  auto row = (*statement)->step();
  if (!row) return fail(row.error());
  const std::int64_t out = *row ? (*statement)->number(0) : 0;
  (*statement)->reset();
  return out;
}

Result<Transaction> Transaction::begin(Connection& connection, OpenMode mode) {
  auto begun = connection.run(mode == OpenMode::read_write ? "BEGIN IMMEDIATE" : "BEGIN");
  if (!begun) return fail(begun.error());
  return Transaction(connection);
}

Result<void> Transaction::commit() {
  auto committed = connection_->run("COMMIT");
  if (committed) connection_ = nullptr;
  return committed;
}

Transaction::~Transaction() {
  // Ends a transaction that nobody wants any more; when that fails SQLite has ended it already.
  if (connection_ != nullptr) sqlite3_exec(connection_->raw(), "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace lockstep::sqlite_connector
