// An SQLite file as another program sees it.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::tests {

using Row = std::map<std::string, std::string>;  // null is left out

class SqliteFile {
 public:
  enum class Mode { read_only, read_write };

  explicit SqliteFile(const std::filesystem::path& path, Mode mode = Mode::read_write);
  ~SqliteFile() { sqlite3_close(database_); }
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;

  // Runs one statement with ? bound to `values`; what it returned. A failure is thrown: the test can not go on.
  std::vector<Row> query(const std::string& sql, const std::vector<std::string>& values = {});
  // Rows changed by one statement.
  int run(const std::string& sql, const std::vector<std::string>& values = {});
  // The first column of the first row; 0 without one.
  std::int64_t number(const std::string& sql, const std::vector<std::string>& values = {});

 private:
  sqlite3* database_ = nullptr;
};

}  // namespace lockstep::tests
