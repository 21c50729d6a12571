// Signs webhooks the way the vendor does, with keys of the sandbox's own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct evp_pkey_st;

namespace lockstep::gohighlevel::sandbox {

class Signer {
 public:
  // The Ed25519 key follows from the seed: the same seed, the same key. `rsa_pem` is the private key of
  // the legacy scheme, or empty for none; invalid when it is no RSA private key.
  static Result<Signer> make(std::uint64_t seed, std::string_view rsa_pem);

  std::string ed25519(std::string_view bytes) const;     // base64, for X-GHL-Signature
  std::string rsa_sha256(std::string_view bytes) const;  // base64, for X-WH-Signature; "" without an RSA key
  std::string ed25519_public_pem() const;
  std::string rsa_public_pem() const;  // "" without an RSA key

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  using Key = std::unique_ptr<evp_pkey_st, Free>;
  Signer(Key ed25519_key, Key rsa_key) : ed25519_(std::move(ed25519_key)), rsa_(std::move(rsa_key)) {}

  Key ed25519_;
  Key rsa_;
};

}  // namespace lockstep::gohighlevel::sandbox
