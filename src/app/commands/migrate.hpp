// `lockstep migrate`: creates what the systems need and lack: tables, triggers, publications.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

void add_migrate(CLI::App& app, CommandContext& context, CommandAction& action);

}  // namespace lockstep::app
