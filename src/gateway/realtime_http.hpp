// What the realtime protocols share towards HTTP: pages of other origins, and who asks.
#pragma once

#include "gateway/identities.hpp"
#include "wire/http.hpp"

namespace lockstep::gateway {

// Pages of any origin may call: what counts is the token that they send, and no cookie is looked at.
wire::HttpResponse with_cors(wire::HttpResponse response);
// The answer to OPTIONS.
wire::HttpResponse preflight(const wire::HttpRequest& request);

// Of a request. A page of another origin does not count as this machine, whatever Host it sends: only its token counts.
Credentials credentials_of(const wire::HttpRequest& request);

// Clients of Supabase always send some key. Where the configuration has none, it is the address that counts, as
// everywhere; then a key that is not known does no harm.
Result<std::shared_ptr<const Identity>> identify_or_local(Identities& identities, Credentials credentials);

}  // namespace lockstep::gateway
