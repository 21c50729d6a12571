// What a command works with. main() makes the real one, tests make their own.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "app/commands/api_client.hpp"
#include "app/commands/exit_code.hpp"
#include "app/commands/system_opener.hpp"
#include "app/commands/terminal.hpp"
#include "app/config/config.hpp"
#include "app/config/environment.hpp"
#include "app/config/load.hpp"
#include "connector/connector.hpp"

namespace lockstep::app {

enum class OutputFormat { text, json };

struct CommandContext {
  Terminal& out;  // what was asked for
  Terminal& err;  // what went wrong, and progress of something whose result goes to `out`
  const Environment& environment;
  std::span<const connector::Factory> factories;
  // Opens the way to a server: "http://127.0.0.1:8080".
  std::function<Result<std::unique_ptr<ApiTransport>>(const std::string& origin)> connect;
  // Opens the systems of a configuration for `check` and `migrate`.
  std::function<Result<std::unique_ptr<SystemOpener>>(const Config&)> open_systems;
  // A secret that is typed, or piped in; the text asks for it.
  std::function<Result<std::string>(const std::string& prompt)> read_secret = {};

  // Options before or after any command.
  std::string config_file = "lockstep.yaml";
  std::string url = {};  // of the server; "" takes it from the configuration
  OutputFormat format = OutputFormat::text;
};

// What the arguments ask for; runs after all of them have been read.
using CommandAction = std::function<ExitCode()>;

// Adds --config, --url and --json to a command, as far as it uses them.
void add_config_option(CLI::App& command, CommandContext& context);
void add_api_options(CLI::App& command, CommandContext& context);
void add_json_option(CLI::App& command, CommandContext& context);

// Prints an error as every command does, and says how the program ends.
ExitCode report(CommandContext& context, const Error& error);

// Prints JSON as it is for --json.
void print_json(CommandContext& context, const Json& value);

// Loads the configuration; prints every problem when there are any.
std::expected<Config, ExitCode> load_or_report(CommandContext& context);

// Runs `action` with a client of the server that --url or the configuration names.
ExitCode with_api(CommandContext& context, const std::function<Result<void>(ApiClient&)>& action);

// The source that was named, or the only one the server has.
Result<std::string> choose_source(ApiClient& api, const std::string& named);

}  // namespace lockstep::app
