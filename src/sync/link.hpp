// What only the engine asks of a link.
#pragma once

#include "sync/record.hpp"

namespace lockstep::sync {

// Leaves out of what a write carries what goes back to the state before our last one: an event that shows it tells nothing.
// Of a set those members.
void leave_out_returns(const Link& link, Fields& sent);

}  // namespace lockstep::sync
