#include "app/commands/sync.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands/answers.hpp"
#include "app/commands/progress.hpp"

namespace lockstep::app {
namespace {

constexpr Duration poll_interval = std::chrono::milliseconds(500);

enum class Wait { for_the_end, not_at_all };

struct SyncOptions {
  std::string source;
  std::string system;
  std::string kind = "mirror";
  Wait wait = Wait::for_the_end;
};

JobState state_of(const Json& job) {
  JobState state;
  const auto number = [&](std::string_view key) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_member(job, key).value_or(0)));
  };
  state.done = number("done");
  if (integer_member(job, "total")) state.total = number("total");
  state.rate_per_second = number_member(job, "rate_per_second");
  state.eta_seconds = integer_member(job, "eta_seconds");
  state.what = string_member(job, "system");
  if (const auto entity = string_member(job, "entity"); !entity.empty()) state.what += fmt::format(" {}", entity);
  return state;
}

Result<Json> start_job(ApiClient& api, const SyncOptions& options, const std::string& source) {
  const JsonObject body{{"kind", options.kind}, {"system", options.system}};
  return api.post(fmt::format("/sources/{}/jobs", path_part(source)), body);
}

bool comes_back(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::rate_limited;
}

// Asks until the job has ended. A server that restarts in between is asked again: the job goes on there.
Result<Json> follow(CommandContext& context, ApiClient& api, const std::string& source, Json job) {
  constexpr int failures_limit = 20;
  Progress progress(context.err);
  const std::string path = fmt::format("/sources/{}/jobs/{}", path_part(source), path_part(string_member(job, "id")));
  int failures = 0;
  while (true) {
    progress.show(state_of(job));
    const auto state = string_member(job, "state");
    if (state == "done" || state == "failed") break;
    api.pause(poll_interval);
    auto next = api.get(path);
    if (next) {
      job = std::move(*next);
      failures = 0;
    } else if (!comes_back(next.error()) || ++failures == failures_limit) {
      progress.end();
      return fail(next.error());
    }
  }
  progress.end();
  return job;
}

Result<void> sync(CommandContext& context, ApiClient& api, const SyncOptions& options) {
  const auto source = choose_source(api, options.source);
  if (!source) return fail(source.error());
  auto job = start_job(api, options, *source);
  if (!job) return fail(job.error());
  if (string_member(*job, "id").empty()) return fail(ErrorKind::corrupt, "the server started no job");
  if (options.wait == Wait::for_the_end) {
    job = follow(context, api, *source, std::move(*job));
    if (!job) return fail(job.error());
  }
  if (context.format == OutputFormat::json) print_json(context, *job);
  const auto state = string_member(*job, "state");
  if (state == "failed") {
    const auto error = string_member(*job, "error");
    return fail(ErrorKind::conflict,
                fmt::format("the job failed: {}", error.empty() ? "the server does not say why" : error));
  }
  if (context.format == OutputFormat::json) return {};
  const std::uint64_t done = state_of(*job).done;
  if (options.wait == Wait::for_the_end) {
    context.out.line(context.out.paint(Colour::green, "done") +
                     fmt::format(": {} objects of {} read", with_commas(done), options.system));
  } else {
    context.out.line(fmt::format("job {} started", printable(string_member(*job, "id"))));
  }
  return {};
}

}  // namespace

void add_sync(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* command = app.add_subcommand("sync", "Read a system now and bring the others in line");
  add_api_options(*command, context);
  const auto options = std::make_shared<SyncOptions>();
  command->add_option("system", options->system, "The system to read: crm")->required();
  command->add_option("--source", options->source, "The source; not needed when there is one only");
  command->add_flag_callback(
      "--changes", [options] { options->kind = "pull"; },
      "Only what changed since the last time, instead of everything");
  command->add_flag_callback("--no-wait", [options] { options->wait = Wait::not_at_all; }, "Start it and return");
  command->footer(
      "Progress goes to standard error. A job goes on when this command is interrupted.\n\n"
      "Examples:\n"
      "  lockstep sync crm\n"
      "  lockstep sync crm --source acme --changes");
  command->callback([&context, &action, options] {
    action = [&context, options] {
      return with_api(context, [&](ApiClient& api) { return sync(context, api, *options); });
    };
  });
}

}  // namespace lockstep::app
