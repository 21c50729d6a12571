#include "hub/committer.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace lockstep::hub {
namespace {

constexpr int kConflictRetries = 5;  // another node may have committed first; with one writer it never happens

}  // namespace

// One result per submission, and all that was committed, in order.
struct Committer::Outcome {
  std::vector<Result<std::vector<sync::Applied>>> results;
  Committed committed;
  std::size_t transactions = 0;
  std::vector<Error> set_aside;  // inputs on which the engine failed

  void keep(sync::Batch& batch) {
    std::ranges::move(batch.journal, std::back_inserter(committed.journal));
    std::ranges::move(batch.outbox, std::back_inserter(committed.outbox));
    std::ranges::move(batch.inbox, std::back_inserter(committed.inbox));
    std::ranges::move(batch.holdings, std::back_inserter(committed.holdings));
    ++transactions;
  }
};

struct Committer::Failure {
  Error error;
  bool poison = false;  // the inputs can not be applied, now or later; otherwise it is the store that could not
};

Committer::Committer(store::Store& store, sync::Engine& engine, Executor& writer, Loop& loop, Log& log,
                     const HubLimits& limits)
    : store_(store), engine_(engine), writer_(writer), loop_(loop), log_(log), limits_(limits) {}

Committer::~Committer() { LOCKSTEP_ASSERT(!writing_, "the writer holds references into the committer; drain first"); }

void Committer::submit(Submission submission) {
  const std::size_t inputs = submission.inputs.size();
  const auto share = queued_by_source_.find(submission.source);
  const std::size_t own = share == queued_by_source_.end() ? 0 : share->second.inputs;
  const bool full = queued_inputs_ + inputs > limits_.queue_inputs_limit ||
                    queued_bytes_ + submission.bytes > limits_.queue_bytes_limit ||
                    own + inputs > limits_.queue_inputs_per_source_limit;
  if (full || intake_closed_) {
    // A2: the sender is told to come again; nothing was accepted.
    submission.done(
        fail({ErrorKind::exhausted,
              intake_closed_ ? "shutting down: send it again later" : "too much at once: send it again later",
              std::chrono::seconds(intake_closed_ ? 5 : 2)}));
    return;
  }
  enqueue(std::move(submission));
}

void Committer::submit_inner(Submission submission) { enqueue(std::move(submission)); }

void Committer::enqueue(Submission submission) {
  submission.input_count = submission.inputs.size();
  queued_inputs_ += submission.input_count;
  queued_bytes_ += submission.bytes;
  Share& share = queued_by_source_[submission.source];
  share.inputs += submission.input_count;
  share.submissions += 1;
  queue_.push_back(std::move(submission));
  pump();
}

void Committer::replace_catalog(std::shared_ptr<const sync::Catalog> catalog) {
  next_catalog_ = std::move(catalog);
  pump();
}

