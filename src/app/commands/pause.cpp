#include "app/commands/pause.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands/answers.hpp"

namespace lockstep::app {
namespace {

struct PauseOptions {
  std::string source;
  std::string system;
  std::string reason;
};

Result<Json> send(ApiClient& api, const PauseOptions& options, std::string_view what, const JsonObject& body) {
  const auto source = choose_source(api, options.source);
  if (!source) return fail(source.error());
  return api.post(fmt::format("/sources/{}/systems/{}/{}", path_part(*source), path_part(options.system), what), body);
}

Result<void> tell(CommandContext& context, const PauseOptions& options, const Result<Json>& answer,
                  std::string_view text) {
  if (!answer) return fail(answer.error());
  if (context.format == OutputFormat::json) {
    print_json(context, *answer);
  } else {
    context.out.line(fmt::format("{}: {}", printable(options.system), text));
  }
  return {};
}

CLI::App* add_command(CLI::App& app, CommandContext& context, PauseOptions& options, const char* name,
                      const char* text) {
  CLI::App* command = app.add_subcommand(name, text);
  add_api_options(*command, context);
  command->add_option("system", options.system, "The system: crm")->required();
  command->add_option("--source", options.source, "The source; not needed when there is one only");
  return command;
}

}  // namespace

void add_pause(CLI::App& app, CommandContext& context, CommandAction& action) {
  const auto paused = std::make_shared<PauseOptions>();
  CLI::App* pause = add_command(app, context, *paused, "pause", "Write nothing to a system until it is resumed");
  pause->add_option("--reason", paused->reason, "Why, for the others")->required();
  pause->footer(
      "What comes from the system is still taken in. A pause survives a restart.\n\n"
      "Examples:\n"
      "  lockstep pause crm --reason \"fields are being renamed\"");
  pause->callback([&context, &action, paused] {
    action = [&context, paused] {
      return with_api(context, [&](ApiClient& api) {
        return tell(context, *paused, send(api, *paused, "pause", {{"reason", paused->reason}}),
                    "nothing is written to it until `lockstep resume`");
      });
    };
  });

  const auto resumed = std::make_shared<PauseOptions>();
  CLI::App* resume =
      add_command(app, context, *resumed, "resume", "Write to a system again, or approve what the guard asks about");
  resume->footer(
      "When too much of a system would be deleted or rewritten at once, Lockstep stops and asks: `lockstep status`\n"
      "says how much. Resuming approves it, and what comes within the guard's window after it.\n\n"
      "Examples:\n"
      "  lockstep resume crm");
  resume->callback([&context, &action, resumed] {
    action = [&context, resumed] {
      return with_api(context, [&](ApiClient& api) {
        return tell(context, *resumed, send(api, *resumed, "resume", {}), "written to again");
      });
    };
  });
}

}  // namespace lockstep::app
