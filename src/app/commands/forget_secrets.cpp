#include "app/commands/forget_secrets.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/ports/sealed_store.hpp"

namespace lockstep::app {
namespace {

ExitCode forget(CommandContext& context) {
  auto config = load_or_report(context);
  if (!config) return config.error();
  const Result<std::size_t> gone = forget_lost_secrets(config->server);
  if (!gone) return report(context, gone.error());
  if (context.format == OutputFormat::json) {
    print_json(context, JsonObject{{"forgotten", *gone}});
  } else {
    context.out.line(*gone == 0 ? std::string("every secret in the store opens: nothing was removed")
                                : fmt::format("{} secrets removed: connect their systems again", *gone));
  }
  return ExitCode::ok;
}

}  // namespace

void add_forget_secrets(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* command = app.add_subcommand("forget-secrets", "Remove secrets whose key is lost from the store");
  add_config_option(*command, context);
  add_json_option(*command, context);
  command->footer(
      "Only what no key opens is removed, nothing else. Lockstep must not be running. Afterwards the systems\n"
      "concerned ask to be connected again: a new OAuth grant, with its refresh token in the settings.\n\n"
      "Examples:\n"
      "  lockstep forget-secrets");
  command->callback([&context, &action] { action = [&context] { return forget(context); }; });
}

}  // namespace lockstep::app