void Committer::pump() {
  if (writing_) return;
  if (next_catalog_) {
    engine_.replace_catalog(std::move(next_catalog_));
    next_catalog_ = nullptr;
  }
  if (queue_.empty()) return;
  std::vector<Submission> group;
  std::size_t inputs = 0;
  while (!queue_.empty() && (group.empty() || inputs + queue_.front().input_count <= limits_.batch_inputs_limit)) {
    inputs += queue_.front().input_count;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  writing_ = true;
  writer_.post([this, alive = std::weak_ptr(alive_), group = std::move(group), now = loop_.clock().now()]() mutable {
    const Duration start = loop_.clock().monotonic();
    Outcome outcome = commit(store_, engine_, group, now);
    const Duration took = loop_.clock().monotonic() - start;
    loop_.post([this, alive, group = std::move(group), outcome = std::move(outcome), took]() mutable {
      if (!alive.expired()) finish(std::move(group), std::move(outcome), took);
    });
  });
}

std::expected<sync::Decision, Committer::Failure> Committer::commit_once(store::Store& store, sync::Engine& engine,
                                                                         std::span<const sync::Input> inputs,
                                                                         const std::vector<sync::StateRow>& state,
                                                                         Time now) {
  for (int attempt = 0;; ++attempt) {
    Result<sync::Decision> decision = engine.apply(inputs, store, now);
    if (!decision) {
      const bool poison = decision.error().kind == ErrorKind::corrupt;
      return std::unexpected(Failure{std::move(decision).error(), poison});
    }
    decision->batch.state = state;
    Result<void> committed = store.commit(decision->batch);
    if (committed) return std::move(*decision);
    if (committed.error().kind != ErrorKind::conflict || attempt == kConflictRetries)
      return std::unexpected(Failure{std::move(committed).error(), false});
  }
}

// Inputs that can not be applied together: by halves, in order, down to the one that can not be applied at all. That one
// is set aside, so that it blocks no other and is not tried for ever (X3). The state rows commit with the last half: what
// a checkpoint stands for is durable before it (B1).
Result<std::vector<sync::Applied>> Committer::commit_parts(store::Store& store, sync::Engine& engine,
                                                           std::span<const sync::Input> inputs,
                                                           const std::vector<sync::StateRow>& state, Time now,
                                                           Outcome& out) {
  std::expected<sync::Decision, Failure> whole = commit_once(store, engine, inputs, state, now);
  if (whole) {
    out.keep(whole->batch);
    return std::move(whole->applied);
  }
  if (!whole.error().poison || inputs.empty()) return fail(std::move(whole).error().error);
  if (inputs.size() == 1) {
    LOCKSTEP_TRY(aside, engine.set_aside(inputs.front(), whole.error().error, store, now));
    aside.batch.state = state;
    LOCKSTEP_CHECK(store.commit(aside.batch));
    out.set_aside.push_back(std::move(whole).error().error);
    out.keep(aside.batch);
    return std::move(aside.applied);
  }
  const std::size_t half = inputs.size() / 2;
  LOCKSTEP_TRY(applied, commit_parts(store, engine, inputs.first(half), {}, now, out));
  LOCKSTEP_TRY(rest, commit_parts(store, engine, inputs.subspan(half), state, now, out));
  std::ranges::move(rest, std::back_inserter(applied));
  return std::move(applied);
}

Committer::Outcome Committer::commit(store::Store& store, sync::Engine& engine, std::vector<Submission>& group,
                                     Time now) {
  Outcome out;
  std::vector<sync::Input> inputs;
  std::vector<sync::StateRow> state;
  for (Submission& submission : group) {
    std::ranges::move(submission.inputs, std::back_inserter(inputs));
    submission.inputs.clear();
    state.insert(state.end(), submission.state.begin(), submission.state.end());
  }
  std::expected<sync::Decision, Failure> together = commit_once(store, engine, inputs, state, now);
  if (together) {
    out.keep(together->batch);
    auto at = together->applied.begin();
    for (const Submission& submission : group) {
      const auto end = at + static_cast<std::ptrdiff_t>(submission.input_count);
      out.results.emplace_back(std::vector<sync::Applied>(at, end));
      at = end;
    }
    return out;
  }
  // One bad input must not take the others with it: each submission on its own, and its parts where need be (X3).
  std::size_t first = 0;
  for (const Submission& submission : group) {
    const std::span<const sync::Input> own = std::span(inputs).subspan(first, submission.input_count);
    first += submission.input_count;
    const Failure& failure = together.error();
    const bool hopeless = !failure.poison && (group.size() == 1 || failure.error.kind == ErrorKind::exhausted);
    if (hopeless) {
      out.results.emplace_back(fail(failure.error));
    } else {
      out.results.emplace_back(commit_parts(store, engine, own, submission.state, now, out));
    }
  }
  return out;
}

void Committer::finish(std::vector<Submission> group, Outcome outcome, Duration took) {
  writing_ = false;
  last_commit_time_ = took;
  commits_ += outcome.transactions;
  for (const Submission& submission : group) {
    queued_inputs_ -= submission.input_count;
    queued_bytes_ -= submission.bytes;
    const auto share = queued_by_source_.find(submission.source);
    LOCKSTEP_ASSERT(share != queued_by_source_.end(), "every queued submission has its share");
    share->second.inputs -= submission.input_count;
    share->second.submissions -= 1;
    if (share->second.submissions == 0) queued_by_source_.erase(share);
  }
  for (const Error& error : outcome.set_aside)
    log_.error("input.set_aside", {{"kind", to_string(error.kind)}, {"error", error.message}});
  note_trouble(outcome);
  pump();  // the disk is busy again before the senders are answered
  if (outcome.transactions > 0 && on_committed_) on_committed_(outcome.committed);
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (outcome.results[i]) committed_inputs_ += group[i].input_count;
    group[i].done(std::move(outcome.results[i]));
  }
  if (idle() && on_idle_) on_idle_();
}

// Said once when it begins and once when it is over: senders come again every few seconds, and a log may share the disk.
void Committer::note_trouble(const Outcome& outcome) {
  const Time now = loop_.clock().now();
  const bool takes = outcome.transactions > 0;
  if (takes && trouble_) {
    const auto lasted = std::chrono::duration_cast<std::chrono::seconds>(now - trouble_->since);
    log_.info("store.takes_again",
              {{"after_seconds", std::to_string(lasted.count())}, {"refused", std::to_string(trouble_->failed)}});
    trouble_.reset();
  }
  for (const auto& result : outcome.results) {
    if (result) continue;
    const Error& error = result.error();
    if (takes) {  // others of the group have gone through
      log_.error("commit.failed", {{"kind", to_string(error.kind)}, {"error", error.message}});
      continue;
    }
    if (!trouble_ || trouble_->error.message != error.message) {
      log_.error(
          "store.takes_nothing",
          {{"kind", to_string(error.kind)},
           {"error", error.message},
           {"hint", "nothing is lost: what comes is refused until a commit goes through; a full disk needs room"}});
    }
    if (!trouble_) trouble_ = StoreTrouble{{}, now, 0};
    trouble_->error = error;
    trouble_->failed += 1;
  }
}

}  // namespace lockstep::hub
