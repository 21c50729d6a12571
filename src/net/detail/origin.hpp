// Scheme, host and port of a server, from their text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lockstep::net::detail {

enum class Scheme { http, https };

struct Origin {
  Scheme scheme = Scheme::https;
  std::string host;  // lower case; IPv6 without brackets
  std::uint16_t port = 443;

  std::string host_header() const;  // "example.org", "example.org:8443", "[::1]:8080"
  std::string key() const;          // the same for every spelling of this origin
  friend bool operator==(const Origin&, const Origin&) = default;
};

// "https://host", "http://host:8080", with or without a slash at the end. invalid: anything else, user names included.
Result<Origin> parse_origin(std::string_view text);

}  // namespace lockstep::net::detail
