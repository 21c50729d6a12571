// The control API: what people, tests and audits do to the sandbox. Spends no quota, meets no faults.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/gohighlevel/sandbox/core.hpp"

namespace lockstep::gohighlevel::sandbox {

struct ControlCall {
  Location& location;             // ?locationId=, or the first one
  std::vector<std::string> path;  // the values of the pattern's {…}
  wire::Target target;
  JsonObject body;
};

using ControlHandler = Outcome<Answer> (*)(Core&, const ControlCall&);

struct ControlRoute {
  std::string_view method;
  std::string_view pattern;
  ControlHandler handler;
};

std::span<const ControlRoute> control_record_routes();
std::span<const ControlRoute> control_shop_routes();
std::span<const ControlRoute> control_system_routes();

}  // namespace lockstep::gohighlevel::sandbox
