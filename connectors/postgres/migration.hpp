// Creates what the system needs and does not find: tables, columns, the publication and slot or the outbox and its
// triggers. Can be run any number of times; changes and drops nothing that somebody else made.
#pragma once

#include <string>
#include <vector>

#include "connectors/postgres/capture_plan.hpp"
#include "connectors/postgres/database.hpp"

namespace lockstep::postgres {

struct Migrated {
  std::vector<std::string> done;  // for people
  bool capture_made = false;      // all of it or a table's part: changes made before are not in it
};

Result<Migrated> migrate(Database& database, const connector::SystemSettings& system, CaptureMode mode);

// The type of the column that a field is kept in: the converter's, where one changes it.
std::string column_type(const connector::SystemSettings& system, const Settings& settings,
                        const sync::FieldSchema& field, const sync::FieldBinding& binding);
// CREATE TABLE for an object that does not exist. Pure.
std::string create_table_sql(const connector::SystemSettings& system, const Settings& settings,
                             const std::string& object);

}  // namespace lockstep::postgres
