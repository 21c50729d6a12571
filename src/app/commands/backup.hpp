// `lockstep backup` and `lockstep restore`: copies of the store.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

void add_backup(CLI::App& app, CommandContext& context, CommandAction& action);

}  // namespace lockstep::app
