#include "app/commands/check.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>

#include "app/config/member_rows.hpp"

namespace lockstep::app {
namespace {

using Level = connector::CheckLine::Level;

enum class Reach { systems, file };

struct Findings {
  std::size_t warnings = 0;
  std::size_t problems = 0;
  JsonArray systems;
};

std::string_view to_string(Level level) {
  switch (level) {
    case Level::ok: return "ok";
    case Level::warning: return "warning";
    case Level::problem: return "problem";
  }
  return "?";
}

void print_line(Terminal& out, const connector::CheckLine& line) {
  const Colour colour = line.level == Level::ok        ? Colour::green
                        : line.level == Level::warning ? Colour::yellow
                                                       : Colour::red;
  const std::string_view sign = line.level == Level::ok        ? "ok      "
                                : line.level == Level::warning ? "warning "
                                                               : "problem ";
  out.line("  " + out.paint(colour, sign) + printable(line.what));
  if (!line.hint.empty()) out.line("          " + out.paint(Colour::grey, printable(line.hint)));
}

// Who it lets in: a table that can not be read lets nobody in, and a row that is not understood nobody either.
void check_members(const Config& config, const MemberTable& table, const Result<std::vector<std::string>>& texts,
                   std::vector<connector::CheckLine>& lines) {
  const auto rows = texts ? member_rows(*texts) : std::unexpected(texts.error());
  if (!rows) {
    lines.push_back({Level::problem, fmt::format("members in {}: {}", table.table, rows.error().message),
                     "nobody has a right from access.members until it can be read"});
    return;
  }
  std::set<std::string> people;
  std::size_t nothing = 0;
  std::size_t elsewhere = 0;
  for (const MemberRow& row : *rows) {
    if (!row.grant) {
      ++nothing;
    } else if (std::ranges::find(config.sources, row.source, &SourceConfig::id) == config.sources.end()) {
      ++elsewhere;
    } else {
      people.insert(row.user);
    }
  }
  lines.push_back(
      {Level::ok, fmt::format("members in {}: {} in {} rows", table.table, people.size(), rows->size()), ""});
  if (nothing > 0) {
    lines.push_back(
        {Level::warning, fmt::format("members in {}: {} rows give no right", table.table, nothing),
         "a row names a user, a source and one of viewer, editor and owner, or no role; or business and its name"});
  }
  if (elsewhere > 0) {
    lines.push_back({Level::warning,
                     fmt::format("members in {}: {} rows name a source that is not configured", table.table, elsewhere),
                     "the ids of sources in this file are compared with the column " + table.source_column});
  }
}

void check_system(CommandContext& context, SystemOpener& systems, const Config& config, const SystemConfig& system,
                  Findings& findings) {
  std::vector<connector::CheckLine> lines;
  auto checked = systems.check(system);
  if (checked)
    lines = std::move(*checked);
  else
    lines.push_back({Level::problem, checked.error().message, ""});
  for (const MemberTable& table : config.members) {
    if (table.source != system.settings.source || table.system != system.settings.system) continue;
    const auto rows = systems.read(system, read_of(table));
    check_members(config, table, rows, lines);
  }

  const std::string name = fmt::format("{} / {}", system.settings.source.str(), system.settings.system.str());
  JsonArray json_lines;
  for (const auto& line : lines) {
    if (line.level == Level::warning) ++findings.warnings;
    if (line.level == Level::problem) ++findings.problems;
    json_lines.emplace_back(JsonObject{{"level", to_string(line.level)}, {"what", line.what}, {"hint", line.hint}});
  }
  findings.systems.emplace_back(JsonObject{{"source", system.settings.source.str()},
                                           {"system", system.settings.system.str()},
                                           {"connector", system.connector},
                                           {"lines", std::move(json_lines)}});
  if (context.format == OutputFormat::json) return;
  context.out.line(context.out.paint(Colour::bold, name) +
                   context.out.paint(Colour::grey, fmt::format("  ({})", system.connector)));
  for (const auto& line : lines) print_line(context.out, line);
}

ExitCode check(CommandContext& context, Reach reach) {
  auto config = load_or_report(context);
  if (!config) return config.error();
  Findings findings;
  if (reach == Reach::systems) {
    auto systems = context.open_systems(*config);
    if (!systems) return report(context, systems.error());
    for (const auto& source : config->sources) {
      for (const auto& system : source.systems) check_system(context, **systems, *config, system, findings);
    }
  }
  if (context.format == OutputFormat::json) {
    JsonArray warnings;
    for (const auto& warning : config->warnings) warnings.emplace_back(warning);
    print_json(context, JsonObject{{"problems", JsonArray()},
                                   {"warnings", std::move(warnings)},
                                   {"systems", std::move(findings.systems)}});
  } else {
    for (const auto& warning : config->warnings)
      context.out.line(context.out.paint(Colour::yellow, "warning: ") + printable(warning));
    const std::size_t warnings = findings.warnings + config->warnings.size();
    if (findings.problems == 0) {
      context.out.line(context.out.paint(Colour::green, fmt::format("{} is fine", context.config_file)) +
                       (warnings == 0 ? "" : fmt::format(", {} warning{}", warnings, warnings == 1 ? "" : "s")));
    } else {
      context.out.line(context.out.paint(
          Colour::red, fmt::format("{} problem{}", findings.problems, findings.problems == 1 ? "" : "s")));
    }
  }
  return findings.problems == 0 ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

void add_check(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* command =
      app.add_subcommand("check", "Check the configuration and what the credentials permit; writes nothing");
  add_config_option(*command, context);
  add_json_option(*command, context);
  const auto reach = std::make_shared<Reach>(Reach::systems);
  command->add_flag_callback("--offline", [reach] { *reach = Reach::file; }, "Check the file only, connect to nothing");
  command->footer(
      "Exit codes: 0 fine, 1 a system refuses something, 2 mistakes in the file, 3 a variable or file is missing.\n\n"
      "Examples:\n"
      "  lockstep check\n"
      "  lockstep check --offline --json --config /etc/lockstep/lockstep.yaml");
  command->callback([&context, &action, reach] { action = [&context, reach] { return check(context, *reach); }; });
}

}  // namespace lockstep::app
