// The worst that is known about a system, in one word and a sentence for people.
#pragma once

#include <string_view>

#include "hub/hub.hpp"

namespace lockstep::hub {

struct LaneState {
  std::string_view state;  // docs/operating.md says what to do about each
  std::string note;        // "": nothing special

  friend bool operator==(const LaneState&, const LaneState&) = default;
};

LaneState worst_of(const LaneStatus& lane);

}  // namespace lockstep::hub
