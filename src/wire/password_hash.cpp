#include "wire/password_hash.hpp"

#include <sodium.h>

#include <array>

namespace lockstep::wire {

Result<std::string> hash_password(std::string_view password, PasswordCost cost) {
  if (sodium_init() < 0) return fail(ErrorKind::unavailable, "libsodium does not start");
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), cost.passes, cost.memory_bytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    return fail(ErrorKind::exhausted, "there is no memory to hash a password");
  return std::string(text.data());
}

bool password_matches(const std::string& hash, std::string_view password) {
  if (sodium_init() < 0 || hash.size() >= crypto_pwhash_STRBYTES) return false;
  std::array<char, crypto_pwhash_STRBYTES> text{};
  hash.copy(text.data(), hash.size());
  return crypto_pwhash_str_verify(text.data(), password.data(), password.size()) == 0;
}

}  // namespace lockstep::wire
