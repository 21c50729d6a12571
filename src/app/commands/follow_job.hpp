// A job on the server, watched until it has ended.
#pragma once

#include "app/commands/context.hpp"
#include "app/commands/progress.hpp"

namespace lockstep::app {

enum class Wait { for_the_end, not_at_all };

JobState job_state(const Json& job);

// The job as it ended, or as it is with Wait::not_at_all; printed with --json. A job that failed is a `conflict` that says
// why. Progress goes to context.err; a server that restarts in between is asked again.
Result<Json> follow_job(CommandContext& context, ApiClient& api, const std::string& source, Json job, Wait wait);

}  // namespace lockstep::app
