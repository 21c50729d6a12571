// `lockstep user`: local accounts, their rights and their sessions.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

void add_user(CLI::App& app, CommandContext& context, CommandAction& action);

}  // namespace lockstep::app
