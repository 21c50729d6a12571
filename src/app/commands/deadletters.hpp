// `lockstep deadletters`: writes that will not be tried again by themselves, and trying them again.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

void add_deadletters(CLI::App& app, CommandContext& context, CommandAction& action);

}  // namespace lockstep::app
