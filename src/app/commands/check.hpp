// `lockstep check`: every mistake of the configuration, then per system what its credentials permit. Writes nothing.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

void add_check(CLI::App& app, CommandContext& context, CommandAction& action);

}  // namespace lockstep::app
