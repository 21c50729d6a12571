// `lockstep schema`: the JSON Schema of the configuration for editors, or its reference in Markdown.
#pragma once

#include "app/commands/context.hpp"

namespace lockstep::app {

void add_schema(CLI::App& app, CommandContext& context, CommandAction& action);

}  // namespace lockstep::app
