#include "access/credentials.hpp"

namespace lockstep::access {

bool is_same_origin(const wire::HttpHeaders& headers) {
  const std::string_view site = headers.get("Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin" && site != "none") return false;
  const std::string_view origin = headers.get("Origin");
  if (origin.empty()) return true;
  const std::size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && wire::equal_without_case(origin.substr(scheme + 3), headers.get("Host"));
}

std::string_view session_cookie(const wire::HttpHeaders& headers) {
  if (!is_same_origin(headers)) return {};
  for (const auto& [name, value] : headers.items()) {
    if (!wire::equal_without_case(name, "Cookie")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      std::string_view one = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
      one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
      if (one.starts_with(kSessionCookie) && one.substr(kSessionCookie.size()).starts_with('='))
        return one.substr(kSessionCookie.size() + 1);
    }
  }
  return {};
}

bool is_loopback(std::string_view host) { return host == "127.0.0.1" || host == "::1" || host == "localhost"; }

std::string_view host_of(std::string_view header) {
  if (header.starts_with('[')) return header.substr(1, header.find(']') - 1);
  return header.substr(0, header.rfind(':'));
}

Credentials Credentials::of(const wire::HttpHeaders& headers) {
  return {std::string(headers.get("Authorization")), std::string(headers.get("X-API-Key")),
          std::string(session_cookie(headers)), std::string(headers.get("Host"))};
}

Credentials Credentials::of_token(std::string_view token, std::string host) {
  Credentials out;
  if (!token.empty()) out.authorization = "Bearer " + std::string(token);
  out.host = std::move(host);
  return out;
}

wire::HttpHeaders Credentials::headers() const {
  wire::HttpHeaders out;
  if (!authorization.empty()) out.add("Authorization", authorization);
  if (!api_key.empty()) out.add("X-API-Key", api_key);
  if (!session.empty()) out.add("Cookie", std::string(kSessionCookie) + '=' + session);
  if (!host.empty()) out.add("Host", host);
  return out;
}

}  // namespace lockstep::access
