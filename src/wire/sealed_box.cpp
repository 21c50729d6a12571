#include "wire/sealed_box.hpp"

#include <sodium.h>

#include "wire/signature.hpp"

namespace lockstep::wire {
namespace {

constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == 32);

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text, std::size_t at) {
  return reinterpret_cast<unsigned char*>(text.data()) + at;
}

Result<void> start_sodium() {
  if (sodium_init() < 0) return fail(ErrorKind::unavailable, "libsodium does not start");
  return {};
}

}  // namespace

Result<SealingKey> SealingKey::parse(std::string_view text) {
  LOCKSTEP_CHECK(start_sodium());
  SealingKey key;
  std::optional<std::string> bytes = hex_decode(text);
  const bool fits = bytes && bytes->size() == key.bytes_.size();
  if (fits) std::copy(bytes->begin(), bytes->end(), key.bytes_.begin());
  if (bytes) sodium_memzero(bytes->data(), bytes->size());
  if (!fits) return fail(ErrorKind::invalid, "a key is 64 hex digits: openssl rand -hex 32 makes one");
  key.name_it();
  return key;
}

Result<SealingKey> SealingKey::random() {
  LOCKSTEP_CHECK(start_sodium());
  SealingKey key;
  randombytes_buf(key.bytes_.data(), key.bytes_.size());
  key.name_it();
  return key;
}

SealingKey::~SealingKey() { sodium_memzero(bytes_.data(), bytes_.size()); }

// A keyed hash: it can be told from the key, and the key not from it.
void SealingKey::name_it() {
  constexpr std::string_view what = "lockstep sealing key";
  std::array<unsigned char, crypto_generichash_BYTES> hash{};
  crypto_generichash(hash.data(), hash.size(), bytes_of(what), what.size(), bytes_.data(), bytes_.size());
  name_ = hex_encode({reinterpret_cast<const char*>(hash.data()), 4});
}

std::string SealingKey::text() const {
  return hex_encode({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()});
}

std::string SealingKey::seal(std::string_view content, std::string_view place) const {
  std::string box(kNonceBytes + content.size() + kTagBytes, '\0');
  randombytes_buf(box.data(), kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_of(box, kNonceBytes), nullptr, bytes_of(content), content.size(),
                                             bytes_of(place), place.size(), nullptr, bytes_of(box, 0), bytes_.data());
  return box;
}

std::optional<std::string> SealingKey::open(std::string_view box, std::string_view place) const {
  if (box.size() < kNonceBytes + kTagBytes) return std::nullopt;
  const std::string_view sealed = box.substr(kNonceBytes);
  std::string content(sealed.size() - kTagBytes, '\0');
  const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_of(content, 0), nullptr, nullptr,
                                                                bytes_of(sealed), sealed.size(), bytes_of(place),
                                                                place.size(), bytes_of(box), bytes_.data());
  if (opened != 0) return std::nullopt;
  return content;
}

}  // namespace lockstep::wire
