#include "hub/silence.hpp"

#include <algorithm>

namespace lockstep::hub {
namespace {

constexpr double weight_of_newest = 0.05;

double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

void Silence::heard(Time now) {
  if (last_) {
    const double gap = seconds(now - *last_);
    usual_gap_s_ = heard_ == 1 ? gap : usual_gap_s_ + weight_of_newest * (gap - usual_gap_s_);
  }
  last_ = now;
  ++heard_;
}

std::optional<Duration> Silence::alarming(Time now) const {
  if (heard_ < limits_.silence_learned || !last_) return std::nullopt;
  const Duration silent = now - *last_;
  if (silent < limits_.silence_least) return std::nullopt;
  if (seconds(silent) < usual_gap_s_ * static_cast<double>(limits_.silence_gaps)) return std::nullopt;
  return silent;
}

}  // namespace lockstep::hub
