#include "net/detail/origin.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

namespace lockstep::net::detail {
namespace {

constexpr std::size_t kHostBytesLimit = 253;  // of a DNS name

std::uint16_t default_port(Scheme scheme) { return scheme == Scheme::https ? 443 : 80; }

}  // namespace

std::string Origin::host_header() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != default_port(scheme)) text += ":" + std::to_string(port);
  return text;
}

std::string Origin::key() const {
  return (scheme == Scheme::https ? "https://" : "http://") + host + "|" + std::to_string(port);
}

Result<Origin> parse_origin(std::string_view text) {
  const auto wrong = [](const char* what) { return fail(ErrorKind::invalid, std::string("origin: ") + what); };
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return wrong("no URL");
  const boost::urls::url_view& url = *parsed;
  Origin origin;
  if (url.scheme_id() == boost::urls::scheme::https) {
    origin.scheme = Scheme::https;
  } else if (url.scheme_id() == boost::urls::scheme::http) {
    origin.scheme = Scheme::http;
  } else {
    return wrong("the scheme is neither http nor https");
  }
  if (url.has_userinfo()) return wrong("user names do not belong here");
  if (url.has_query() || url.has_fragment() || !(url.encoded_path().empty() || url.encoded_path() == "/")) {
    return wrong("only scheme, host and port");
  }
  origin.host = std::string(url.host_address());
  std::ranges::transform(origin.host, origin.host.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const bool plain = std::ranges::all_of(origin.host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == ':';
  });
  if (origin.host.empty() || origin.host.size() > kHostBytesLimit || !plain) return wrong("no host name");
  origin.port = default_port(origin.scheme);
  if (url.has_port() && !url.port().empty()) {
    const auto digits = url.port();
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), origin.port);
    if (error != std::errc() || end != digits.data() + digits.size() || origin.port == 0)
      return wrong("no port number");
  }
  return origin;
}

}  // namespace lockstep::net::detail
