// What another program does in a PostgreSQL database.
#pragma once

#include <libpq-fe.h>

#include <string>
#include <vector>

#include "tests/support/sqlite_file.hpp"

namespace lockstep::tests {

class Sql {
 public:
  explicit Sql(const std::string& url);
  ~Sql() { PQfinish(connection_); }
  Sql(const Sql&) = delete;
  Sql& operator=(const Sql&) = delete;

  // Runs one statement with $1, $2 … bound to `values`; what it returned. A failure is thrown.
  std::vector<Row> query(const std::string& sql, const std::vector<std::string>& values = {});
  // Many statements, in one transaction. A failure is thrown.
  void script(const std::string& sql);

 private:
  PGconn* connection_;
};

}  // namespace lockstep::tests
