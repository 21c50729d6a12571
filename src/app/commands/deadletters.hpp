// `lockstep deadletters`: writes that will not be tried again by themselves: what they have in common, trying them again, giving them up.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

void add_deadletters(CLI::App& app, CommandContext& context, CommandAction& action);

}  // namespace lockstep::app
