// Errors as application/problem+json (RFC 9457).
#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "wire/http.hpp"

namespace lockstep::gateway {

// The HTTP status of an error kind. `exhausted` and `unavailable` on the way in are 429: the CRM sends again only
// after a 429, never after a 5xx (A2).
unsigned http_status(ErrorKind kind);

wire::HttpResponse problem(const Error& error);
// The same with a status of its own, where the kind alone does not tell (403, 405).
wire::HttpResponse problem(const Error& error, unsigned status);
// Of somebody who is known and may not: 403, for 401 would sign him out.
wire::HttpResponse problem_of_caller(const Error& error);
wire::HttpResponse json_response(unsigned status, const Json& body);

}  // namespace lockstep::gateway
