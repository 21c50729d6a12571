// `lockstep undo`: what one journal entry or a whole job has changed is turned back. `lockstep replay`: what was touched
// between two times is read again.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

void add_undo(CLI::App& app, CommandContext& context, CommandAction& action);
void add_replay(CLI::App& app, CommandContext& context, CommandAction& action);

}  // namespace lockstep::app
