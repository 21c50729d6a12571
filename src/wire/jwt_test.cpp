#include "wire/jwt.hpp"

#include <gtest/gtest.h>

#include "wire/testing/tokens.hpp"

namespace lockstep::wire {
namespace {

const Time kNow{std::chrono::seconds(1'800'000'000)};
const std::string kSecret = "a-secret-of-more-than-16-bytes";
const std::string kClaims = R"({"sub":"u1","iss":"https://id.example.com","aud":["lockstep","more"],"exp":1800000600})";

using testing::KeyPair;
using testing::unsigned_token;

std::string hs256(const std::string& claims, const std::string& secret = kSecret,
                  const std::string& header = R"({"alg":"HS256","typ":"JWT"})") {
  return testing::hs256(claims, secret, header);
}

std::string rs256(const KeyPair& key, const std::string& claims) {
  return testing::signed_token(key, R"({"alg":"RS256"})", claims);
}

std::string es256(const KeyPair& key, const std::string& claims) {
  return testing::signed_token(key, R"({"alg":"ES256"})", claims);
}

JwtVerifier verifier(JwtSettings settings) {
  Result<JwtVerifier> made = JwtVerifier::make(std::move(settings));
  EXPECT_TRUE(made) << made.error().message;
  return std::move(*made);
}

JwtVerifier with_secret() {
  return verifier({.secret = kSecret, .public_key = "", .issuer = "https://id.example.com", .audience = "lockstep"});
}

void expect_refused(const JwtVerifier& with, const std::string& token, const std::string& word, Time now = kNow) {
  const Result<Json> claims = with.verify(token, now);
  ASSERT_FALSE(claims) << token;
  EXPECT_EQ(claims.error().kind, ErrorKind::unauthorized);
  EXPECT_NE(claims.error().message.find(word), std::string::npos) << claims.error().message;
}

TEST(Jwt, AcceptsHs256) {
  const Result<Json> claims = with_secret().verify(hs256(kClaims), kNow);
  ASSERT_TRUE(claims) << claims.error().message;
  EXPECT_EQ(string_member(*claims, "sub"), "u1");
  // Supabase names its secrets; the configuration does not.
  EXPECT_TRUE(with_secret().verify(hs256(kClaims, kSecret, R"({"alg":"HS256","kid":"any"})"), kNow));
}

// The example of RFC 7515, appendix A.1, whose key is 64 bytes; it expired in 2011.
TEST(Jwt, AcceptsTheExampleOfTheStandard) {
  const auto key =
      base64_decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ+EstJQLr/T+1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow==");
  ASSERT_TRUE(key);
  const JwtVerifier with = verifier({.secret = *key, .public_key = "", .issuer = "joe", .audience = ""});
  const std::string token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
      "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  EXPECT_TRUE(with.verify(token, Time(std::chrono::seconds(1300819370))));
  expect_refused(with, token, "expired");
}

TEST(Jwt, AcceptsRs256AndEs256) {
  const KeyPair rsa = KeyPair::rsa();
  const KeyPair ec = KeyPair::p256();
  EXPECT_TRUE(verifier({.secret = "", .public_key = rsa.pem(), .issuer = "", .audience = ""})
                  .verify(rs256(rsa, kClaims), kNow));
  const JwtVerifier with_ec = verifier({.secret = "", .public_key = ec.pem(), .issuer = "", .audience = ""});
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(with_ec.verify(es256(ec, kClaims), kNow)) << "also with leading zeros in r and s";
}

TEST(Jwt, TheKeyDecidesTheAlgorithm) {
  const KeyPair rsa = KeyPair::rsa();
  const std::string pem = rsa.pem();
  const JwtVerifier with = verifier({.secret = "", .public_key = pem, .issuer = "", .audience = ""});
  expect_refused(with, hs256(kClaims, pem), "algorithm");  // the public key taken for a secret
  expect_refused(with, hs256(kClaims, pem, R"({"alg":"RS256"})"), "signature");
  expect_refused(with, unsigned_token(R"({"alg":"none"})", kClaims) + ".", "algorithm");
  expect_refused(with_secret(), unsigned_token(R"({"alg":"none"})", kClaims) + ".", "algorithm");
  for (const char* header :
       {R"({"alg":"hs256"})", R"({"alg":"HS512"})", R"({"alg":["HS256"]})", R"({})", "[]", "null", "HS256", ""}) {
    expect_refused(with_secret(), hs256(kClaims, kSecret, header), "algorithm");
  }
}

TEST(Jwt, RefusesWrongSignatures) {
  const KeyPair rsa = KeyPair::rsa();
  const KeyPair other = KeyPair::rsa();
  const KeyPair ec = KeyPair::p256();
  expect_refused(with_secret(), hs256(kClaims, "another-secret-of-some-length"), "signature");
  expect_refused(verifier({.secret = "", .public_key = rsa.pem(), .issuer = "", .audience = ""}), rs256(other, kClaims),
                 "signature");
  const JwtVerifier with_ec = verifier({.secret = "", .public_key = ec.pem(), .issuer = "", .audience = ""});
  const std::string text = unsigned_token(R"({"alg":"ES256"})", kClaims);
  expect_refused(with_ec, text + "." + base64url_encode(ec.sign(text)), "signature");  // DER instead of raw
  expect_refused(with_ec, text + "." + base64url_encode(std::string(64, '\0')), "signature");
  expect_refused(with_ec, text + ".", "signature");
  // Every changed character matters.
  const std::string good = hs256(kClaims);
  for (std::size_t i = 0; i < good.size(); i += 7) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';  // never the last character, whose low bits mean nothing
    EXPECT_NE(bad, good);
    EXPECT_FALSE(with_secret().verify(bad, kNow)) << i;
  }
}

TEST(Jwt, RefusesWhatIsNoToken) {
  const std::string good = hs256(kClaims);
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(with_secret().verify(good.substr(0, size), kNow)) << size;
  for (const std::string& bad : {std::string("."), std::string(".."), std::string("..."), good + ".x", good + "=",
                                 "+" + good, std::string("\0.\0.\0", 5)}) {
    EXPECT_FALSE(with_secret().verify(bad, kNow)) << bad;
  }
  expect_refused(with_secret(), good + std::string(20'000, 'A'), "too long");
  expect_refused(with_secret(), hs256("[]"), "no token");
  expect_refused(with_secret(), hs256("{"), "no token");
}

TEST(Jwt, HoldsTheTimes) {
  const auto with_times = [](const std::string& times) {
    return hs256(R"({"iss":"https://id.example.com","aud":"lockstep")" + times + "}");
  };
  const JwtVerifier with = with_secret();
  EXPECT_TRUE(with.verify(with_times(R"(,"exp":1800000001)"), kNow));
  EXPECT_TRUE(with.verify(with_times(R"(,"exp":1799999980)"), kNow)) << "within the leeway";
  expect_refused(with, with_times(R"(,"exp":1799999970)"), "expired");
  expect_refused(with, with_times(""), "when it expires");
  for (const char* odd : {R"("soon")", "null", "-1", "1e99", "{}"})
    expect_refused(with, with_times(std::string(R"(,"exp":)") + odd), "when it expires");
  expect_refused(with, with_times(R"(,"exp":0)"), "expired");
  EXPECT_TRUE(with.verify(with_times(R"(,"exp":1800000600,"nbf":1800000020)"), kNow)) << "within the leeway";
  EXPECT_TRUE(with.verify(with_times(R"(,"exp":1800000600,"nbf":0)"), kNow));
  EXPECT_TRUE(with.verify(with_times(R"(,"exp":1800000600.5,"nbf":1799999999.25)"), kNow));
  expect_refused(with, with_times(R"(,"exp":1800000600,"nbf":1800000060)"), "not valid yet");
  expect_refused(with, with_times(R"(,"exp":1800000600,"nbf":"tomorrow")"), "not valid yet");
  EXPECT_TRUE(with.verify(with_times(R"(,"exp":1800000600,"iat":1800000020)"), kNow)) << "within the leeway";
  expect_refused(with, with_times(R"(,"exp":1800000600,"iat":1800000060)"), "not valid yet");
  expect_refused(with, with_times(R"(,"exp":1800000600,"iat":null)"), "not valid yet");
}

TEST(Jwt, HoldsIssuerAudienceAndCritical) {
  const JwtVerifier with = with_secret();
  expect_refused(with, hs256(R"({"iss":"https://evil.example.com","aud":"lockstep","exp":1800000600})"), "issuer");
  expect_refused(with, hs256(R"({"aud":"lockstep","exp":1800000600})"), "issuer");
  for (const char* aud : {R"("other")", R"(["other"])", "[]", "7", "[7]", "null"}) {
    expect_refused(with, hs256(std::string(R"({"iss":"https://id.example.com","exp":1800000600,"aud":)") + aud + "}"),
                   "somebody else");
  }
  expect_refused(with, hs256(R"({"iss":"https://id.example.com","exp":1800000600})"), "somebody else");
  expect_refused(with, hs256(kClaims, kSecret, R"({"alg":"HS256","crit":["b64"],"b64":false})"), "extensions");
}

TEST(Jwt, RefusesKeysThatAreNone) {
  const auto refused = [](JwtSettings settings) {
    const auto made = JwtVerifier::make(std::move(settings));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, ErrorKind::invalid);
  };
  const KeyPair small(EVP_RSA_gen(1024));
  const KeyPair p384(EVP_EC_gen("P-384"));
  const KeyPair koblitz(EVP_EC_gen("secp256k1"));
  refused({});
  refused({.secret = "short", .public_key = "", .issuer = "", .audience = ""});
  refused({.secret = "", .public_key = "no key", .issuer = "", .audience = ""});
  refused({.secret = "", .public_key = small.pem(), .issuer = "", .audience = ""});
  refused({.secret = "", .public_key = p384.pem(), .issuer = "", .audience = ""});
  refused({.secret = "", .public_key = koblitz.pem(), .issuer = "", .audience = ""});
  refused({.secret = kSecret, .public_key = p384.pem(), .issuer = "", .audience = ""});
}

}  // namespace
}  // namespace lockstep::wire
