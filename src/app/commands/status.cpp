#include "app/commands/status.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands/answers.hpp"
#include "app/commands/progress.hpp"
#include "app/commands/table.hpp"

namespace lockstep::app {
namespace {

Colour colour_of(std::string_view state) {
  if (state == "connected" || state == "reading") return Colour::green;
  return state == "asks" || state == "paused" || state == "silent" ? Colour::yellow : Colour::red;
}

void print_systems(Terminal& out, const Json& status) {
  Table table({{"SYSTEM"},
               {"CONNECTOR"},
               {"STATE"},
               {"WRITTEN", Align::right},
               {"FAILED", Align::right},
               {"LAST SEEN"},
               {"NOTE"}});
  for (const auto& system : list_member(status, "systems")) {
    const std::string state = text_or_dash(system, "state");
    const std::string said(string_member(system, "note"));
    const std::string note = !said.empty() ? said : text_or_dash(system, "capture");
    const bool failed = integer_member(system, "failed").value_or(0) > 0;
    table.add(
        {text_or_dash(system, "system"), text_or_dash(system, "kind"), Cell(state, colour_of(state)),
         text_or_dash(system, "written"), Cell(text_or_dash(system, "failed"), failed ? Colour::red : Colour::none),
         text_or_dash(system, "last_seen"), Cell(note == "-" ? "" : note, said.empty() ? Colour::grey : Colour::red)});
  }
  table.print(out);
}

void print_counts(Terminal& out, const Json& status) {
  const Json* counts = find_member(status, "counts");
  if (counts == nullptr || !counts->is_object()) return;
  std::string line;
  for (const auto& count : counts->get_object()) {
    if (!count.value().is_number()) continue;
    std::string name(count.key());
    for (char& c : name) {
      if (c == '_') c = ' ';
    }
    const auto number =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_member(*counts, count.key()).value_or(0)));
    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", with_commas(number), printable(name));
  }
  out.line(line);
}

Result<void> show_status(CommandContext& context, ApiClient& api, const std::string& named) {
  std::vector<std::string> ids;
  if (!named.empty()) {
    ids.push_back(named);
  } else {
    const auto sources = api.get("/sources");
    if (!sources) return fail(sources.error());
    for (const auto& source : items_of(*sources)) ids.emplace_back(string_member(source, "id"));
  }
  JsonArray all;
  for (const auto& id : ids) {
    auto status = api.get(fmt::format("/sources/{}/status", path_part(id)));
    if (!status) return fail(status.error());
    if (context.format == OutputFormat::text) {
      if (!all.empty()) context.out.line();
      context.out.line(context.out.paint(Colour::bold, printable(id)));
      print_counts(context.out, *status);
      print_systems(context.out, *status);
    }
    all.push_back(std::move(*status));
  }
  if (context.format == OutputFormat::json) print_json(context, all);
  return {};
}

}  // namespace

void add_status(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* command = app.add_subcommand("status", "Show the systems of a source and what waits or fails");
  add_api_options(*command, context);
  const auto source = std::make_shared<std::string>();
  command->add_option("source", *source, "The source; default: all");
  command->footer(
      "The key is read from LOCKSTEP_API_KEY.\n\n"
      "Examples:\n"
      "  lockstep status\n"
      "  lockstep status acme --url https://sync.example.com --json");
  command->callback([&context, &action, source] {
    action = [&context, source] {
      return with_api(context, [&](ApiClient& api) { return show_status(context, api, *source); });
    };
  });
}

}  // namespace lockstep::app
