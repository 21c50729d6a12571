// `lockstep conflicts`: fields on which two systems differed, and a person's word on one of them.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

void add_conflicts(CLI::App& app, CommandContext& context, CommandAction& action);

}  // namespace lockstep::app
