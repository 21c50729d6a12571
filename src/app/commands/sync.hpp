// `lockstep sync`: reads a system now and shows how far it is.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

void add_sync(CLI::App& app, CommandContext& context, CommandAction& action);

}  // namespace lockstep::app
