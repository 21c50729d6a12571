// JSON Web Key Sets (RFC 7517), as an issuer of tokens publishes them: its public keys for RS256 and ES256.
//
// Keys that are of no use here are left out, as the standard asks: symmetric ones (a secret that is published is none,
// and a public key must never become one), other curves and algorithms, RSA below 2048 bits, keys for encryption.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/jwt_key.hpp"

namespace lockstep::wire {

inline constexpr std::size_t kJwkSetBytesLimit = 64 << 10;
inline constexpr std::size_t kJwkSetKeysLimit = 32;
inline constexpr std::size_t kJwkIdBytesLimit = 256;

class JwkSet {
 public:
  struct Entry {
    std::optional<std::string> id;  // `kid`
    JwtKey key;
  };
  explicit JwkSet(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  // nullptr: there is none of this id.
  const JwtKey* find(std::string_view id) const;
  // The key for tokens that name none: there must be no choice. nullptr otherwise.
  const JwtKey* only() const { return entries_.size() == 1 ? &entries_.front().key : nullptr; }
  std::size_t size() const { return entries_.size(); }

 private:
  std::vector<Entry> entries_;  // one at least
};

// Invalid: no key set, none of its keys is of use, two of them have the same id, one of them is a private key (whoever
// fetched the set could sign with it), or a limit above is exceeded.
Result<JwkSet> parse_jwk_set(std::string_view text);

}  // namespace lockstep::wire
