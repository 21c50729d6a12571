// A key pair made for one run, for tests of signatures.
#pragma once

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

#include "wire/signature.hpp"

namespace lockstep::wire::testing {

class KeyPair {
 public:
  // Takes the key over: EVP_RSA_gen(2048), EVP_EC_gen("P-256"), …
  explicit KeyPair(EVP_PKEY* key) : key_(key, &EVP_PKEY_free) { EXPECT_NE(key, nullptr); }
  static KeyPair ed25519() { return KeyPair(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }
  static KeyPair rsa() { return KeyPair(EVP_RSA_gen(2048)); }
  static KeyPair p256() { return KeyPair(EVP_EC_gen("P-256")); }

  EVP_PKEY* get() const { return key_.get(); }

  // The public key, as DER (SubjectPublicKeyInfo) and as PEM.
  std::string der() const {
    std::string out(static_cast<std::size_t>(i2d_PUBKEY(key_.get(), nullptr)), '\0');
    auto* at = reinterpret_cast<unsigned char*>(out.data());
    EXPECT_GT(i2d_PUBKEY(key_.get(), &at), 0);
    return out;
  }
  std::string pem() const {
    const std::string body = base64_encode(der());
    std::string out = "-----BEGIN PUBLIC KEY-----\n";
    for (std::size_t at = 0; at < body.size(); at += 64) out += body.substr(at, 64) + "\n";
    return out + "-----END PUBLIC KEY-----\n";
  }
  // The 32 bytes of an Ed25519 key.
  std::string raw() const {
    std::string out(32, '\0');
    std::size_t size = out.size();
    EXPECT_EQ(EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(out.data()), &size), 1);
    return out;
  }

  // With SHA-256 unless told otherwise; Ed25519 hashes by itself.
  std::string sign(std::string_view message) const {
    return sign(message, EVP_PKEY_is_a(key_.get(), "ED25519") == 1 ? nullptr : EVP_sha256());
  }
  std::string sign(std::string_view message, const EVP_MD* digest) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    EXPECT_EQ(EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.get()), 1);
    const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
    std::size_t size = 0;
    EXPECT_EQ(EVP_DigestSign(context.get(), nullptr, &size, bytes, message.size()), 1);
    std::string out(size, '\0');
    EXPECT_EQ(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes, message.size()),
              1);
    out.resize(size);
    return out;
  }

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

}  // namespace lockstep::wire::testing
