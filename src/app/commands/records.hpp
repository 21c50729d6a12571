// `lockstep records` and `lockstep record ID`: what the records hold, and how each system stands to them.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

// Adds both.
void add_records(CLI::App& app, CommandContext& context, CommandAction& action);

}  // namespace lockstep::app
