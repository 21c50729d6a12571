#include "connectors/gohighlevel/sandbox/signer.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include <vector>

#include "base/assert.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string base64(const std::vector<unsigned char>& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string sign(EVP_PKEY* key, const EVP_MD* digest, std::string_view bytes) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::size_t size = 0;
  bool good = context && EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key) == 1;
  good = good && EVP_DigestSign(context.get(), nullptr, &size, bytes_of(bytes), bytes.size()) == 1;
  std::vector<unsigned char> out(size);
  good = good && EVP_DigestSign(context.get(), out.data(), &size, bytes_of(bytes), bytes.size()) == 1;
  LOCKSTEP_ASSERT(good, "signing with a valid key fails only without memory");
  out.resize(size);
  return base64(out);
}

std::string public_pem(EVP_PKEY* key) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> sink(BIO_new(BIO_s_mem()), &BIO_free);
  LOCKSTEP_ASSERT(sink && PEM_write_bio_PUBKEY(sink.get(), key) == 1, "writing a valid key fails only without memory");
  std::string out(static_cast<std::size_t>(BIO_pending(sink.get())), '\0');
  BIO_read(sink.get(), out.data(), static_cast<int>(out.size()));
  return out;
}

}  // namespace

void Signer::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<Signer> Signer::make(std::uint64_t seed, std::string_view rsa_pem) {
  const std::string text = "lockstep gohighlevel sandbox webhook key " + std::to_string(seed);
  unsigned char secret[SHA256_DIGEST_LENGTH];
  SHA256(bytes_of(text), text.size(), secret);
  Key ed25519_key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, secret, sizeof secret));
  LOCKSTEP_ASSERT(ed25519_key, "any 32 bytes are an Ed25519 private key");
  Key rsa_key;
  if (!rsa_pem.empty()) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> source(
        BIO_new_mem_buf(rsa_pem.data(), static_cast<int>(rsa_pem.size())), &BIO_free);
    rsa_key.reset(PEM_read_bio_PrivateKey(source.get(), nullptr, nullptr, nullptr));
    if (!rsa_key || EVP_PKEY_get_base_id(rsa_key.get()) != EVP_PKEY_RSA) {
      return fail(ErrorKind::invalid, "legacy_rsa_private_key_pem is no RSA private key in PEM");
    }
  }
  return Signer(std::move(ed25519_key), std::move(rsa_key));
}

std::string Signer::ed25519(std::string_view bytes) const { return sign(ed25519_.get(), nullptr, bytes); }

std::string Signer::rsa_sha256(std::string_view bytes) const {
  return rsa_ ? sign(rsa_.get(), EVP_sha256(), bytes) : "";
}

std::string Signer::ed25519_public_pem() const { return public_pem(ed25519_.get()); }

std::string Signer::rsa_public_pem() const { return rsa_ ? public_pem(rsa_.get()) : ""; }

}  // namespace lockstep::gohighlevel::sandbox
