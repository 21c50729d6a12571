// What an answer of the API means for the caller: one outcome per reaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connector/connector.hpp"

namespace lockstep::gohighlevel {

struct Answer {
  unsigned status = 0;
  wire::HttpHeaders headers;
  Json body;  // null when it was no JSON

  bool ok() const { return status >= 200 && status < 300; }
};

// "message" (a text, or a list for 422), else "error", else "detail". As the CRM wrote it: redact before showing.
std::string vendor_message(const Answer& answer);

// A 401 that no new token cures: the scope is missing or the Version header is wrong.
bool is_hopeless_unauthorized(const Answer& answer);
// 404 with a message of the vendor's, or the 400 that several operations answer for an unknown id.
bool says_not_found(const Answer& answer);
// A 2xx that says so in its body ("succeded", as the vendor writes it): other pages are answered 200 too.
bool says_done(const Answer& answer);
// The existing object that stands against a create: "" when the answer does not name it, nullopt when it is no duplicate.
std::optional<std::string> duplicate_of(const Answer& answer);
// Body properties named in "property X should not exist".
std::vector<std::string> refused_properties(const Answer& answer);
// A 422 that says what is wrong with a value, and so was given before anything was written.
bool is_plain_validation(const Answer& answer);
std::optional<std::chrono::milliseconds> retry_after(const Answer& answer);

// For reads.
Error read_error(const Answer& answer, std::string_view what);
// For writes: the outcome of an answer that is not 2xx. `document` is what was sent; its values do not show in the reason.
connector::WriteResult write_failure(const Answer& answer, const Json& document);
// For writes: the call itself failed.
connector::WriteResult write_failure(const Error& error);

}  // namespace lockstep::gohighlevel
