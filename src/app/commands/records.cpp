#include "app/commands/records.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands/answers.hpp"
#include "app/commands/table.hpp"

namespace lockstep::app {
namespace {

struct ListOptions {
  std::string source;
  std::string entity;
  std::string query;
  std::string after;
  std::size_t limit = 50;
};

struct ShowOptions {
  std::string source;
  std::string id;
};

// The first few fields, as "name=value".
std::string summary_of(const Json& record) {
  const Json* fields = find_member(record, "fields");
  if (fields == nullptr || !fields->is_object()) return {};
  std::string text;
  for (const auto& field : fields->get_object()) {
    const std::string value = inline_text(field.value());
    if (value.empty()) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : "  ", field.key(), value);
  }
  return text;
}

// "crm:synced db:pending", coloured by the worst.
Cell systems_cell(const Json& record) {
  std::string text;
  std::string worst = "synced";
  for (const auto& [name, system] : members_of(record, "systems")) {
    const std::string status(string_member(system, "status"));
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ", std::string_view(name), status);
    if (status == "failed" || (status != "synced" && worst == "synced")) worst = status;
  }
  return {text, colour_of_status(worst)};
}

Result<void> list(CommandContext& context, ApiClient& api, const ListOptions& options) {
  const auto source = choose_source(api, options.source);
  if (!source) return fail(source.error());
  const auto page =
      api.get(fmt::format("/sources/{}/records", path_part(*source)), {{"entity", options.entity},
                                                                       {"query", options.query},
                                                                       {"after", options.after},
                                                                       {"limit", std::to_string(options.limit)}});
  if (!page) return fail(page.error());
  if (context.format == OutputFormat::json) {
    print_json(context, *page);
    return {};
  }
  Table table({{"RECORD"}, {"ENTITY"}, {"SYSTEMS"}, {"FIELDS"}});
  for (const auto& record : items_of(*page)) {
    table.add({text_or_dash(record, "id"), text_or_dash(record, "entity"), systems_cell(record), summary_of(record)});
  }
  if (table.empty())
    context.out.line("no records");
  else
    table.print(context.out);
  const std::string next(string_member(*page, "next"));
  if (!next.empty()) context.err.line(fmt::format("more: --after {}", printable(next)));
  return {};
}

void print_fields(Terminal& out, const Json& record) {
  std::vector<Column> columns{{"FIELD"}, {"VALUE"}};
  const auto& systems = members_of(record, "systems");
  for (const auto& system : systems) columns.push_back({printable(system.key())});
  Table table(std::move(columns));
  const Json* fields = find_member(record, "fields");
  if (fields == nullptr || !fields->is_object()) return;
  for (const auto& field : fields->get_object()) {
    std::vector<Cell> row{std::string(field.key()), inline_text(field.value())};
    for (const auto& system : systems) {
      const Json* base = find_member(system.value(), "base");
      const Json* held = base == nullptr ? nullptr : find_member(*base, field.key());
      if (held == nullptr)
        row.emplace_back("", Colour::grey);
      else if (*held == field.value())
        row.emplace_back("=", Colour::green);
      else
        row.emplace_back(inline_text(*held), Colour::yellow);
    }
    table.add(std::move(row));
  }
  table.print(out);
}

void print_links(Terminal& out, const Json& record) {
  Table table({{"SYSTEM"}, {"ID"}, {"STATUS"}, {"WHY"}});
  for (const auto& [name, system] : members_of(record, "systems")) {
    const std::string status(string_member(system, "status"));
    const std::string detail = text_or_dash(system, "detail");
    table.add({std::string(name), text_or_dash(system, "external_id"), Cell(status, colour_of_status(status)),
               detail == "-" ? "" : detail});
  }
  table.print(out);
}

void print_history(Terminal& out, const Json& record) {
  const auto& history = list_member(record, "history");
  if (history.empty()) return;
  Table table({{"SEQ", Align::right}, {"TIME"}, {"SYSTEM"}, {"WHAT"}, {"BECAME"}, {"WHY"}});
  for (const auto& entry : history) {
    table.add({text_or_dash(entry, "seq"), text_or_dash(entry, "at"), text_or_dash(entry, "system"),
               text_or_dash(entry, "kind"), text_or_dash(entry, "disposition"), text_or_dash(entry, "reason")});
  }
  out.line();
  table.print(out);
}

Result<void> show(CommandContext& context, ApiClient& api, const ShowOptions& options) {
  const auto source = choose_source(api, options.source);
  if (!source) return fail(source.error());
  const auto record = api.get(fmt::format("/sources/{}/records/{}", path_part(*source), path_part(options.id)));
  if (!record) return fail(record.error());
  if (context.format == OutputFormat::json) {
    print_json(context, *record);
    return {};
  }
  context.out.line(context.out.paint(Colour::bold, text_or_dash(*record, "id")) + "  " +
                   text_or_dash(*record, "entity"));
  print_links(context.out, *record);
  context.out.line();
  print_fields(context.out, *record);
  print_history(context.out, *record);
  return {};
}

void add_record(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* command =
      app.add_subcommand("record", "Show one record: its fields, each system's view of them, its history");
  add_api_options(*command, context);
  const auto options = std::make_shared<ShowOptions>();
  command->add_option("id", options->id, "The record's id")->required();
  command->add_option("--source", options->source, "The source; not needed when there is one only");
  command->footer(
      "Under a system's name \"=\" means that it holds the same value.\n\n"
      "Examples:\n"
      "  lockstep record 01KAJ5QJ5W3N6F8T2V9Z0XYABC\n"
      "  lockstep record 01KAJ5QJ5W3N6F8T2V9Z0XYABC --json");
  command->callback([&context, &action, options] {
    action = [&context, options] {
      return with_api(context, [&](ApiClient& api) { return show(context, api, *options); });
    };
  });
}

}  // namespace

void add_records(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* command = app.add_subcommand("records", "List records and how each system stands to them");
  add_api_options(*command, context);
  const auto options = std::make_shared<ListOptions>();
  command->add_option("query", options->query, "Text to look for in any field");
  command->add_option("--source", options->source, "The source; not needed when there is one only");
  command->add_option("--entity", options->entity, "Only this kind of record");
  command->add_option("--after", options->after, "Go on after this place, as the page before said");
  command->add_option("--limit", options->limit, "How many at most")->capture_default_str()->check(CLI::Range(1, 1000));
  command->footer(
      "Examples:\n"
      "  lockstep records jane@example.com\n"
      "  lockstep records --entity contact --limit 10 --json");
  command->callback([&context, &action, options] {
    action = [&context, options] {
      return with_api(context, [&](ApiClient& api) { return list(context, api, *options); });
    };
  });
  add_record(app, context, action);
}

}  // namespace lockstep::app
