#include "sync/hlc.hpp"

#include <algorithm>

namespace lockstep::sync {

Hlc HlcClock::tick(Time now) {
  last_ = std::max(Hlc::at(now), Hlc{last_.packed + 1});
  return last_;
}

void HlcClock::see(Hlc seen) { last_ = std::max(last_, seen); }

}  // namespace lockstep::sync
