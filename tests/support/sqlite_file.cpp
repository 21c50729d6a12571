#include "tests/support/sqlite_file.hpp"

#include <stdexcept>

namespace lockstep::tests {

SqliteFile::SqliteFile(const std::filesystem::path& path, Mode mode) {
  const int flags = mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (sqlite3_open_v2(path.c_str(), &database_, flags, nullptr) != SQLITE_OK)
    throw std::runtime_error("can not open " + path.string());
  sqlite3_busy_timeout(database_, 20'000);
  // As the connector's README asks of programs that share the file.
  if (mode == Mode::read_write) run("PRAGMA wal_autocheckpoint = 0");
}

std::vector<Row> SqliteFile::query(const std::string& sql, const std::vector<std::string>& values) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sql + ": " + sqlite3_errmsg(database_));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    sqlite3_bind_text(statement, static_cast<int>(i) + 1, values[i].data(), static_cast<int>(values[i].size()),
                      SQLITE_TRANSIENT);
  }
  std::vector<Row> rows;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    Row& row = rows.emplace_back();
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
      if (text != nullptr) row[sqlite3_column_name(statement, i)] = text;
    }
  }
  sqlite3_finalize(statement);
  if (code != SQLITE_DONE) throw std::runtime_error(sql + ": " + sqlite3_errmsg(database_));
  return rows;
}

int SqliteFile::run(const std::string& sql, const std::vector<std::string>& values) {
  query(sql, values);
  return sqlite3_changes(database_);
}

std::int64_t SqliteFile::number(const std::string& sql, const std::vector<std::string>& values) {
  const std::vector<Row> rows = query(sql, values);
  return rows.empty() || rows.front().empty() ? 0 : std::stoll(rows.front().begin()->second);
}

}  // namespace lockstep::tests
