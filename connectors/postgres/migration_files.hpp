// SQL of the user's own: the files of a folder, run by migrate in the order of their names, in one transaction, under a
// lock that all programs of this database share. What has run is remembered by name and checksum: a file that has changed
// runs again, so files are written to be run again.
#pragma once

#include <string>
#include <vector>

#include "base/ids.hpp"
#include "connectors/postgres/session.hpp"

namespace lockstep::postgres {

// All or none. Files see the settings lockstep.source and lockstep.<variable> (current_setting). Those that end in
// .each.sql run for every source, the others once. What was done, for people.
Result<std::vector<std::string>> run_migration_files(Session& session, const Settings& settings,
                                                     const SourceId& source);

}  // namespace lockstep::postgres
