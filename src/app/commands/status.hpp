// `lockstep status`: the systems of a source and what waits or fails.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

void add_status(CLI::App& app, CommandContext& context, CommandAction& action);

}  // namespace lockstep::app
