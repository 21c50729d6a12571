#include "tests/support/sql.hpp"

#include <stdexcept>

namespace lockstep::tests {

Sql::Sql(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
  if (PQstatus(connection_) == CONNECTION_OK) return;
  const std::string problem = PQerrorMessage(connection_);
  PQfinish(connection_);
  throw std::runtime_error(problem);
}

std::vector<Row> Sql::query(const std::string& sql, const std::vector<std::string>& values) {
  std::vector<const char*> pointers;
  for (const std::string& value : values) pointers.push_back(value.c_str());
  PGresult* result = PQexecParams(connection_, sql.c_str(), static_cast<int>(values.size()), nullptr, pointers.data(),
                                  nullptr, nullptr, 0);
  const ExecStatusType status = PQresultStatus(result);
  std::vector<Row> rows;
  for (int i = 0; i < PQntuples(result); ++i) {
    Row& row = rows.emplace_back();
    for (int j = 0; j < PQnfields(result); ++j) {
      if (PQgetisnull(result, i, j) == 0) row[PQfname(result, j)] = PQgetvalue(result, i, j);
    }
  }
  const std::string problem = PQresultErrorMessage(result);
  PQclear(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) throw std::runtime_error(sql + ": " + problem);
  return rows;
}

void Sql::script(const std::string& sql) {
  PGresult* result = PQexec(connection_, ("BEGIN; SET LOCAL client_min_messages = warning;" + sql + ";COMMIT").c_str());
  const bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
  const std::string problem = PQresultErrorMessage(result);
  PQclear(result);
  if (!done) throw std::runtime_error(problem);
}

}  // namespace lockstep::tests
