// A PostgreSQL cluster of the demo's own, in a folder, on a unix socket; gone when the demo ends. As root it runs as the
// user postgres, because PostgreSQL refuses root.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace lockstep::app {

class PrivatePostgres {
 public:
  // Makes and starts the cluster below `folder`, which it gives to the user postgres when run as root.
  static Result<std::unique_ptr<PrivatePostgres>> start(const std::string& folder);
  ~PrivatePostgres();
  PrivatePostgres(const PrivatePostgres&) = delete;
  PrivatePostgres& operator=(const PrivatePostgres&) = delete;

  std::string connection() const;  // for libpq

 private:
  explicit PrivatePostgres(std::string folder) : folder_(std::move(folder)) {}
  // Runs one of PostgreSQL's programs and waits for it.
  Result<void> run(const std::string& program, const std::vector<std::string>& arguments) const;

  std::string folder_;
};

}  // namespace lockstep::app
