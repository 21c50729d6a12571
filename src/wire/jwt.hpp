// JSON Web Tokens (RFC 7519), verifying only: HS256 with a secret, RS256 and ES256 with a public key or a set of them.
//
// The key decides the algorithm, never the token: a token that names another one is refused ("alg": "none" and the
// confusion of HS256 with a public key included). A set's key is found by the token's `kid`. Expiry is required.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace lockstep::wire {

struct JwtSettings {
  std::string secret;               // HS256; exactly one of secret, public_key and jwks
  std::string public_key;           // PEM: an RSA key means RS256, a P-256 key ES256
  std::string jwks = {};            // a key set (wire/jwk_set.hpp)
  std::string issuer;               // `iss` must be this; "" accepts any
  std::string audience;             // `aud` must be or contain this; "" accepts any
  std::chrono::seconds leeway{30};  // for clocks that disagree
};

class JwtVerifier {
 public:
  // Fails when the key can not be read, is too weak, or none or more than one is given.
  static Result<JwtVerifier> make(JwtSettings settings);

  // The claims, or `unauthorized` with the reason; `not_found` when the token's `kid` names no key of the set: that may
  // be older than the key.
  Result<Json> verify(std::string_view token, Time now) const;

 private:
  struct Impl;
  explicit JwtVerifier(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace lockstep::wire
