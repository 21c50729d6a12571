// One key that verifies tokens. It has one algorithm, which is decided here and by nothing that a token says.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lockstep::wire {

class JwtKey {
 public:
  // HS256; 16 bytes at least.
  static Result<JwtKey> from_secret(std::string secret);
  // A public key in PEM. RSA of 2048 to 8192 bits: RS256; EC on P-256: ES256; any other is refused.
  static Result<JwtKey> from_pem(std::string_view text);
  // The same from their numbers, big-endian. The exponent is odd, from 3 to 32 bits.
  static Result<JwtKey> from_rsa(std::string_view modulus, std::string_view exponent);
  // 32 bytes each, a point on the curve.
  static Result<JwtKey> from_p256(std::string_view x, std::string_view y);

  std::string_view algorithm() const;  // as in a token's "alg"
  // `signature` as JWS has it; of ES256 that is r and s, 32 bytes each.
  bool verify(std::string_view message, std::string_view signature) const;

  struct Impl;

 private:
  explicit JwtKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;  // shared: keys never change and are cheap to share, not to copy
};

}  // namespace lockstep::wire
