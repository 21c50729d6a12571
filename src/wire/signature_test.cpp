#include "wire/signature.hpp"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <rapidcheck/gtest.h>

#include <memory>

namespace lockstep::wire {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Key make_key(const char* algorithm) {
  EVP_PKEY* key =
      std::string_view(algorithm) == "RSA" ? EVP_RSA_gen(2048) : EVP_PKEY_Q_keygen(nullptr, nullptr, algorithm);
  return Key(key, &EVP_PKEY_free);
}

std::string sign(EVP_PKEY* key, const EVP_MD* digest, std::string_view message) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EXPECT_EQ(EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key), 1);
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  std::size_t size = 0;
  EXPECT_EQ(EVP_DigestSign(context.get(), nullptr, &size, bytes, message.size()), 1);
  std::string out(size, '\0');
  EXPECT_EQ(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes, message.size()),
            1);
  out.resize(size);
  return out;
}

std::string pem_of(EVP_PKEY* key) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  EXPECT_EQ(PEM_write_bio_PUBKEY(bio.get(), key), 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string der_of(EVP_PKEY* key) {
  std::string out(static_cast<std::size_t>(i2d_PUBKEY(key, nullptr)), '\0');
  auto* at = reinterpret_cast<unsigned char*>(out.data());
  EXPECT_GT(i2d_PUBKEY(key, &at), 0);
  return out;
}

std::string raw_of(EVP_PKEY* key) {
  std::string out(32, '\0');
  std::size_t size = out.size();
  EXPECT_EQ(EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(out.data()), &size), 1);
  return out;
}

TEST(Base64, KnownValues) {  // RFC 4648 section 10
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64_decode("Zm8="), "fo");
  EXPECT_EQ(base64_decode("Zm8"), "fo");
}

TEST(Base64, RefusesOtherText) {
  for (const char* text : {"Z", "Zg=", "Zm9v=", "Zm 9v", "Zm-_", "Zh==", "====", "Zg==Zg=="}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
}

RC_GTEST_PROP(Base64, RoundTrip, (const std::string& bytes)) {
  RC_ASSERT(base64_decode(base64_encode(bytes)) == bytes);
  RC_ASSERT(hex_decode(hex_encode(bytes)) == bytes);
}

TEST(Hmac, KnownValue) {  // RFC 4231 test case 2
  EXPECT_EQ(hex_encode(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex_encode(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(ConstantTime, Compares) {
  EXPECT_TRUE(equal_constant_time("", ""));
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("abc", "abcd"));
}

TEST(Ed25519, KnownSignature) {  // RFC 8032 section 7.1, test 2
  const auto key = VerifyKey::ed25519("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  ASSERT_TRUE(key);
  const auto signature = hex_decode(
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
      "b00d"
      "291612bb0c00");
  ASSERT_TRUE(signature);
  EXPECT_TRUE(key->verify("\x72", *signature));
  EXPECT_FALSE(key->verify("\x73", *signature));
  EXPECT_FALSE(key->verify("\x72", signature->substr(1)));
}

TEST(Ed25519, EveryEncodingOfTheKey) {
  const Key secret = make_key("ED25519");
  const std::string message = R"({"type":"ContactUpdate"})";
  const std::string signature = base64_encode(sign(secret.get(), nullptr, message));
  for (const std::string& text : {pem_of(secret.get()), base64_encode(der_of(secret.get())),
                                  base64_encode(raw_of(secret.get())), hex_encode(raw_of(secret.get()))}) {
    const auto key = VerifyKey::ed25519(text);
    ASSERT_TRUE(key) << text;
    EXPECT_TRUE(key->verify_base64(message, signature));
    EXPECT_FALSE(key->verify_base64(message + " ", signature));
    EXPECT_FALSE(key->verify_base64(message, "N/A"));
    EXPECT_FALSE(key->verify_base64(message, ""));
  }
}

TEST(Rsa, VerifiesPkcs1Sha256) {
  const Key secret = make_key("RSA");
  const std::string signature = sign(secret.get(), EVP_sha256(), "body");
  for (const std::string& text : {pem_of(secret.get()), base64_encode(der_of(secret.get()))}) {
    const auto key = VerifyKey::rsa_sha256(text);
    ASSERT_TRUE(key);
    EXPECT_TRUE(key->verify("body", signature));
    EXPECT_FALSE(key->verify("bodY", signature));
    EXPECT_FALSE(key->verify("body", sign(secret.get(), EVP_sha384(), "body")));
  }
}

TEST(Keys, RefuseWhatIsNoKey) {
  const Key rsa = make_key("RSA");
  const Key ed = make_key("ED25519");
  EXPECT_FALSE(VerifyKey::ed25519(pem_of(rsa.get())));
  EXPECT_FALSE(VerifyKey::rsa_sha256(pem_of(ed.get())));
  EXPECT_FALSE(VerifyKey::ed25519(""));
  EXPECT_FALSE(VerifyKey::ed25519("secret"));
  EXPECT_FALSE(VerifyKey::ed25519(std::string(64, 'z')));
  EXPECT_FALSE(VerifyKey::rsa_sha256("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));
  EXPECT_FALSE(VerifyKey::ed25519(base64_encode(der_of(ed.get()) + "x")));
  EXPECT_FALSE(VerifyKey::ed25519(std::string(100'000, 'A')));
}

RC_GTEST_PROP(Ed25519, NoOtherBytesVerify, (const std::string& message, const std::string& signature)) {
  static const Key secret = make_key("ED25519");
  static const VerifyKey key = *VerifyKey::ed25519(pem_of(secret.get()));
  RC_ASSERT(!key.verify(message, signature));
  RC_ASSERT(key.verify(message, sign(secret.get(), nullptr, message)));
}

}  // namespace
}  // namespace lockstep::wire
