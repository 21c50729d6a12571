#include "hub/lane_state.hpp"

#include <gtest/gtest.h>

namespace lockstep::hub {
namespace {

// From the least to the worst: each one goes before those above it.
TEST(LaneState, TheWorstIsSaid) {
  LaneStatus lane;
  lane.connected = lane.read_once = true;
  EXPECT_EQ(worst_of(lane), (LaneState{"connected", ""}));
  lane.silence = std::chrono::minutes(90);
  EXPECT_EQ(worst_of(lane), (LaneState{"silent", "no webhook for 90 minutes"}));
  lane.read_once = false;
  EXPECT_EQ(worst_of(lane).state, "reading");
  lane.stalled = true;
  EXPECT_EQ(worst_of(lane), (LaneState{"stalled", "writes are due and none is done"}));
  lane.connected = false;
  lane.problem = "the token is refused";
  EXPECT_EQ(worst_of(lane), (LaneState{"down", "the token is refused"}));
  lane.retry_at = Time();
  EXPECT_EQ(worst_of(lane).state, "unanswered");
  lane.hold = Hold{"paused", "stock-taking", "ann", Time()};
  EXPECT_EQ(worst_of(lane), (LaneState{"paused", "stock-taking"}));
  lane.hold->kind = "guard";
  EXPECT_EQ(worst_of(lane).state, "asks");
  lane.unstored = "the disk is full";
  EXPECT_EQ(worst_of(lane), (LaneState{"unstored", "the disk is full"}));
}

}  // namespace
}  // namespace lockstep::hub
