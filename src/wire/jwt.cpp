#include "wire/jwt.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>

#include "wire/signature.hpp"

namespace lockstep::wire {
namespace {

constexpr std::size_t kTokenBytesLimit = 16 << 10;
constexpr std::size_t kSecretBytesMin = 16;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

std::optional<std::string> base64url_decode(std::string_view text) {
  std::string standard(text);
  for (char& c : standard) {
    if (c == '+' || c == '/' || c == '=') return std::nullopt;
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  return base64_decode(standard);
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// JWS carries r and s as 32 bytes each; OpenSSL wants them as DER.
std::string der_from_raw(std::string_view raw) {
  if (raw.size() != 64) return {};
  Owned<ECDSA_SIG> signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes_of(raw), 32, nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(raw) + 32, 32, nullptr);
  if (!signature || r == nullptr || s == nullptr || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* out = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &out);
  if (size <= 0) return {};
  std::string der(reinterpret_cast<const char*>(out), static_cast<std::size_t>(size));
  OPENSSL_free(out);
  return der;
}

bool verify_with(EVP_PKEY* key, std::string_view message, std::string_view signature) {
  Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) == 1;
}

// 256 bits alone say nothing: secp256k1 has them too.
bool is_p256(EVP_PKEY* key) {
  char name[64] = {};
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(key, name, sizeof(name), &size) == 1 && std::string_view(name, size) == "prime256v1";
}

std::optional<Time> time_claim(const Json& claims, std::string_view name) {
  const Json* value = find_member(claims, name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double seconds = value->to_number<double>();
  if (!(seconds >= 0 && seconds < 1e11)) return std::nullopt;
  return Time(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
}

bool has_audience(const Json& claims, const std::string& audience) {
  const Json* value = find_member(claims, "aud");
  if (value == nullptr) return false;
  if (value->is_string()) return value->get_string() == audience;
  return value->is_array() && std::ranges::any_of(value->get_array(), [&](const Json& one) {
           return one.is_string() && one.get_string() == audience;
         });
}

}  // namespace

struct JwtVerifier::Impl {
  JwtSettings settings;
  std::string algorithm;
  Owned<EVP_PKEY> key;

  bool genuine(std::string_view signed_part, std::string_view signature) const {
    if (algorithm == "HS256") return equal_constant_time(hmac_sha256(settings.secret, signed_part), signature);
    if (algorithm == "RS256") return verify_with(key.get(), signed_part, signature);
    return verify_with(key.get(), signed_part, der_from_raw(signature));
  }
};

Result<JwtVerifier> JwtVerifier::make(JwtSettings settings) {
  auto impl = std::make_shared<Impl>();
  if (settings.secret.empty() == settings.public_key.empty()) {
    return fail(ErrorKind::invalid, "an issuer of tokens needs either a secret or a public key");
  }
  if (!settings.secret.empty()) {
    if (settings.secret.size() < kSecretBytesMin)
      return fail(ErrorKind::invalid, "the secret of an issuer has at least 16 characters");
    impl->algorithm = "HS256";
  } else {
    Owned<BIO> bio(BIO_new_mem_buf(settings.public_key.data(), static_cast<int>(settings.public_key.size())));
    impl->key.reset(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr) : nullptr);
    const int type = impl->key ? EVP_PKEY_get_base_id(impl->key.get()) : EVP_PKEY_NONE;
    if (type == EVP_PKEY_RSA && EVP_PKEY_get_bits(impl->key.get()) >= 2048) {
      impl->algorithm = "RS256";
    } else if (type == EVP_PKEY_EC && is_p256(impl->key.get())) {
      impl->algorithm = "ES256";
    } else {
      return fail(ErrorKind::invalid, "the public key of an issuer is PEM: RSA with at least 2048 bits, or EC P-256");
    }
  }
  impl->settings = std::move(settings);
  return JwtVerifier(std::move(impl));
}

Result<Json> JwtVerifier::verify(std::string_view token, Time now) const {
  const auto refuse = [](std::string reason) { return fail(ErrorKind::unauthorized, std::move(reason)); };
  if (token.size() > kTokenBytesLimit) return refuse("the token is too long");
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return refuse("this is no token");
  const auto header_text = base64url_decode(token.substr(0, first));
  const auto payload_text = base64url_decode(token.substr(first + 1, second - first - 1));
  const auto signature = base64url_decode(token.substr(second + 1));
  if (!header_text || !payload_text || !signature) return refuse("this is no token");
  const Result<Json> header = parse_json(*header_text);
  if (!header || string_member(*header, "alg") != impl_->algorithm)
    return refuse("the token uses an algorithm that is not accepted");
  if (find_member(*header, "crit") != nullptr) return refuse("the token needs extensions that are not known");
  if (!impl_->genuine(token.substr(0, second), *signature)) return refuse("the token's signature is not valid");
  const Result<Json> claims = parse_json(*payload_text);
  if (!claims || !claims->is_object()) return refuse("this is no token");
  const auto expires = time_claim(*claims, "exp");
  if (!expires) return refuse("the token does not say when it expires");
  if (now >= *expires + impl_->settings.leeway) return refuse("the token has expired: sign in again");
  if (find_member(*claims, "nbf") != nullptr) {
    const auto not_before = time_claim(*claims, "nbf");
    if (!not_before || now + impl_->settings.leeway < *not_before) return refuse("the token is not valid yet");
  }
  if (!impl_->settings.issuer.empty() && string_member(*claims, "iss") != impl_->settings.issuer)
    return refuse("the token is from another issuer");
  if (!impl_->settings.audience.empty() && !has_audience(*claims, impl_->settings.audience))
    return refuse("the token is meant for somebody else");
  return *claims;
}

}  // namespace lockstep::wire
