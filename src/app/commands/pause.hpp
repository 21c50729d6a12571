// `lockstep pause` and `lockstep resume`: whether a system is written to.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

void add_pause(CLI::App& app, CommandContext& context, CommandAction& action);

}  // namespace lockstep::app
