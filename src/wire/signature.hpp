// Signatures over raw bytes, base64, and comparison in constant time: what webhook verification needs.
// Keys are parsed once into an object; verifying never fails with an error, it says no.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lockstep::wire {

// RFC 4648 section 4, with padding.
std::string base64_encode(std::string_view bytes);
// Standard alphabet; padding may be left out, anything else outside the alphabet is no base64.
std::optional<std::string> base64_decode(std::string_view text);
// RFC 4648 section 5, without padding: as tokens have it.
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);
std::string hex_encode(std::string_view bytes);  // lower case
std::optional<std::string> hex_decode(std::string_view text);

// 32 bytes each.
std::string hmac_sha256(std::string_view key, std::string_view message);
std::string sha256(std::string_view message);

// Takes the same time wherever the difference is; only the lengths can be learned from it.
bool equal_constant_time(std::string_view a, std::string_view b);

// A public key for one algorithm. Copies share the key.
class VerifyKey {
 public:
  // The key as PEM ("-----BEGIN PUBLIC KEY-----"), base64 (32 raw bytes, or DER SubjectPublicKeyInfo) or 64 hex digits.
  static Result<VerifyKey> ed25519(std::string_view text);
  // PEM or base64 of DER SubjectPublicKeyInfo; 2048 to 16384 bits. Signatures: PKCS#1 v1.5 with SHA-256.
  static Result<VerifyKey> rsa_sha256(std::string_view text);

  // `signature` is raw bytes.
  bool verify(std::string_view message, std::string_view signature) const;
  // Signature in base64, as header values carry it. Text that is no base64 is a wrong signature.
  bool verify_base64(std::string_view message, std::string_view signature) const;

  struct Impl;

 private:
  explicit VerifyKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;  // shared: keys are immutable and cheap to share, not to copy
};

}  // namespace lockstep::wire
