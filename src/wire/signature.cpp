#include "wire/signature.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdint>

#include "base/assert.hpp"
#include "base/hex.hpp"

namespace lockstep::wire {
namespace {

constexpr std::size_t kKeyTextLimit = 16 * 1024;
constexpr std::size_t kEd25519KeyBytes = 32;
constexpr std::size_t kEd25519SignatureBytes = 64;
constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 16384;
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

std::string without_space(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') out += c;
  }
  return out;
}

using KeyHandle = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

KeyHandle no_key() { return KeyHandle(nullptr, &EVP_PKEY_free); }

KeyHandle from_pem(std::string_view text) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())),
                                                      &BIO_free);
  if (!bio) return no_key();
  return KeyHandle(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
}

KeyHandle from_der(std::string_view der) {
  const unsigned char* at = bytes_of(der);
  KeyHandle key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())), &EVP_PKEY_free);
  if (key && at != bytes_of(der) + der.size()) return no_key();  // bytes behind the key: not a key
  return key;
}

KeyHandle from_raw_ed25519(std::string_view raw) {
  return KeyHandle(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(raw), raw.size()), &EVP_PKEY_free);
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    held += 8;
    while (held >= 6) {
      held -= 6;
      out += kBase64[(bits >> held) & 63];
    }
  }
  if (held > 0) out += kBase64[(bits << (6 - held)) & 63];
  while (out.size() % 4 != 0) out += '=';
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  std::size_t padding = 0;
  while (!text.empty() && text.back() == '=' && padding < 2) {
    text.remove_suffix(1);
    ++padding;
  }
  if (text.size() % 4 == 1) return std::nullopt;
  if (padding > 0 && (text.size() + padding) % 4 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>((bits >> held) & 255);
    }
  }
  // Bits that belong to no byte must be zero, so that one value has one spelling.
  if ((bits & ((1U << held) - 1)) != 0) return std::nullopt;
  return out;
}

std::string base64url_encode(std::string_view bytes) {
  std::string out = base64_encode(bytes);
  while (out.ends_with('=')) out.pop_back();
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  return out;
}

std::optional<std::string> base64url_decode(std::string_view text) {
  if (text.find_first_of("+/=") != std::string_view::npos) return std::nullopt;
  std::string standard(text);
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  return base64_decode(standard);
}

std::string hex_encode(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::optional<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
  LOCKSTEP_ASSERT(key.size() <= INT_MAX, "HMAC keys are short");
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  const unsigned char* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(message),
                                   message.size(), out.data(), &size);
  LOCKSTEP_ASSERT(done != nullptr, "HMAC fails only when memory is out");
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string sha256(std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  const int done = EVP_Digest(message.data(), message.size(), out.data(), &size, EVP_sha256(), nullptr);
  LOCKSTEP_ASSERT(done == 1, "SHA-256 fails only when memory is out");
  return {reinterpret_cast<const char*>(out.data()), size};
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct VerifyKey::Impl {
  virtual ~Impl() = default;
  virtual bool verify(std::string_view message, std::string_view signature) const = 0;
};

namespace {

struct Ed25519Key final : VerifyKey::Impl {
  std::array<unsigned char, kEd25519KeyBytes> key{};

  // libsodium takes half the time that OpenSSL takes for this (docs/decisions/0008-libsodium-and-jemalloc.md).
  bool verify(std::string_view message, std::string_view signature) const override {
    return signature.size() == kEd25519SignatureBytes &&
           crypto_sign_verify_detached(bytes_of(signature), bytes_of(message), message.size(), key.data()) == 0;
  }
};

struct RsaSha256Key final : VerifyKey::Impl {
  explicit RsaSha256Key(KeyHandle handle) : key(std::move(handle)) {}
  KeyHandle key;

  bool verify(std::string_view message, std::string_view signature) const override {
    if (signature.size() != static_cast<std::size_t>(EVP_PKEY_get_size(key.get()))) return false;
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    if (!context) return false;
    // PKCS#1 v1.5 is OpenSSL's default padding for RSA keys.
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) ==
               1;
  }
};

}  // namespace

Result<VerifyKey> VerifyKey::ed25519(std::string_view text) {
  if (text.size() > kKeyTextLimit) return fail(ErrorKind::invalid, "the key's text is too long");
  KeyHandle key = no_key();
  if (text.find("-----BEGIN") != std::string_view::npos) {
    key = from_pem(text);
  } else {
    const std::string plain = without_space(text);
    std::optional<std::string> raw;
    if (plain.size() == kEd25519KeyBytes * 2) raw = hex_decode(plain);
    if (!raw) raw = base64_decode(plain);
    if (raw) key = raw->size() == kEd25519KeyBytes ? from_raw_ed25519(*raw) : from_der(*raw);
  }
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519) {
    return fail(ErrorKind::invalid, "not an Ed25519 public key: PEM, base64 or 64 hex digits are understood");
  }
  if (sodium_init() < 0) return fail(ErrorKind::unavailable, "libsodium does not start");
  auto out = std::make_shared<Ed25519Key>();
  std::size_t size = out->key.size();
  if (EVP_PKEY_get_raw_public_key(key.get(), out->key.data(), &size) != 1 || size != out->key.size())
    return fail(ErrorKind::invalid, "the Ed25519 public key can not be read");
  return VerifyKey(std::move(out));
}

Result<VerifyKey> VerifyKey::rsa_sha256(std::string_view text) {
  if (text.size() > kKeyTextLimit) return fail(ErrorKind::invalid, "the key's text is too long");
  KeyHandle key = no_key();
  if (text.find("-----BEGIN") != std::string_view::npos) {
    key = from_pem(text);
  } else if (const auto der = base64_decode(without_space(text))) {
    key = from_der(*der);
  }
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return fail(ErrorKind::invalid, "not an RSA public key: PEM or base64 of DER is understood");
  }
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) {
    return fail(ErrorKind::invalid, "an RSA key of " + std::to_string(bits) + " bits is not accepted");
  }
  return VerifyKey(std::make_shared<const RsaSha256Key>(std::move(key)));
}

bool VerifyKey::verify(std::string_view message, std::string_view signature) const {
  return impl_->verify(message, signature);
}

bool VerifyKey::verify_base64(std::string_view message, std::string_view signature) const {
  const auto raw = base64_decode(signature);
  return raw && verify(message, *raw);
}

}  // namespace lockstep::wire
