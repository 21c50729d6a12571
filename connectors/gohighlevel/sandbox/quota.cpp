#include "connectors/gohighlevel/sandbox/quota.hpp"

#include <algorithm>

namespace lockstep::gohighlevel::sandbox {

Quota::Verdict Quota::spend(const std::string& bucket, Time now) {
  Bucket& found = buckets_[bucket];
  const Time day = std::chrono::floor<std::chrono::days>(now);
  if (found.day != day) {
    found.day = day;
    found.today = 0;
  }
  while (!found.recent.empty() && found.recent.front() <= now - settings_.burst_interval) found.recent.pop_front();
  if (found.today >= settings_.daily) return Verdict::day_spent;
  if (static_cast<std::int64_t>(found.recent.size()) >= settings_.burst) return Verdict::burst_spent;
  found.recent.push_back(now);
  ++found.today;
  return Verdict::counted;
}

void Quota::put_headers(const std::string& bucket, Time now, wire::HttpHeaders& headers) const {
  const auto found = buckets_.find(bucket);
  const auto used = found == buckets_.end() ? 0 : static_cast<std::int64_t>(found->second.recent.size());
  const auto today = found == buckets_.end() ? 0 : found->second.today;
  const auto reset = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::floor<std::chrono::days>(now) +
                                                                  std::chrono::days(1) - now);
  headers.add("X-RateLimit-Max", std::to_string(settings_.burst));
  headers.add("X-RateLimit-Interval-Milliseconds",
              std::to_string(settings_.burst_interval / std::chrono::milliseconds(1)));
  headers.add("X-RateLimit-Remaining", std::to_string(std::max<std::int64_t>(0, settings_.burst - used)));
  headers.add("X-RateLimit-Limit-Daily", std::to_string(settings_.daily));
  headers.add("X-RateLimit-Daily-Remaining", std::to_string(std::max<std::int64_t>(0, settings_.daily - today)));
  headers.add("X-RateLimit-Daily-Reset", std::to_string(reset.count()));
}

}  // namespace lockstep::gohighlevel::sandbox
