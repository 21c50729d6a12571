// Passwords as they may be kept: argon2id (RFC 9106) by libsodium, with its salt and cost in the text.
//
// Both functions block for the time that the cost is meant to take, and use its memory meanwhile: never on the loop's
// thread, and never many at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lockstep::wire {

struct PasswordCost {
  unsigned long long passes = 3;
  std::size_t memory_bytes = std::size_t{64} << 20;
};

inline constexpr PasswordCost kCheapestPassword{1, 8192};  // for tests

// `exhausted` when the memory is not there.
Result<std::string> hash_password(std::string_view password, PasswordCost cost = {});
bool password_matches(const std::string& hash, std::string_view password);

}  // namespace lockstep::wire
