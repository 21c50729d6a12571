// Which way of capture the database permits, and why.
#pragma once

#include <string>

#include "connectors/postgres/position.hpp"

namespace lockstep::postgres {

struct CapturePlan {
  CaptureMode mode = CaptureMode::off;
  std::string why;  // for people: why not the better way; "" when it is the best one
};

// What the server says of itself and of the role that is connected.
struct ServerFacts {
  std::string version;
  int version_number = 0;
  std::string wal_level;
  bool replication_role = false;  // REPLICATION or superuser
  bool bypasses_row_security = false;
  bool creates_in_database = false;
  bool standby = false;
};

Sql<ServerFacts> read_facts(Session& session);

// Tries a replication connection when everything else permits one: a pooler refuses only then.
CapturePlan plan_capture(const Settings& settings, const ServerFacts& facts);

}  // namespace lockstep::postgres
