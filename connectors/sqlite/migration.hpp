// Creates the tables, columns, triggers and the two tables of our own that are missing. Can be run any number of times.
#pragma once

#include "connector/worker_connector.hpp"
#include "connectors/sqlite/database.hpp"

namespace lockstep::sqlite_connector {

Result<connector::Migrated> migrate(Database& database, const connector::SystemSettings& system);

}  // namespace lockstep::sqlite_connector
