#include "hub/people_job.hpp"

#include <algorithm>

namespace lockstep::hub {

Task<Result<std::vector<sync::Applied>>> commit_at_once(PeopleContext& context, SourceId source,
                                                        std::vector<sync::Input> inputs,
                                                        std::vector<sync::StateRow> state) {
  Submission submission;
  submission.source = source;
  submission.inputs = std::move(inputs);
  submission.state = std::move(state);
  co_return co_await completion<Result<std::vector<sync::Applied>>>([&](auto done) {
    submission.done = std::move(done);
    context.committer.submit_inner(std::move(submission));
  });
}

Task<Result<std::vector<sync::Applied>>> commit_inputs(PeopleContext& context, SourceId source,
                                                       std::vector<sync::Input> inputs,
                                                       std::vector<sync::StateRow> state) {
  for (CommitAttempts attempts(context.limits);;) {
    std::vector<sync::Input> inputs_now = inputs;
    std::vector<sync::StateRow> state_now = state;
    Result<std::vector<sync::Applied>> applied =
        co_await commit_at_once(context, source, std::move(inputs_now), std::move(state_now));
    if (applied || context.stopping() || !attempts.again(applied.error())) co_return applied;
    co_await rest(context, CommitAttempts::pause);
  }
}

Task<void> rest(PeopleContext& context, Duration time) {
  constexpr Duration step = std::chrono::seconds(1);
  for (Duration left = time; left > Duration(0) && !context.stopping(); left -= step) {
    co_await completion<std::monostate>([&](Completion<std::monostate>::Done done) {
      context.loop.after(std::min(left, step), [done = std::move(done)]() mutable { done({}); });
    });
  }
}

}  // namespace lockstep::hub
