// `lockstep sandbox KIND`: a simulator of an outside system behind an HTTP server.
#pragma once

#include <span>

#include "app/commands/context.hpp"
#include "connector/sandbox.hpp"

namespace lockstep::app {

// `factories` outlives the command.
void add_sandbox(CLI::App& app, CommandContext& context, std::span<const connector::SandboxFactory> factories,
                 CommandAction& action);

}  // namespace lockstep::app
