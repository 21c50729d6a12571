// `lockstep forget-secrets`: goes on without a lost key.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

void add_forget_secrets(CLI::App& app, CommandContext& context, CommandAction& action);

}  // namespace lockstep::app
