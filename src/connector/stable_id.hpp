// Ids derived from an idempotency key: a create that is sent again carries the same id, so that a database's primary
// key makes it happen once (X1).
#pragma once

#include <string>
#include <string_view>

namespace lockstep::connector {

// A UUID of version 8 (RFC 9562: content is the application's own) from SHA-256 of the text.
std::string stable_uuid(std::string_view text);

}  // namespace lockstep::connector
