// Creates the tables, columns, triggers and the two tables of our own that are missing. Can be run any number of times.
#pragma once

#include <string>
#include <vector>

#include "connectors/sqlite/database.hpp"

namespace lockstep::sqlite_connector {

struct Migrated {
  std::vector<std::string> done;  // for people
  bool capture_made = false;      // changes made before are not in it
};

Result<Migrated> migrate(Database& database, const connector::SystemSettings& system);

}  // namespace lockstep::sqlite_connector
