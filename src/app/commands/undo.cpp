#include "app/commands/undo.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands/answers.hpp"
#include "app/commands/follow_job.hpp"

namespace lockstep::app {
namespace {

struct UndoOptions {
  std::string source;
  std::uint64_t seq = 0;
  std::string job;
  bool force = false;
  Wait wait = Wait::for_the_end;
};

struct ReplayOptions {
  std::string source;
  std::string from;
  std::string to;
  std::string system;
  Wait wait = Wait::for_the_end;
};

Result<void> undo_entry(CommandContext& context, ApiClient& api, const UndoOptions& options,
                        const std::string& source) {
  JsonObject body;
  if (options.force) body["force"] = true;
  const auto answer = api.post(fmt::format("/sources/{}/journal/{}/undo", path_part(source), options.seq), body);
  if (!answer) return fail(answer.error());
  if (context.format == OutputFormat::json) {
    print_json(context, *answer);
    return {};
  }
  const auto reason = string_member(*answer, "reason");
  context.out.line(fmt::format("{}: record {}, journal entry {}", reason.empty() ? "undone" : printable(reason),
                               printable(string_member(*answer, "record")), text_or_dash(*answer, "seq")));
  return {};
}

// Prints how a job of this kind went; the counts are the server's.
Result<void> show_end(CommandContext& context, const Json& job, Wait wait, std::string_view what) {
  if (context.format == OutputFormat::json) return {};
  if (wait == Wait::not_at_all) {
    context.out.line(fmt::format("job {} started", printable(string_member(job, "id"))));
    return {};
  }
  const Json* done = find_member(job, "done");
  const auto count = done != nullptr && done->is_number() ? done->to_number<std::uint64_t>() : 0;
  context.out.line(context.out.paint(Colour::green, "done") + fmt::format(": {} {}", with_commas(count), what));
  if (const auto note = string_member(job, "note"); !note.empty()) context.out.line(printable(note));
  return {};
}

Result<void> undo(CommandContext& context, ApiClient& api, const UndoOptions& options) {
  if ((options.seq == 0) == options.job.empty())
    return fail(ErrorKind::invalid, "name the number of a journal entry, or --job ID");
  const auto source = choose_source(api, options.source);
  if (!source) return fail(source.error());
  if (options.job.empty()) return undo_entry(context, api, options, *source);
  JsonObject body;
  if (options.force) body["force"] = true;
  auto job = api.post(fmt::format("/sources/{}/jobs/{}/undo", path_part(*source), path_part(options.job)), body);
  if (!job) return fail(job.error());
  job = follow_job(context, api, *source, std::move(*job), options.wait);
  if (!job) return fail(job.error());
  return show_end(context, *job, options.wait, "changes undone");
}

Result<void> replay(CommandContext& context, ApiClient& api, const ReplayOptions& options) {
  const auto source = choose_source(api, options.source);
  if (!source) return fail(source.error());
  JsonObject body{{"from", options.from}};
  if (!options.to.empty()) body["to"] = options.to;
  if (!options.system.empty()) body["system"] = options.system;
  auto job = api.post(fmt::format("/sources/{}/replay", path_part(*source)), body);
  if (!job) return fail(job.error());
  job = follow_job(context, api, *source, std::move(*job), options.wait);
  if (!job) return fail(job.error());
  return show_end(context, *job, options.wait, "objects read again");
}

}  // namespace

void add_undo(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* command = app.add_subcommand("undo", "Turn back what a journal entry or a whole job has changed");
  add_api_options(*command, context);
  const auto options = std::make_shared<UndoOptions>();
  command->add_option("seq", options->seq, "The number of the journal entry, as `lockstep record` shows it");
  command->add_option("--job", options->job, "Everything that this job has done, newest first");
  command->add_flag("--force", options->force, "Also what somebody has changed since");
  command->add_option("--source", options->source, "The source; not needed when there is one only");
  command->add_flag_callback(
      "--no-wait", [options] { options->wait = Wait::not_at_all; }, "With --job: start it and return");
  command->footer(
      "Undoing is an edit like any other: it goes to every system, and can be undone itself.\n\n"
      "Examples:\n"
      "  lockstep undo 4711\n"
      "  lockstep undo --job 01kaqe1s3v5m8w2x9y4z6b7c8d");
  command->callback([&context, &action, options] {
    action = [&context, options] {
      return with_api(context, [&](ApiClient& api) { return undo(context, api, *options); });
    };
  });
}

void add_replay(CLI::App& app, CommandContext& context, CommandAction& action) {
  CLI::App* command =
      app.add_subcommand("replay", "Read again every record that was touched between two times, and plan it again");
  add_api_options(*command, context);
  const auto options = std::make_shared<ReplayOptions>();
  command->add_option("--from", options->from, "From when on: 2026-11-21T08:00:00Z")->required();
  command->add_option("--to", options->to, "Until when; now when it is not given");
  command->add_option("--system", options->system, "Read in this system only");
  command->add_option("--source", options->source, "The source; not needed when there is one only");
  command->add_flag_callback("--no-wait", [options] { options->wait = Wait::not_at_all; }, "Start it and return");
  command->footer(
      "Example:\n"
      "  lockstep replay --from 2026-11-21T08:00:00Z --to 2026-11-21T09:30:00Z --system crm");
  command->callback([&context, &action, options] {
    action = [&context, options] {
      return with_api(context, [&](ApiClient& api) { return replay(context, api, *options); });
    };
  });
}

}  // namespace lockstep::app
