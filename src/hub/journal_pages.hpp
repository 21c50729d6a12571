// Ways through the journal by time. Its entries are in order of acceptance; their times are those of a wall clock, which
// may have been set back in between.
#pragma once

#include "store/store.hpp"

namespace lockstep::hub {

// By how much a clock may have been set back between two entries.
inline constexpr Duration kClockSlack = std::chrono::minutes(10);

// The entry after which all entries of `from` and later stand.
Result<Seq> entry_before(store::Reader& reader, const SourceId& source, Time from);

}  // namespace lockstep::hub
