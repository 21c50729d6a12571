#include "app/commands/deadletters.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands/answers.hpp"
#include "app/commands/progress.hpp"
#include "app/commands/table.hpp"

namespace lockstep::app {
namespace {

struct RetryOptions {
  std::string source;
  std::vector<std::string> ids;
  bool all = false;
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

Result<void> retry(CommandContext& context, ApiClient& api, const RetryOptions& options) {
  if (options.ids.empty() != options.all) return fail(ErrorKind::invalid, "name the dead letters, or say --all");
  const auto source = choose_source(api, options.source);
  if (!source) return fail(source.error());
  JsonObject body;
  if (options.all) {
    body["all"] = true;
  } else {
    JsonArray items;
    for (const auto& id : options.ids) {
      const auto slash = id.find('/');
      if (slash == 0 || slash == std::string::npos || slash + 1 == id.size()) {
        return fail(ErrorKind::invalid, fmt::format("\"{}\" must be RECORD/SYSTEM, as `deadletters` shows it", id));
      }
      items.emplace_back(JsonObject{{"record", id.substr(0, slash)}, {"system", id.substr(slash + 1)}});
    }
    body["items"] = std::move(items);
  }
  const auto answer = api.post(fmt::format("/sources/{}/deadletters/retry", path_part(*source)), body);
  if (!answer) return fail(answer.error());
  if (context.format == OutputFormat::json) {
    print_json(context, *answer);
    return {};
  }
  const auto count =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_member(*answer, "retried").value_or(0)));
  context.out.line(fmt::format("{} tried again", with_commas(count)));
  const auto& refused = list_member(*answer, "refused");
  for (const auto& one : refused)
    context.err.line(fmt::format("{}: {}", text_or_dash(one, "record"), text_or_dash(one, "detail")));
  if (!refused.empty()) return fail(ErrorKind::conflict, fmt::format("{} refused", refused.size()));
  return {};
}

}  // namespace

void add_deadletters(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* command =
      app.add_subcommand("deadletters", "Show writes that will not be tried again by themselves, or try them again");
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

  CLI::App* retry_command = command->add_subcommand("retry", "Try them again, after the reason is gone");
  add_api_options(*retry_command, context);
  const auto options = std::make_shared<RetryOptions>();
  retry_command->add_option("ids", options->ids, "Which ones, as RECORD/SYSTEM");
  retry_command->add_flag("--all", options->all, "All of the source");
  retry_command->add_option("--source", options->source, "The source; not needed when there is one only");
  retry_command->callback([&context, &action, options] {
    action = [&context, options] {
      return with_api(context, [&](ApiClient& api) { return retry(context, api, *options); });
    };
  });
  command->footer(
      "Examples:\n"
      "  lockstep deadletters\n"
      "  lockstep deadletters retry --all --source acme");
}

}  // namespace lockstep::app
