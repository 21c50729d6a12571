// Creates what the system needs and does not find: tables, columns, the publication and slot or the outbox and its
// triggers. Can be run any number of times; changes and drops nothing that somebody else made.
#pragma once

#include <string>

#include "connector/worker_connector.hpp"
#include "connectors/postgres/capture_plan.hpp"
#include "connectors/postgres/database.hpp"

namespace lockstep::postgres {

Result<connector::Migrated> migrate(Database& database, const connector::SystemSettings& system, CaptureMode mode);

// CREATE TABLE for an object that does not exist. Pure.
std::string create_table_sql(const connector::SystemSettings& system, const Settings& settings,
                             const std::string& object);

}  // namespace lockstep::postgres
