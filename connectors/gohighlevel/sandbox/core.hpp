// Everything a sandbox is made of, put together once.
#pragma once

#include <vector>

#include "connectors/gohighlevel/sandbox/api.hpp"
#include "connectors/gohighlevel/sandbox/call_log.hpp"
#include "connectors/gohighlevel/sandbox/crm.hpp"
#include "connectors/gohighlevel/sandbox/quota.hpp"
#include "connectors/gohighlevel/sandbox/sandbox.hpp"
#include "connectors/gohighlevel/sandbox/tokens.hpp"
#include "connectors/gohighlevel/sandbox/webhooks.hpp"

namespace lockstep::gohighlevel::sandbox {

struct Core {
  Core(SandboxSettings settings, Signer signer, const Clock& its_clock, Random& its_random);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  const Clock& clock;
  Random& random;
  std::string control_key;
  Faults faults;
  Webhooks webhooks;
  Crm crm;
  Tokens tokens;
  Quota quota;
  CallLog log;
  std::vector<Route> routes;
};

// The vendor's API.
SandboxReply serve_api(Core& core, const wire::HttpRequest& request);

// Everything below /_sandbox/.
wire::HttpResponse serve_control(Core& core, const wire::HttpRequest& request);

// Pipelines, custom fields and users, so that a location is of use at once. The ids follow from the
// location's, so that configurations can name them.
void furnish(Location& location);

// `contacts` people and `opportunities` deals of theirs, the same for the same seed; ids come from the sandbox.
// Fires events only with Quiet::no. The number of records added, which is less when the location is full.
struct Seeded {
  std::size_t contacts = 0;
  std::size_t opportunities = 0;
};
Seeded seed(Crm& crm, Location& location, std::size_t contacts, std::size_t opportunities, std::uint64_t number,
            Quiet quiet);

wire::HttpResponse json_response(unsigned status, const Json& body);

}  // namespace lockstep::gohighlevel::sandbox
