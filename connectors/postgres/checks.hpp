// What the credentials permit, line by line, with what to do about it. Writes nothing.
#pragma once

#include <vector>

#include "connectors/postgres/capture_plan.hpp"
#include "connectors/postgres/database.hpp"

namespace lockstep::postgres {

std::vector<connector::CheckLine> run_checks(Database& database, const connector::SystemSettings& system);

}  // namespace lockstep::postgres
