// `lockstep demo`: a simulated CRM, a database and the hub between them, on this machine, for everybody to see.
#pragma once

#include <span>

#include "app/commands/context.hpp"
#include "connector/sandbox.hpp"

namespace lockstep::app {

void add_demo(CLI::App& app, CommandContext& context, std::span<const connector::SandboxFactory> sandboxes,
              std::string version, CommandAction& action);

}  // namespace lockstep::app
