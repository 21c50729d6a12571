#include "wire/signature.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "wire/testing/key_pair.hpp"

namespace lockstep::wire {
namespace {

using testing::KeyPair;

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

TEST(Base64Url, KnownValues) {
  EXPECT_EQ(base64url_encode("\xfb\xff\xfe!"), "-__-IQ");
  EXPECT_EQ(base64url_decode("-__-IQ"), "\xfb\xff\xfe!");
  EXPECT_EQ(base64url_decode(""), "");
  for (const char* text : {"+//+IQ", "-__-IQ==", "Z", "-__-IR", "Zm 9v"}) EXPECT_FALSE(base64url_decode(text)) << text;
}

RC_GTEST_PROP(Base64, RoundTrip, (const std::string& bytes)) {
  RC_ASSERT(base64_decode(base64_encode(bytes)) == bytes);
  RC_ASSERT(base64url_decode(base64url_encode(bytes)) == bytes);
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
  const KeyPair secret = KeyPair::ed25519();
  const std::string message = R"({"type":"ContactUpdate"})";
  const std::string signature = base64_encode(secret.sign(message));
  for (const std::string& text :
       {secret.pem(), base64_encode(secret.der()), base64_encode(secret.raw()), hex_encode(secret.raw())}) {
    const auto key = VerifyKey::ed25519(text);
    ASSERT_TRUE(key) << text;
    EXPECT_TRUE(key->verify_base64(message, signature));
    EXPECT_FALSE(key->verify_base64(message + " ", signature));
    EXPECT_FALSE(key->verify_base64(message, "N/A"));
    EXPECT_FALSE(key->verify_base64(message, ""));
  }
}

TEST(Rsa, VerifiesPkcs1Sha256) {
  const KeyPair secret = KeyPair::rsa();
  const std::string signature = secret.sign("body");
  for (const std::string& text : {secret.pem(), base64_encode(secret.der())}) {
    const auto key = VerifyKey::rsa_sha256(text);
    ASSERT_TRUE(key);
    EXPECT_TRUE(key->verify("body", signature));
    EXPECT_FALSE(key->verify("bodY", signature));
    EXPECT_FALSE(key->verify("body", secret.sign("body", EVP_sha384())));
  }
}

TEST(Keys, RefuseWhatIsNoKey) {
  const KeyPair rsa = KeyPair::rsa();
  const KeyPair ed = KeyPair::ed25519();
  EXPECT_FALSE(VerifyKey::ed25519(rsa.pem()));
  EXPECT_FALSE(VerifyKey::rsa_sha256(ed.pem()));
  EXPECT_FALSE(VerifyKey::ed25519(""));
  EXPECT_FALSE(VerifyKey::ed25519("secret"));
  EXPECT_FALSE(VerifyKey::ed25519(std::string(64, 'z')));
  EXPECT_FALSE(VerifyKey::rsa_sha256("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));
  EXPECT_FALSE(VerifyKey::ed25519(base64_encode(ed.der() + "x")));
  EXPECT_FALSE(VerifyKey::ed25519(std::string(100'000, 'A')));
}

RC_GTEST_PROP(Ed25519, NoOtherBytesVerify, (const std::string& message, const std::string& signature)) {
  static const KeyPair secret = KeyPair::ed25519();
  static const VerifyKey key = *VerifyKey::ed25519(secret.pem());
  RC_ASSERT(!key.verify(message, signature));
  RC_ASSERT(key.verify(message, secret.sign(message)));
}

}  // namespace
}  // namespace lockstep::wire
