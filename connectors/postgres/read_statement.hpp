// A dashboard's read as SQL. Names are quoted, values are parameters: nothing that a caller sends becomes SQL.
#pragma once

#include <string>

#include "connector/tables.hpp"
#include "connectors/postgres/session.hpp"

namespace lockstep::postgres {

struct ReadStatement {
  std::string rows;       // one column: a row as JSON text
  std::string count;      // "": not asked for
  Parameters parameters;  // of both
};

// `invalid`: the read makes no sense or is too large.
std::expected<ReadStatement, connector::TableFailure> read_statement(const std::string& schema,
                                                                     const connector::TableRead& read);

}  // namespace lockstep::postgres
