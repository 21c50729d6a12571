// How fast a job goes, and when it will have ended.
#pragma once

#include "hub/hub.hpp"

namespace lockstep::hub {

// `worked` is what the job has got through in `time`, done or skipped; what was done before a restart is not in it.
void note_rate(JobProgress& job, std::uint64_t worked, Duration time);

}  // namespace lockstep::hub
