#include "app/commands/follow_job.hpp"

#include <fmt/format.h>

#include "app/commands/answers.hpp"

namespace lockstep::app {
namespace {

constexpr Duration poll_interval = std::chrono::milliseconds(500);

bool comes_back(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::rate_limited;
}

// Asks until the job has ended. A server that restarts in between is asked again: the job goes on there.
Result<Json> watch(CommandContext& context, ApiClient& api, const std::string& source, Json job) {
  constexpr int failures_limit = 20;
  Progress progress(context.err);
  const std::string path = fmt::format("/sources/{}/jobs/{}", path_part(source), path_part(string_member(job, "id")));
  int failures = 0;
  while (true) {
    progress.show(job_state(job));
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

}  // namespace

JobState job_state(const Json& job) {
  JobState state;
  const auto number = [&](std::string_view key) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_member(job, key).value_or(0)));
  };
  state.done = number("done") + number("skipped");
  if (integer_member(job, "total")) state.total = number("total");
  state.rate_per_second = number_member(job, "rate_per_second");
  state.eta_seconds = integer_member(job, "eta_seconds");
  state.what = string_member(job, "system");
  if (const auto entity = string_member(job, "entity"); !entity.empty()) state.what += fmt::format(" {}", entity);
  return state;
}

Result<Json> follow_job(CommandContext& context, ApiClient& api, const std::string& source, Json job, Wait wait) {
  if (string_member(job, "id").empty()) return fail(ErrorKind::corrupt, "the server started no job");
  if (wait == Wait::for_the_end) {
    auto ended = watch(context, api, source, std::move(job));
    if (!ended) return ended;
    job = std::move(*ended);
  }
  if (context.format == OutputFormat::json) print_json(context, job);
  if (string_member(job, "state") == "failed") {
    const auto error = string_member(job, "error");
    return fail(ErrorKind::conflict,
                fmt::format("the job failed: {}", error.empty() ? "the server does not say why" : error));
  }
  return job;
}

}  // namespace lockstep::app
