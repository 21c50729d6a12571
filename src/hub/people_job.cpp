#include "hub/people_job.hpp"

#include <algorithm>

namespace lockstep::hub {

Task<Result<std::vector<sync::Applied>>> commit_inputs(PeopleContext& context, SourceId source,
                                                       std::vector<sync::Input> inputs) {
  for (;;) {
    Submission submission;
    submission.source = source;
    submission.inputs = inputs;
    Result<std::vector<sync::Applied>> applied =
        co_await completion<Result<std::vector<sync::Applied>>>([&](auto done) {
          submission.done = std::move(done);
          context.committer.submit_inner(std::move(submission));
        });
    if (applied || applied.error().kind != ErrorKind::exhausted || context.stopping()) co_return applied;
    co_await rest(context, std::chrono::seconds(1));
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
