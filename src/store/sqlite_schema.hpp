// The tables of the SQLite store and how a file of an older version becomes one of this version
// (docs/formats/store.md).
#pragma once

#include "store/sqlite_database.hpp"

namespace lockstep::store {

inline constexpr std::int64_t schema_version = 5;
inline constexpr std::int64_t schema_application_id = 0x4C6B5374;  // "LkSt": how `file` and we know our files

// Fails with `invalid` when the file is newer than this program, or another program's. Changes nothing.
Result<void> check_version(Database& database);

// Brings the file to `target`, each version in a transaction of its own; a new file starts from nothing. Call
// check_version() first.
Result<void> migrate(Database& database, std::int64_t target = schema_version);

}  // namespace lockstep::store
