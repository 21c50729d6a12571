// `lockstep up`: the server.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

void add_up(CLI::App& app, CommandContext& context, std::string version, CommandAction& action);

}  // namespace lockstep::app
