#include "hub/lane_state.hpp"

namespace lockstep::hub {

LaneState worst_of(const LaneStatus& lane) {
  if (!lane.unstored.empty()) return {"unstored", lane.unstored};
  if (lane.hold) return {lane.hold->kind == "guard" ? "asks" : "paused", lane.hold->reason};
  if (lane.retry_at) return {"unanswered", lane.problem};
  if (!lane.connected) return {"down", lane.problem};
  if (lane.stalled) return {"stalled", "writes are due and none is done"};
  if (!lane.read_once) return {"reading", "it is read completely before anything is written to it"};
  if (lane.silence) {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(*lane.silence).count();
    return {"silent", "no webhook for " + std::to_string(minutes) + " minutes"};
  }
  return {"connected", lane.problem};
}

}  // namespace lockstep::hub
