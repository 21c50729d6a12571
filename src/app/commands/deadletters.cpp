#include "app/commands/deadletters.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands/answers.hpp"
#include "app/commands/progress.hpp"
#include "app/commands/table.hpp"

namespace lockstep::app {
namespace {

struct WorkOptions {
  std::string verb = "retry";
  std::string source;
  std::vector<std::string> ids;
  bool all = false;
  bool dry_run = false;
  std::string system;
  std::string error;
  std::string error_kind;
  std::string reason;
  std::int64_t older_than_minutes = 0;

  bool filters() const { return !system.empty() || !error.empty() || !error_kind.empty() || older_than_minutes > 0; }
};

struct GroupOptions {
  std::string source;
  std::string system;
  std::string error;
};

Result<void> list(CommandContext& context, ApiClient& api, const std::string& named) {
  const auto source = choose_source(api, named);
  if (!source) return fail(source.error());
  const auto page = api.get(fmt::format("/sources/{}/deadletters", path_part(*source)));
  if (!page) return fail(page.error());
  if (context.format == OutputFormat::json) {
    print_json(context, *page);
    return {};
  }
  Table table({{"RECORD/SYSTEM"}, {"ENTITY"}, {"TRIES", Align::right}, {"SINCE"}, {"REASON"}});
  for (const auto& letter : items_of(*page)) {
    table.add({fmt::format("{}/{}", string_member(letter, "record"), string_member(letter, "system")),
               text_or_dash(letter, "entity"), text_or_dash(letter, "attempts"), text_or_dash(letter, "since"),
               Cell(text_or_dash(letter, "error"), Colour::red)});
  }
  if (table.empty())
    context.out.line(context.out.paint(Colour::green, "no dead letters"));
  else
    table.print(context.out);
  if (!string_member(*page, "next").empty()) context.err.line("there are more; these come first");
  return {};
}

Result<void> groups(CommandContext& context, ApiClient& api, const GroupOptions& options) {
  const auto source = choose_source(api, options.source);
  if (!source) return fail(source.error());
  const auto answer = api.get(fmt::format("/sources/{}/deadletters/groups", path_part(*source)),
                              {{"system", options.system}, {"error", options.error}});
  if (!answer) return fail(answer.error());
  if (context.format == OutputFormat::json) {
    print_json(context, *answer);
    return {};
  }
  Table table({{"COUNT", Align::right}, {"SYSTEM"}, {"KIND"}, {"FIRST"}, {"LAST"}, {"EXAMPLE"}, {"ERROR"}});
  for (const auto& group : items_of(*answer)) {
    table.add({text_or_dash(group, "count"), text_or_dash(group, "system"), text_or_dash(group, "error_kind"),
               text_or_dash(group, "first"), text_or_dash(group, "last"), text_or_dash(group, "example"),
               Cell(text_or_dash(group, "error"), Colour::red)});
  }
  if (table.empty())
    context.out.line(context.out.paint(Colour::green, "no dead letters"));
  else
    table.print(context.out);
  if (const auto others = integer_member(*answer, "others").value_or(0); others > 0)
    context.err.line(fmt::format("{} more in smaller groups", others));
  return {};
}

Result<JsonArray> items_of_ids(const std::vector<std::string>& ids) {
  JsonArray items;
  for (const auto& id : ids) {
    const auto slash = id.find('/');
    if (slash == 0 || slash == std::string::npos || slash + 1 == id.size())
      return fail(ErrorKind::invalid, fmt::format("\"{}\" must be RECORD/SYSTEM, as `deadletters list` shows it", id));
    items.emplace_back(JsonObject{{"record", id.substr(0, slash)}, {"system", id.substr(slash + 1)}});
  }
  return items;
}

Result<JsonObject> work_body(const WorkOptions& options) {
  if (options.ids.empty() != options.all) return fail(ErrorKind::invalid, "name the dead letters, or say --all");
  if (!options.all && (options.filters() || options.dry_run))
    return fail(ErrorKind::invalid, "a filter and --dry-run go with --all");
  JsonObject body;
  if (!options.reason.empty()) body["reason"] = options.reason;
  if (!options.all) {
    auto items = items_of_ids(options.ids);
    if (!items) return fail(items.error());
    body["items"] = std::move(*items);
    return body;
  }
  body["all"] = true;
  if (!options.system.empty()) body["system"] = options.system;
  if (!options.error.empty()) body["error"] = options.error;
  if (!options.error_kind.empty()) body["error_kind"] = options.error_kind;
  if (options.older_than_minutes > 0) body["older_than_seconds"] = options.older_than_minutes * 60;
  if (options.dry_run) body["dry_run"] = true;
  return body;
}

Result<void> work(CommandContext& context, ApiClient& api, const WorkOptions& options) {
  auto body = work_body(options);
  if (!body) return fail(body.error());
  const auto source = choose_source(api, options.source);
  if (!source) return fail(source.error());
  const auto answer = api.post(fmt::format("/sources/{}/deadletters/{}", path_part(*source), options.verb), *body);
  if (!answer) return fail(answer.error());
  if (context.format == OutputFormat::json) {
    print_json(context, *answer);
    return {};
  }
  const auto number = [&](std::string_view key) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_member(*answer, key).value_or(0)));
  };
  if (options.dry_run) {
    context.out.line(fmt::format("{} found; nothing was done", with_commas(number("matched"))));
    return {};
  }
  const bool discards = options.verb == "discard";
  context.out.line(discards ? fmt::format("{} given up", with_commas(number("discarded")))
                            : fmt::format("{} tried again", with_commas(number("retried"))));
  const auto& refused = list_member(*answer, "refused");
  for (const auto& one : refused)
    context.err.line(fmt::format("{}: {}", text_or_dash(one, "record"), text_or_dash(one, "detail")));
  if (!refused.empty())
    return fail(ErrorKind::conflict,
                fmt::format("{} refused", std::max<std::uint64_t>(number("refused_count"), refused.size())));
  return {};
}

