// The demo's database as its owner sees it: plain SQL, beside Lockstep and without its knowledge.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace lockstep::app {

class DemoDatabase {
 public:
  virtual ~DemoDatabase() = default;
  virtual Result<void> execute(const std::string& sql) = 0;
  // Every row as an object of texts; NULL is null.
  virtual Result<std::vector<JsonObject>> rows(const std::string& sql) = 0;
  // What the visitor types to play with it.
  virtual std::string shell() const = 0;
};

Result<std::unique_ptr<DemoDatabase>> open_sqlite_demo(const std::string& path);
// `connection`: a libpq connection string.
Result<std::unique_ptr<DemoDatabase>> open_postgres_demo(const std::string& connection);

std::string sql_text(std::string_view value);  // quoted

}  // namespace lockstep::app
