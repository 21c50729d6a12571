// Tokens and key sets, made for tests.
#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include "base/json.hpp"
#include "wire/testing/key_pair.hpp"

namespace lockstep::wire::testing {

inline std::string unsigned_token(const std::string& header, const std::string& claims) {
  return base64url_encode(header) + "." + base64url_encode(claims);
}

inline std::string hs256(const std::string& claims, const std::string& secret, const std::string& header) {
  const std::string text = unsigned_token(header, claims);
  return text + "." + base64url_encode(hmac_sha256(secret, text));
}

// As JWS has it: of an EC key r and s as 32 bytes each.
inline std::string jws_signature(const KeyPair& key, const std::string& text) {
  const std::string der = key.sign(text);
  if (EVP_PKEY_is_a(key.get(), "EC") != 1) return der;
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  std::string out(64, '\0');
  auto* raw = reinterpret_cast<unsigned char*>(out.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + 32, 32);
  ECDSA_SIG_free(signature);
  return out;
}

inline std::string signed_token(const KeyPair& key, const std::string& header, const std::string& claims) {
  const std::string text = unsigned_token(header, claims);
  return text + "." + base64url_encode(jws_signature(key, text));
}

// A number of a public key in base64url, `bytes` wide at least.
inline std::string key_number(const KeyPair& key, const char* name, int bytes = 0) {
  BIGNUM* number = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key.get(), name, &number), 1) << name;
  std::string out(static_cast<std::size_t>(std::max(BN_num_bytes(number), bytes)), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
  BN_free(number);
  return base64url_encode(out);
}

// The public key as Supabase publishes it.
inline JsonObject jwk(const KeyPair& key, const std::string& id) {
  if (EVP_PKEY_is_a(key.get(), "EC") == 1) {
    return {{"kty", "EC"},
            {"crv", "P-256"},
            {"alg", "ES256"},
            {"use", "sig"},
            {"kid", id},
            {"key_ops", JsonArray{"verify"}},
            {"ext", true},
            {"x", key_number(key, OSSL_PKEY_PARAM_EC_PUB_X, 32)},
            {"y", key_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32)}};
  }
  return {{"kty", "RSA"},
          {"alg", "RS256"},
          {"use", "sig"},
          {"kid", id},
          {"n", key_number(key, OSSL_PKEY_PARAM_RSA_N)},
          {"e", key_number(key, OSSL_PKEY_PARAM_RSA_E)}};
}

inline std::string jwk_set(JsonArray keys) { return to_text(JsonObject{{"keys", std::move(keys)}}); }

}  // namespace lockstep::wire::testing
