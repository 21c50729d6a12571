// The vendor's budget: a burst in a sliding window and calls per UTC day, per app (or private token) and location.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"
#include "connectors/gohighlevel/sandbox/settings.hpp"
#include "wire/http.hpp"

namespace lockstep::gohighlevel::sandbox {

// Any window of burst_interval holds at most `burst` calls: stricter than windows that start anew, so a
// client that is right here is right whatever the vendor's windows look like. Calls that get a 429 do not
// count, all others do, failed ones too.
class Quota {
 public:
  explicit Quota(QuotaSettings settings) : settings_(settings) {}

  const QuotaSettings& settings() const { return settings_; }
  void change(QuotaSettings settings) { settings_ = settings; }

  enum class Verdict { counted, burst_spent, day_spent };
  Verdict spend(const std::string& bucket, Time now);
  // The X-RateLimit-* headers as they stand after the call.
  void put_headers(const std::string& bucket, Time now, wire::HttpHeaders& headers) const;

 private:
  struct Bucket {
    std::deque<Time> recent;
    Time day{};
    std::int64_t today = 0;
  };
  QuotaSettings settings_;
  std::unordered_map<std::string, Bucket> buckets_;  // at most one per known token and location
};

}  // namespace lockstep::gohighlevel::sandbox
