#include "wire/jwt_key.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "wire/signature.hpp"

namespace lockstep::wire {
namespace {

constexpr std::size_t kSecretBytesMin = 16;
constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 8192;  // a larger one makes each token an expense
constexpr std::size_t kExponentBytesMax = 4;
constexpr std::size_t kCoordinateBytes = 32;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(OSSL_PARAM* parameters) const { OSSL_PARAM_free(parameters); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Owned<BIGNUM> number_of(std::string_view bytes) {
  return Owned<BIGNUM>(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

// JWS carries r and s as 32 bytes each; OpenSSL wants them as DER.
std::string der_from_raw(std::string_view raw) {
  if (raw.size() != 2 * kCoordinateBytes) return {};
  Owned<ECDSA_SIG> signature(ECDSA_SIG_new());
  Owned<BIGNUM> r = number_of(raw.substr(0, kCoordinateBytes));
  Owned<BIGNUM> s = number_of(raw.substr(kCoordinateBytes));
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return {};
  (void)r.release();  // the signature owns them now
  (void)s.release();
  unsigned char* out = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &out);
  if (size <= 0) return {};
  std::string der(reinterpret_cast<const char*>(out), static_cast<std::size_t>(size));
  OPENSSL_free(out);
  return der;
}

// 256 bits alone say nothing: secp256k1 has them too.
bool is_p256(EVP_PKEY* key) {
  char name[64] = {};
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(key, name, sizeof(name), &size) == 1 && std::string_view(name, size) == "prime256v1";
}

std::string_view algorithm_of(EVP_PKEY* key) {
  const int type = key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key);
  if (type == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= kRsaBitsMin && EVP_PKEY_get_bits(key) <= kRsaBitsMax)
    return "RS256";
  return type == EVP_PKEY_EC && is_p256(key) ? "ES256" : "";
}

Owned<EVP_PKEY> key_from(const char* type, OSSL_PARAM_BLD* builder) {
  const Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder));
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (parameters && context && EVP_PKEY_fromdata_init(context.get()) == 1)
    (void)EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get());
  return Owned<EVP_PKEY>(key);
}

}  // namespace

struct JwtKey::Impl {
  std::string_view algorithm;
  std::string secret;   // HS256
  Owned<EVP_PKEY> key;  // the others

  static Result<std::shared_ptr<const Impl>> of(Owned<EVP_PKEY> key) {
    const std::string_view algorithm = algorithm_of(key.get());
    if (algorithm.empty())
      return fail(ErrorKind::invalid, "a public key for tokens is RSA with 2048 to 8192 bits, or EC P-256");
    return std::make_shared<const Impl>(algorithm, std::string(), std::move(key));
  }
};

Result<JwtKey> JwtKey::from_secret(std::string secret) {
  if (secret.size() < kSecretBytesMin)
    return fail(ErrorKind::invalid, "the secret of an issuer has at least 16 characters");
  return JwtKey(std::make_shared<const Impl>("HS256", std::move(secret), nullptr));
}

Result<JwtKey> JwtKey::from_pem(std::string_view text) {
  const Owned<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Owned<EVP_PKEY> key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!key) return fail(ErrorKind::invalid, "this is no public key in PEM");
  LOCKSTEP_TRY(impl, Impl::of(std::move(key)));
  return JwtKey(std::move(impl));
}

Result<JwtKey> JwtKey::from_rsa(std::string_view modulus, std::string_view exponent) {
  // With an exponent of 1 a signature would be its own message.
  const bool small = exponent.empty() || exponent.size() > kExponentBytesMax || exponent == std::string_view("\1");
  if (small || exponent.front() == '\0' || (static_cast<unsigned char>(exponent.back()) & 1) == 0)
    return fail(ErrorKind::invalid, "the exponent of an RSA key is odd, from 3 to 32 bits");
  if (modulus.size() > kRsaBitsMax / 8 + 1) return fail(ErrorKind::invalid, "an RSA key has 8192 bits at most");
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  const Owned<BIGNUM> n = number_of(modulus);
  const Owned<BIGNUM> e = number_of(exponent);
  Owned<EVP_PKEY> key;
  if (builder && n && e && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1)
    key = key_from("RSA", builder.get());
  LOCKSTEP_TRY(impl, Impl::of(std::move(key)));
  return JwtKey(std::move(impl));
}

Result<JwtKey> JwtKey::from_p256(std::string_view x, std::string_view y) {
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes)
    return fail(ErrorKind::invalid, "the coordinates of a P-256 key have 32 bytes each");
  const std::string point = "\4" + std::string(x) + std::string(y);  // not compressed
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  Owned<EVP_PKEY> key;
  if (builder && OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1)
    key = key_from("EC", builder.get());  // nothing for a point beside the curve
  LOCKSTEP_TRY(impl, Impl::of(std::move(key)));
  return JwtKey(std::move(impl));
}

std::string_view JwtKey::algorithm() const { return impl_->algorithm; }

bool JwtKey::verify(std::string_view message, std::string_view signature) const {
  if (!impl_->key) return equal_constant_time(hmac_sha256(impl_->secret, message), signature);
  const std::string der = impl_->algorithm == "ES256" ? der_from_raw(signature) : std::string(signature);
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, impl_->key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(der), der.size(), bytes_of(message), message.size()) == 1;
}

}  // namespace lockstep::wire
