// What `check` and `migrate` do with a system; behind an interface so that tests need no network.
#pragma once

#include <string>
#include <vector>

#include "app/config/config.hpp"
#include "base/result.hpp"
#include "connector/connector.hpp"
#include "connector/tables.hpp"

namespace lockstep::app {

// Each call makes the connector, starts it, does one thing and stops it.
class SystemOpener {
 public:
  virtual ~SystemOpener() = default;
  virtual Result<std::vector<connector::CheckLine>> check(const SystemConfig& system) = 0;
  virtual Result<std::vector<std::string>> migrate(const SystemConfig& system) = 0;
  // Rows of a table of the system, as the role that its connection has.
  virtual Result<std::vector<std::string>> read(const SystemConfig& system, const connector::TableRead& read) = 0;
};

}  // namespace lockstep::app
