#include "app/commands/conflicts.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands/answers.hpp"
#include "app/commands/table.hpp"

namespace lockstep::app {
namespace {

struct ListOptions {
  std::string source;
  std::string after;
  bool open = false;
};

struct OverrideOptions {
  std::string source;
  std::string conflict;  // SEQ/FIELD
  std::string take;
  std::string value;
  bool force = false;
};

Result<void> list(CommandContext& context, ApiClient& api, const ListOptions& options) {
  const auto source = choose_source(api, options.source);
  if (!source) return fail(source.error());
  const auto page = api.get(fmt::format("/sources/{}/conflicts", path_part(*source)),
                            {{"open", options.open ? "true" : ""}, {"after", options.after}});
  if (!page) return fail(page.error());
  if (context.format == OutputFormat::json) {
    print_json(context, *page);
    return {};
  }
  Table table({{"CONFLICT"}, {"RECORD"}, {"BASE"}, {"MINE"}, {"THEIRS"}, {"RULE"}, {"WINNER"}, {"DECIDED BY"}});
  for (const auto& row : items_of(*page)) {
    const auto side = [&](const char* value, const char* origin) {
      const Json* at = find_member(row, value);
      return fmt::format("{} ({})", at == nullptr ? "" : inline_text(*at), string_member(row, origin));
    };
    const bool open = bool_member(row, "open");
    table.add({fmt::format("{}/{}", text_or_dash(row, "seq"), string_member(row, "field")), text_or_dash(row, "record"),
               text_or_dash(row, "base"), side("mine", "mine_origin"), side("theirs", "theirs_origin"),
               text_or_dash(row, "rule"), open ? Cell("open", Colour::yellow) : Cell(text_or_dash(row, "winner")),
               text_or_dash(row, "decided_by")});
  }
  if (table.empty())
    context.out.line(context.out.paint(Colour::green, "no conflicts"));
  else
    table.print(context.out);
  const std::string next(string_member(*page, "next"));
  if (!next.empty()) context.err.line(fmt::format("more: --after {}", printable(next)));
  return {};
}

Result<void> override_conflict(CommandContext& context, ApiClient& api, const OverrideOptions& options) {
  if (options.take.empty() == options.value.empty())
    return fail(ErrorKind::invalid, "say --take mine, theirs or base, or --value");
  const auto slash = options.conflict.find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == options.conflict.size())
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" must be SEQ/FIELD, as `lockstep conflicts` shows it", options.conflict));
  const auto source = choose_source(api, options.source);
  if (!source) return fail(source.error());
  JsonObject body;
  if (!options.take.empty()) {
    body["take"] = options.take;
  } else {
    const Result<Json> value = parse_json(options.value);  // a number, a list …; anything else is text
    body["value"] = value ? *value : Json(options.value);
  }
  if (options.force) body["force"] = true;
  const auto answer =
      api.post(fmt::format("/sources/{}/conflicts/{}/{}/override", path_part(*source),
                           path_part(options.conflict.substr(0, slash)), path_part(options.conflict.substr(slash + 1))),
               body);
  if (!answer) return fail(answer.error());
  if (context.format == OutputFormat::json) {
    print_json(context, *answer);
    return {};
  }
  context.out.line(fmt::format("decided: record {}, journal entry {}", printable(string_member(*answer, "record")),
                               text_or_dash(*answer, "seq")));
  return {};
}

}  // namespace

void add_conflicts(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* command =
      app.add_subcommand("conflicts", "Show fields on which two systems differed, or decide one whoever has won");
  command->require_subcommand(0, 1);
  const auto listing = std::make_shared<ListOptions>();
  CLI::App* list_command = command->add_subcommand("list", "Show them, oldest first; the same as without a word");
  for (CLI::App* one : {command, list_command}) {
    add_api_options(*one, context);
    one->add_flag("--open", listing->open, "Only those that wait for a person");
    one->add_option("--after", listing->after, "Go on after a page");
    one->add_option("--source", listing->source, "The source; not needed when there is one only");
  }
  // It runs after the callback of a subcommand, so it must not take that one's place.
  command->callback([&context, &action, command, list_command, listing] {
    if (!command->get_subcommands().empty() && !command->got_subcommand(list_command)) return;
    action = [&context, listing] {
      return with_api(context, [&](ApiClient& api) { return list(context, api, *listing); });
    };
  });

  CLI::App* override_command = command->add_subcommand("override", "Decide one, open or not");
  add_api_options(*override_command, context);
  const auto options = std::make_shared<OverrideOptions>();
  override_command->add_option("conflict", options->conflict, "Which one, as SEQ/FIELD")->required();
  override_command->add_option("--take", options->take, "mine, theirs or base");
  override_command->add_option("--value", options->value, "Another value");
  override_command->add_flag("--force", options->force, "Also when the field has changed since");
  override_command->add_option("--source", options->source, "The source; not needed when there is one only");
  override_command->callback([&context, &action, options] {
    action = [&context, options] {
      return with_api(context, [&](ApiClient& api) { return override_conflict(context, api, *options); });
    };
  });
  command->footer(
      "Examples:\n"
      "  lockstep conflicts --open\n"
      "  lockstep conflicts override 4711/first_name --take theirs");
}

}  // namespace lockstep::app
