// What a signed-in browser or command line carries: "lss_", the session's id, "_", and the server's signature of it
// (HMAC-SHA256). A forged one is recognised without looking anything up, and a copy of the store signs nobody in: the
// key is sealed there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lockstep::access {

inline constexpr std::string_view kSessionPrefix = "lss_";

std::string session_token(std::string_view key, std::string_view id);
// The id, when this key has signed it.
std::optional<std::string_view> session_of(std::string_view key, std::string_view token);

}  // namespace lockstep::access
