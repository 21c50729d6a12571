// What only the engine asks of a link.
#pragma once

#include "sync/record.hpp"

namespace lockstep::sync {

// Leaves out of what a write carries what goes back to the state before our last one: an event that shows it tells nothing.
// Of a set those members.
void leave_out_returns(const Link& link, Fields& sent);

// Before somebody's edit becomes the base: of the members that it changes, what stood there before our writes is long over.
void outdate_prior(Link& link, const std::string& field, const Json& value);

}  // namespace lockstep::sync
