// What the configuration says about addresses that dashboards call. Replaced by a reload.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace lockstep::gateway {

// Whose tables /rest/v1 shows.
struct RestTarget {
  SourceId source;
  SystemName system;
};

// /functions/v1/{name}: reads entities of a system.
struct Function {
  SystemName system;
  std::vector<std::pair<EntityName, std::string>> entities;  // and what the answer calls them, in its order
  std::string mode = "incremental";                          // where the body names none
  std::string source = "source_id";                          // the body's member that names the source
  // Members of the body that must be what the system's settings say: whoever calls knows what he calls for.
  std::vector<std::pair<std::string, std::string>> settings;
  std::string upstream;        // the system's name in errors
  Duration wait{300'000'000};  // then the answer says where to look
};

struct Served {
  std::optional<RestTarget> rest = {};
  std::map<std::string, Function, std::less<>> functions = {};
};

}  // namespace lockstep::gateway
