// Who calls (src/access), by the names that the gateway uses.
#pragma once

#include "access/caller.hpp"
#include "access/credentials.hpp"

namespace lockstep::gateway {

using access::Access;
using access::Caller;
using access::Credentials;
using access::Role;

}  // namespace lockstep::gateway
