#include "app/commands/migrate.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace lockstep::app {
namespace {

ExitCode migrate(CommandContext& context, const std::string& only_source) {
  auto config = load_or_report(context);
  if (!config) return config.error();
  auto systems = context.open_systems(*config);
  if (!systems) return report(context, systems.error());
  bool found = only_source.empty();
  ExitCode exit = ExitCode::ok;
  JsonArray all;
  for (const auto& source : config->sources) {
    if (!only_source.empty() && source.id.str() != only_source) continue;
    found = true;
    for (const auto& system : source.systems) {
      const std::string name = fmt::format("{} / {}", source.id.str(), system.settings.system.str());
      const auto done = (*systems)->migrate(system);
      if (!done) {
        context.err.line(context.err.paint(Colour::red, name + ": ") + printable(done.error().message));
        exit = ExitCode::failed;
        continue;
      }
      JsonArray steps;
      for (const auto& step : *done) steps.emplace_back(step);
      if (context.format == OutputFormat::text) {
        context.out.line(context.out.paint(Colour::bold, name));
        for (const auto& step : *done) context.out.line("  " + printable(step));
        if (done->empty()) context.out.line("  " + context.out.paint(Colour::grey, "nothing to do"));
      }
      all.emplace_back(JsonObject{
          {"source", source.id.str()}, {"system", system.settings.system.str()}, {"done", std::move(steps)}});
    }
  }
  if (!found)
    return report(context,
                  {ErrorKind::invalid, fmt::format("the configuration has no source \"{}\"", only_source), {}});
  if (context.format == OutputFormat::json) print_json(context, all);
  return exit;
}

}  // namespace

void add_migrate(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* command =
      app.add_subcommand("migrate", "Create what the systems need and lack: tables, triggers, publications");
  add_config_option(*command, context);
  add_json_option(*command, context);
  const auto source = std::make_shared<std::string>();
  command->add_option("--source", *source, "Only this source");
  command->footer(
      "What exists is adopted, never dropped. It can run again at any time.\n\n"
      "Examples:\n"
      "  lockstep migrate\n"
      "  lockstep migrate --source acme");
  command->callback([&context, &action, source] { action = [&context, source] { return migrate(context, *source); }; });
}

}  // namespace lockstep::app
