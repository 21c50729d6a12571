// Takes secrets and personal data out of texts that come from outside systems, before they reach a log, a page or the
// reason of a dead letter (O4). Errs on the side of hiding: a property name in quotes is hidden too.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"

namespace lockstep::connector {

// Hides e-mail addresses, phone numbers, tokens, anything in quotes and the query values of URLs; cuts to
// limits::kRedactedTextBytes, never inside a UTF-8 sequence. Identifiers such as property names, record ids and
// status codes stay.
std::string redact(std::string_view text);

// The same, and every text and number of `document` (what was sent) that occurs in `text`, compared without case.
std::string redact(std::string_view text, const Json& document);

// For texts of our own that may repeat what a caller has named, such as "there is no record 'x'": hides addresses,
// phone numbers and tokens, and keeps what is in quotes.
std::string redact_own(std::string_view text);

// A request target for a log line: the path, and the names of the query parameters.
std::string redact_target(std::string_view target);

}  // namespace lockstep::connector
