// `lockstep init`: writes a commented lockstep.yaml to start from; never over an existing file.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

void add_init(CLI::App& app, CommandContext& context, CommandAction& action);

}  // namespace lockstep::app
