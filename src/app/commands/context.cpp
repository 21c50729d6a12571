#include "app/commands/context.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/commands/answers.hpp"
#include "app/commands/http_transport.hpp"

namespace lockstep::app {

void add_config_option(CLI::App& command, CommandContext& context) {
  command.add_option("-c,--config", context.config_file, "The configuration file")->capture_default_str();
}

void add_json_option(CLI::App& command, CommandContext& context) {
  command.add_flag_callback("--json", [&context] { context.format = OutputFormat::json; }, "Print JSON, for programs");
}

void add_api_options(CLI::App& command, CommandContext& context) {
  add_config_option(command, context);
  command.add_option("--url", context.url,
                     "The server, such as https://sync.example.com; default: server.listen of the configuration");
  add_json_option(command, context);
}

ExitCode report(CommandContext& context, const Error& error) {
  context.err.line(context.err.paint(Colour::red, "error: ") + printable(error.message));
  return exit_code_of(error);
}

void print_json(CommandContext& context, const Json& value) { context.out.line(lockstep::to_text(value)); }

namespace {

void print_problems(CommandContext& context, const std::vector<Problem>& problems) {
  for (const auto& problem : problems) context.err.line(printable(to_text(problem)));
  context.err.line(
      context.err.paint(Colour::red, fmt::format("{} problem{}", problems.size(), problems.size() == 1 ? "" : "s")));
}

// What an editor or a pipeline reads.
Json problems_as_json(const std::vector<Problem>& problems) {
  JsonArray list;
  for (const auto& problem : problems) {
    list.emplace_back(JsonObject{{"file", problem.file},
                                 {"line", problem.mark.line},
                                 {"column", problem.mark.column},
                                 {"where", problem.where},
                                 {"message", problem.message},
                                 {"hint", problem.hint},
                                 {"kind", problem.kind == ProblemKind::mistake ? "mistake" : "environment"}});
  }
  return JsonObject{{"problems", std::move(list)}};
}

}  // namespace

std::expected<Config, ExitCode> load_or_report(CommandContext& context) {
  auto config = load_config(context.config_file, context.factories, context.environment);
  if (config) return std::move(*config);
  if (context.format == OutputFormat::json)
    print_json(context, problems_as_json(config.error()));
  else
    print_problems(context, config.error());
  const bool mistakes =
      std::ranges::any_of(config.error(), [](const Problem& problem) { return problem.kind == ProblemKind::mistake; });
  return std::unexpected(mistakes ? ExitCode::bad_input : ExitCode::bad_environment);
}

ExitCode with_api(CommandContext& context, const std::function<Result<void>(ApiClient&)>& action) {
  std::string url = context.url;
  if (url.empty()) {
    auto own = read_server_url(context.config_file, context.environment);
    if (!own) return report(context, own.error());
    url = std::move(*own);
  }
  const auto address = parse_server_address(url);
  if (!address) return report(context, address.error());
  const auto transport = context.connect(address->origin);
  if (!transport) return report(context, transport.error());
  ApiClient api(**transport, address->path, context.environment.variable("LOCKSTEP_API_KEY").value_or(""));
  const auto done = action(api);
  return done ? ExitCode::ok : report(context, done.error());
}

Result<std::string> choose_source(ApiClient& api, const std::string& named) {
  if (!named.empty()) return named;
  const auto sources = api.get("/sources");
  if (!sources) return fail(sources.error());
  const auto& items = items_of(*sources);
  if (items.size() == 1) return std::string(string_member(items[0], "id"));
  if (items.empty()) return fail(ErrorKind::not_found, "the server has no source that this key may see");
  std::string names;
  for (const auto& item : items) names += (names.empty() ? "" : ", ") + std::string(string_member(item, "id"));
  return fail(ErrorKind::invalid, fmt::format("which source? --source is one of: {}", names));
}

}  // namespace lockstep::app
