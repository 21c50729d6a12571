// What Access looks at, of a request or a message: connections keep it and ask again.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "wire/http.hpp"

namespace lockstep::access {

inline constexpr std::string_view kSessionCookie = "lockstep_session";

// Whether a page of this server asks, or nothing that is a browser.
bool is_same_origin(const wire::HttpHeaders& headers);

// The session in the request's cookie, or "". A cookie comes along whoever has made the browser ask: it counts only
// when the browser says that a page of this server did, or nothing about it (RFC 6265bis SameSite=Strict keeps most
// of the others from coming at all; this keeps sister domains out, and websockets).
std::string_view session_cookie(const wire::HttpHeaders& headers);

bool is_loopback(std::string_view host);
// "127.0.0.1:8080" -> "127.0.0.1", "[::1]:8080" -> "::1"
std::string_view host_of(std::string_view header);

struct Credentials {
  std::string authorization;
  std::string api_key;
  std::string session;
  std::string host;

  static Credentials of(const wire::HttpHeaders& headers);
  static Credentials of_token(std::string_view token, std::string host);
  wire::HttpHeaders headers() const;
  bool empty() const { return authorization.empty() && api_key.empty() && session.empty(); }
  friend auto operator<=>(const Credentials&, const Credentials&) = default;
};

}  // namespace lockstep::access
