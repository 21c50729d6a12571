#include "sync/oscillation.hpp"

namespace lockstep::sync {

Flips flips_after(const FieldState& current, const Json& value, const SystemName& system, Time now,
                  std::chrono::milliseconds window) {
  Flips next;
  if (system == current.stamp.origin) return next;
  next.before = current.value;
  if (current.flips.before != value) return next;
  const auto now_ms = static_cast<std::uint64_t>(to_epoch_ms(now));
  const bool recent = current.flips.count > 0 && now_ms >= current.flips.since_ms &&
                      now_ms - current.flips.since_ms <= static_cast<std::uint64_t>(window.count());
  next.count = recent ? current.flips.count + 1 : 1;
  next.since_ms = recent ? current.flips.since_ms : now_ms;
  return next;
}

}  // namespace lockstep::sync
