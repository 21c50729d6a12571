#include "hub/rework.hpp"

#include <algorithm>

namespace lockstep::hub {

Result<ReworkState> Rework::begin(const SourceId& source, const SystemName& system, const std::string& kind) {
  if (context_.stopping()) return fail(ErrorKind::exhausted, "shutting down");
  if (taking_up_)
    return fail({ErrorKind::exhausted, "jobs of the last run are taken up: try again", std::chrono::seconds(1)});
  for (const JobProgress& job : jobs_) {
    if (job.source == source && job.kind == kind && job.state == "running")
      return fail(ErrorKind::conflict, "job " + job.id + " does such work now: wait until it has ended");
  }
  if (jobs_.size() >= context_.limits.jobs_kept_limit) {
    const auto ended = std::ranges::find_if(jobs_, [](const JobProgress& job) { return job.state != "running"; });
    if (ended == jobs_.end()) return fail(ErrorKind::exhausted, "too many jobs run: try again later");
    jobs_.erase(ended);
  }
  ReworkState state;
  state.job.id = make_ulid(context_.loop.clock().now(), context_.random);
  state.job.source = source;
  state.job.system = system;
  state.job.kind = kind;
  state.job.state = "running";
  state.job.started = context_.loop.clock().now();
  jobs_.push_back(state.job);
  return state;
}

JobProgress* Rework::find(const std::string& id) {
  const auto at = std::ranges::find(jobs_, id, &JobProgress::id);
  return at == jobs_.end() ? nullptr : &*at;
}

void Rework::forget(const std::string& id) {
  std::erase_if(jobs_, [&](const JobProgress& job) { return job.id == id; });
}

void Rework::undo(const SourceId& source, UndoOrder order, Started started) {
  const std::optional<Time> begun = ulid_time(order.job);
  if (!begun) return started(fail(ErrorKind::not_found, "there is no job '" + order.job + "'"));
  Result<ReworkState> state = begin(source, {}, "undo");
  if (!state) return started(fail(state.error()));
  order.begun = *begun;
  state->undo = std::move(order);
  tasks_.spawn(start(std::move(*state), std::move(started)));
}

void Rework::replay(const SourceId& source, const ReplayRange& range, Started started) {
  if (range.to <= range.from) return started(fail(ErrorKind::invalid, "'to' must be later than 'from'"));
  Result<ReworkState> state = begin(source, range.system.value_or(SystemName()), "replay");
  if (!state) return started(fail(state.error()));
  state->range = range;
  tasks_.spawn(start(std::move(*state), std::move(started)));
}

// What was answered is done, also when the process dies right after (A1).
Task<void> Rework::start(ReworkState state, Started started) {
  std::vector<sync::Input> none;
  std::vector<sync::StateRow> rows;
  rows.push_back(rework_row(state));
  const Result<std::vector<sync::Applied>> kept =
      co_await commit_at_once(context_, state.job.source, std::move(none), std::move(rows));
  if (!kept) {
    forget(state.job.id);
    started(fail(kept.error()));
    co_return;
  }
  started(state.job);
  co_await run(std::move(state));
}

void Rework::resume() {
  taking_up_ = true;
  tasks_.spawn(take_up());
}

Task<void> Rework::take_up() {
  Reads::Query<Result<std::vector<sync::StateRow>>> query = [](store::Reader& reader) {
    return reader.states(std::string(kReworkPrefix));
  };
  Result<std::vector<sync::StateRow>> rows = co_await context_.reads.ask(std::move(query));
  taking_up_ = false;
  if (!rows) {
    context_.log.error("jobs.not_taken_up", {{"error", rows.error().message}});
    co_return;
  }
  const std::shared_ptr<const sync::Catalog> catalog = context_.catalog();
  for (const sync::StateRow& row : *rows) {
    Result<ReworkState> state = read_rework(row);
    if (state && catalog->find(row.source) == nullptr)
      state = fail(ErrorKind::not_found, "there is no source '" + row.source.str() + "'");
    if (!state) {
      context_.log.warning("job.not_taken_up", {{"source", row.source.str()}, {"error", state.error().message}});
      continue;
    }
    context_.log.info("job.taken_up",
                      {{"source", row.source.str()}, {"kind", state->job.kind}, {"job", state->job.id}});
    jobs_.push_back(state->job);
    tasks_.spawn(run(std::move(*state)));
  }
}

Task<void> Rework::run(ReworkState state) {
  Run run;
  run.state = std::move(state);
  Result<void> done;
  if (run.state.job.kind == "undo") {
    done = co_await run_undo(run);
  } else {
    done = co_await run_replay(run);
  }
  std::string error;
  if (!done) error = done.error().message;
  co_await finish(run, std::move(error));
}

Task<Result<std::vector<sync::Applied>>> Rework::commit(const ReworkState& state, std::vector<sync::Input> inputs) {
  std::vector<sync::StateRow> rows;
  rows.push_back(rework_row(state));
  co_return co_await commit_inputs(context_, state.job.source, std::move(inputs), std::move(rows));
}

void Rework::begin_count(Run& run) {
  run.began = context_.loop.clock().monotonic();
  run.began_with = run.state.job.done + run.state.job.skipped;
}

void Rework::show(Run& run) {
  JobProgress& job = run.state.job;
  note_rate(job, job.done + job.skipped - run.began_with, context_.loop.clock().monotonic() - run.began);
  if (JobProgress* shown = find(job.id)) *shown = job;
}

// A job that a drain stops keeps its row: the next run goes on with it.
Task<void> Rework::finish(Run& run, std::string error) {
  JobProgress& job = run.state.job;
  const bool goes_on = context_.stopping();
  if (!goes_on) {
    std::vector<sync::Input> none;
    std::vector<sync::StateRow> rows;
    rows.push_back(rework_erased(run.state));
    const Result<std::vector<sync::Applied>> kept =
        co_await commit_inputs(context_, job.source, std::move(none), std::move(rows));
    if (!kept && error.empty()) error = kept.error().message;
  }
  if (goes_on) error = "stopped; it goes on after the next start";
  job.state = error.empty() ? "done" : "failed";
  job.error = std::move(error);
  job.eta.reset();
  if (job.kind == "undo") job.note = undo_note(run);
  job.ended = context_.loop.clock().now();
  if (JobProgress* shown = find(job.id)) *shown = job;
}

}  // namespace lockstep::hub
