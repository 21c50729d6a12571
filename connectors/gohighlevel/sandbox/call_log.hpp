// What was asked of the sandbox: counts for tests, the latest calls for the page.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "base/clock.hpp"

namespace lockstep::gohighlevel::sandbox {

struct CallRecord {
  Time at;
  std::string method;
  std::string target;
  unsigned status = 0;
  std::string fault;  // "" or what was done to the call
  Time until;         // its answer leaves then
};

class CallLog {
 public:
  // `route` is "POST /contacts/" or "unknown".
  void add(const std::string& route, CallRecord call);
  void forget();

  const std::map<std::string, std::uint64_t>& by_route() const { return by_route_; }
  const std::map<unsigned, std::uint64_t>& by_status() const { return by_status_; }
  const std::deque<CallRecord>& recent() const { return recent_; }
  std::uint64_t total() const { return total_; }
  // So many calls at most were on their way at one time.
  std::uint64_t most_at_once() const { return most_at_once_; }

 private:
  std::map<std::string, std::uint64_t> by_route_;
  std::map<unsigned, std::uint64_t> by_status_;
  std::deque<CallRecord> recent_;
  std::multiset<Time> on_their_way_;  // until when
  std::uint64_t total_ = 0;
  std::uint64_t most_at_once_ = 0;
};

}  // namespace lockstep::gohighlevel::sandbox
