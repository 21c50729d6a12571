#include "access/session_token.hpp"

#include "wire/signature.hpp"

namespace lockstep::access {
namespace {

std::string tag_of(std::string_view key, std::string_view id) {
  return wire::hex_encode(wire::hmac_sha256(key, "lockstep session 1 " + std::string(id)));
}

}  // namespace

std::string session_token(std::string_view key, std::string_view id) {
  return std::string(kSessionPrefix) + std::string(id) + '_' + tag_of(key, id);
}

std::optional<std::string_view> session_of(std::string_view key, std::string_view token) {
  if (!token.starts_with(kSessionPrefix)) return std::nullopt;
  token.remove_prefix(kSessionPrefix.size());
  const std::size_t end = token.find('_');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view id = token.substr(0, end);
  if (!wire::equal_constant_time(token.substr(end + 1), tag_of(key, id))) return std::nullopt;
  return id;
}

}  // namespace lockstep::access