void add_work(CLI::App& command, CommandContext& context, CommandAction& action, std::shared_ptr<WorkOptions> options) {
  add_api_options(command, context);
  command.add_option("ids", options->ids, "Which ones, as RECORD/SYSTEM");
  command.add_flag("--all", options->all, "All of the source that the filter finds, any number of them");
  command.add_option("--system", options->system, "With --all: of this system");
  command.add_option("--error", options->error, "With --all: with this in the error, as it is or as a group shows it");
  command.add_option("--kind", options->error_kind, "With --all: with this kind of error: invalid, unavailable …");
  command.add_option("--older-than", options->older_than_minutes, "With --all: pending for this many minutes")
      ->check(CLI::PositiveNumber);
  command.add_flag("--dry-run", options->dry_run, "With --all: only count");
  command.add_option("--source", options->source, "The source; not needed when there is one only");
  command.callback([&context, &action, options] {
    action = [&context, options] {
      return with_api(context, [&](ApiClient& api) { return work(context, api, *options); });
    };
  });
}

}  // namespace

void add_deadletters(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* command = app.add_subcommand(
      "deadletters", "Show writes that will not be tried again by themselves, try them again or give them up");
  command->require_subcommand(0, 1);
  const auto source = std::make_shared<std::string>();
  CLI::App* list_command = command->add_subcommand("list", "Show them, with the reasons; the same as without a word");
  for (CLI::App* one : {command, list_command}) {
    add_api_options(*one, context);
    one->add_option("--source", *source, "The source; not needed when there is one only");
  }
  // It runs after the callback of a subcommand, so it must not take that one's place.
  command->callback([&context, &action, command, list_command, source] {
    if (!command->get_subcommands().empty() && !command->got_subcommand(list_command)) return;
    action = [&context, source] {
      return with_api(context, [&](ApiClient& api) { return list(context, api, *source); });
    };
  });

  CLI::App* groups_command = command->add_subcommand("groups", "Show what their errors have in common, and how many");
  add_api_options(*groups_command, context);
  const auto grouping = std::make_shared<GroupOptions>();
  groups_command->add_option("--system", grouping->system, "Of this system");
  groups_command->add_option("--error", grouping->error, "With this in the error");
  groups_command->add_option("--source", grouping->source, "The source; not needed when there is one only");
  groups_command->callback([&context, &action, grouping] {
    action = [&context, grouping] {
      return with_api(context, [&](ApiClient& api) { return groups(context, api, *grouping); });
    };
  });

  add_work(*command->add_subcommand("retry", "Try them again, after the reason is gone"), context, action,
           std::make_shared<WorkOptions>());
  const auto discards = std::make_shared<WorkOptions>();
  discards->verb = "discard";
  CLI::App* discard_command = command->add_subcommand("discard", "Give them up: the systems stay as they are");
  discard_command->add_option("--reason", discards->reason, "Why, for the journal and the record's status")->required();
  add_work(*discard_command, context, action, discards);
  command->footer(
      "Examples:\n"
      "  lockstep deadletters\n"
      "  lockstep deadletters retry --all --source acme");
}

}  // namespace lockstep::app
