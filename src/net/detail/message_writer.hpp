// Heads of HTTP/1.1 messages as bytes. The framing headers are written here and taken from nobody else.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "net/detail/message_parser.hpp"
#include "wire/http.hpp"

namespace lockstep::net::detail {

enum class BodyFraming {
  content_length,
  chunked,
  until_close,  // a stream to an HTTP/1.0 client
};

struct ResponseHead {
  BodyFraming framing = BodyFraming::content_length;
  Persistence persistence = Persistence::keep_alive;
  std::string_view date;  // "" writes none
};

// The head with its empty line, for the response's status, headers and (only the length of) body.
// A control character in a header value becomes a space: no value can smuggle a header in.
void append_response_head(std::string& out, const wire::HttpResponse& response, const ResponseHead& head);

// Statuses 1xx, 204 and 304 have no body, whatever the response holds (RFC 9110 section 6.4.1).
bool may_have_body(unsigned status);

// The head of a request to `host` (as in the Host header). The message must have passed request_trouble().
void append_request_head(std::string& out, const wire::HttpRequest& request, std::string_view host);

// What makes the method, target or a header impossible to send, or nothing.
std::optional<std::string> request_trouble(const wire::HttpRequest& request);

// "Sat, 21 Nov 2026 07:25:00 GMT" (RFC 9110 section 5.6.7).
std::string http_date(Time time);

}  // namespace lockstep::net::detail
