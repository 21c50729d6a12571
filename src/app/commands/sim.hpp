// `lockstep sim`: runs the simulator, many seeds or one.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

void add_sim(CLI::App& app, CommandContext& context, std::string version, CommandAction& action);

}  // namespace lockstep::app
