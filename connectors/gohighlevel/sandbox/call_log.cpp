#include "connectors/gohighlevel/sandbox/call_log.hpp"

#include <algorithm>

#include "connectors/gohighlevel/sandbox/limits.hpp"

namespace lockstep::gohighlevel::sandbox {

void CallLog::add(const std::string& route, CallRecord call) {
  ++total_;
  ++by_route_[route];
  ++by_status_[call.status];
  on_their_way_.erase(on_their_way_.begin(), on_their_way_.upper_bound(call.at));
  on_their_way_.insert(call.until);
  most_at_once_ = std::max<std::uint64_t>(most_at_once_, on_their_way_.size());
  if (recent_.size() >= limits::recent_max) recent_.pop_front();
  if (call.target.size() > limits::recent_target_bytes_max) call.target.resize(limits::recent_target_bytes_max);
  recent_.push_back(std::move(call));
}

void CallLog::forget() {
  by_route_.clear();
  by_status_.clear();
  total_ = 0;
  most_at_once_ = 0;
}

}  // namespace lockstep::gohighlevel::sandbox
