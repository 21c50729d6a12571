#include "hub/progress.hpp"

namespace lockstep::hub {

void note_rate(JobProgress& job, std::uint64_t worked, Duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  job.rate_per_second = seconds > 0 ? static_cast<double>(worked) / seconds : 0;
  job.eta.reset();
  const std::uint64_t through = job.done + job.skipped;
  if (!job.total || *job.total <= through || job.rate_per_second <= 0) return;
  job.eta = std::chrono::seconds(
      static_cast<std::int64_t>(static_cast<double>(*job.total - through) / job.rate_per_second) + 1);
}

}  // namespace lockstep::hub
