#include "app/commands/sync.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands/answers.hpp"
#include "app/commands/follow_job.hpp"

namespace lockstep::app {
namespace {

struct SyncOptions {
  std::string source;
  std::string system;
  std::string kind = "mirror";
  Wait wait = Wait::for_the_end;
};

Result<Json> start_job(ApiClient& api, const SyncOptions& options, const std::string& source) {
  const JsonObject body{{"kind", options.kind}, {"system", options.system}};
  return api.post(fmt::format("/sources/{}/jobs", path_part(source)), body);
}

Result<void> sync(CommandContext& context, ApiClient& api, const SyncOptions& options) {
  const auto source = choose_source(api, options.source);
  if (!source) return fail(source.error());
  auto job = start_job(api, options, *source);
  if (!job) return fail(job.error());
  job = follow_job(context, api, *source, std::move(*job), options.wait);
  if (!job) return fail(job.error());
  if (context.format == OutputFormat::json) return {};
  const std::uint64_t done = job_state(*job).done;
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
