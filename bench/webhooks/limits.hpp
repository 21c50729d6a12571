// What the parts of the way take by themselves: the bounds to hold the whole against.
#pragma once

#include <map>

#include "bench/support/machine.hpp"
#include "bench/webhooks/messages.hpp"

namespace lockstep::bench {

// Ed25519 verifications of one thread, over a body of this size.
double verifications_per_second(const Signer& signer, std::size_t body_bytes);

// Requests to /healthz by wrk with 64 connections; 0 when wrk is not installed.
double health_requests_per_second(const Address& server, const Folder& folder);

// Units that the store alone commits per second, by units in a transaction.
std::map<int, double> store_units_per_second(const Folder& folder);

}  // namespace lockstep::bench
