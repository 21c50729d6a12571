#include "app/run/demo_database.hpp"

#include <libpq-fe.h>
#include <sqlite3.h>

namespace lockstep::app {
namespace {

class SqliteDemo final : public DemoDatabase {
 public:
  explicit SqliteDemo(std::string path) : path_(std::move(path)) {}
  ~SqliteDemo() override { sqlite3_close(database_); }

  Result<void> open() {
    if (sqlite3_open(path_.c_str(), &database_) != SQLITE_OK) return failure();
    sqlite3_busy_timeout(database_, 5000);
    return {};
  }
  Result<void> execute(const std::string& sql) override {
    if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return failure();
    return {};
  }
  Result<std::vector<JsonObject>> rows(const std::string& sql) override {
    std::vector<JsonObject> out;
    const auto take = [](void* into, int count, char** values, char** names) {
      JsonObject row;
      for (int i = 0; i < count; ++i) row[names[i]] = values[i] == nullptr ? Json(nullptr) : Json(values[i]);
      static_cast<std::vector<JsonObject>*>(into)->push_back(std::move(row));
      return 0;
    };
    if (sqlite3_exec(database_, sql.c_str(), take, &out, nullptr) != SQLITE_OK) return fail(failure().error());
    return out;
  }
  std::string shell() const override { return "sqlite3 " + path_; }

 private:
  Result<void> failure() const {
    return fail(ErrorKind::unavailable, std::string("the demo's database: ") + sqlite3_errmsg(database_));
  }

  std::string path_;
  sqlite3* database_ = nullptr;
};

class PostgresDemo final : public DemoDatabase {
 public:
  explicit PostgresDemo(std::string connection)
      : connection_(std::move(connection)), database_(PQconnectdb(connection_.c_str())) {}
  ~PostgresDemo() override { PQfinish(database_); }

  bool open() const { return PQstatus(database_) == CONNECTION_OK; }
  std::string message() const { return PQerrorMessage(database_); }
  Result<void> execute(const std::string& sql) override {
    const Answer answer = run(sql);
    if (!answer) return fail(ErrorKind::unavailable, "the demo's database: " + message());
    return {};
  }
  Result<std::vector<JsonObject>> rows(const std::string& sql) override {
    const Answer answer = run(sql);
    if (!answer) return fail(ErrorKind::unavailable, "the demo's database: " + message());
    std::vector<JsonObject> out;
    for (int row = 0; row < PQntuples(answer.get()); ++row) {
      JsonObject one;
      for (int column = 0; column < PQnfields(answer.get()); ++column) {
        one[PQfname(answer.get(), column)] =
            PQgetisnull(answer.get(), row, column) != 0 ? Json(nullptr) : Json(PQgetvalue(answer.get(), row, column));
      }
      out.push_back(std::move(one));
    }
    return out;
  }
  std::string shell() const override { return "psql '" + connection_ + "'"; }

 private:
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  using Answer = std::unique_ptr<PGresult, Clear>;

  Answer run(const std::string& sql) {
    Answer answer(PQexec(database_, sql.c_str()));
    const ExecStatusType status = PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) answer.reset();
    return answer;
  }

  std::string connection_;
  PGconn* database_;
};

}  // namespace

Result<std::unique_ptr<DemoDatabase>> open_sqlite_demo(const std::string& path) {
  auto database = std::make_unique<SqliteDemo>(path);
  LOCKSTEP_CHECK(database->open());
  return database;
}

Result<std::unique_ptr<DemoDatabase>> open_postgres_demo(const std::string& connection) {
  auto database = std::make_unique<PostgresDemo>(connection);
  if (!database->open()) return fail(ErrorKind::unavailable, "the demo's database: " + database->message());
  return database;
}

std::string sql_text(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    out += c;
    if (c == '\'') out += c;
  }
  return out + "'";
}

}  // namespace lockstep::app
