#include "wire/jwk_set.hpp"

#include <gtest/gtest.h>

#include "wire/jwt.hpp"
#include "wire/testing/tokens.hpp"

namespace lockstep::wire {
namespace {

using testing::jwk;
using testing::jwk_set;
using testing::KeyPair;
using testing::signed_token;

const Time kNow{std::chrono::seconds(1'800'000'000)};
// As Supabase Auth writes them.
const std::string kClaims =
    R"({"sub":"u1","iss":"https://p.supabase.co/auth/v1","aud":"authenticated","iat":1799999000,"exp":1800000600})";

std::string header(const std::string& algorithm, const std::string& id) {
  return to_text(JsonObject{{"alg", algorithm}, {"kid", id}, {"typ", "JWT"}});
}

class JwkSetTest : public ::testing::Test {
 protected:
  // Making an RSA key takes time: one for all tests.
  static void SetUpTestSuite() { rsa_ = std::make_unique<KeyPair>(KeyPair::rsa()); }
  static void TearDownTestSuite() { rsa_.reset(); }

  static JwtVerifier verifier(const std::string& set) {
    auto made = JwtVerifier::make({.secret = "",
                                   .public_key = "",
                                   .jwks = set,
                                   .issuer = "https://p.supabase.co/auth/v1",
                                   .audience = "authenticated"});
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  template <class Value>
  static JsonObject with(JsonObject key, const char* name, const Value& value) {
    key.insert_or_assign(name, value);
    return key;
  }
  static JsonObject without(JsonObject key, const char* name) {
    key.erase(name);
    return key;
  }
  void expect_refused(const JwtVerifier& by, const std::string& token, ErrorKind kind, const std::string& word) {
    const Result<Json> claims = by.verify(token, kNow);
    ASSERT_FALSE(claims) << token;
    EXPECT_EQ(claims.error().kind, kind) << claims.error().message;
    EXPECT_NE(claims.error().message.find(word), std::string::npos) << claims.error().message;
  }
  // A set with this key beside a good one is taken, and has the good one only.
  void expect_left_out(const JsonObject& key) {
    const auto set = parse_jwk_set(jwk_set({key, jwk(ec_, "good")}));
    ASSERT_TRUE(set) << to_text(key) << set.error().message;
    EXPECT_EQ(set->size(), 1U) << to_text(key);
    EXPECT_NE(set->find("good"), nullptr);
    EXPECT_FALSE(parse_jwk_set(jwk_set({key}))) << to_text(key);
  }

  const KeyPair& rsa() const { return *rsa_; }

  static inline std::unique_ptr<KeyPair> rsa_;
  KeyPair ec_ = KeyPair::p256();
};

// The keys of RFC 7517, appendix A.1.
TEST_F(JwkSetTest, ReadsTheExampleOfTheStandard) {
  const auto set = parse_jwk_set(R"({"keys":[
    {"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
     "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"1"},
    {"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
     "e":"AQAB","alg":"RS256","kid":"2011-04-29"}]})");
  ASSERT_TRUE(set) << set.error().message;
  ASSERT_NE(set->find("1"), nullptr);
  EXPECT_EQ(set->find("1")->algorithm(), "ES256");
  ASSERT_NE(set->find("2011-04-29"), nullptr);
  EXPECT_EQ(set->find("2011-04-29")->algorithm(), "RS256");
  EXPECT_EQ(set->find("2"), nullptr);
  EXPECT_EQ(set->only(), nullptr);
}

TEST_F(JwkSetTest, TheIdChoosesTheKey) {
  const KeyPair other = KeyPair::p256();
  const JwtVerifier by = verifier(jwk_set({jwk(ec_, "a"), jwk(other, "b"), jwk(rsa(), "c")}));
  EXPECT_TRUE(by.verify(signed_token(ec_, header("ES256", "a"), kClaims), kNow));
  EXPECT_TRUE(by.verify(signed_token(other, header("ES256", "b"), kClaims), kNow));
  EXPECT_TRUE(by.verify(signed_token(rsa(), header("RS256", "c"), kClaims), kNow));
  expect_refused(by, signed_token(ec_, header("ES256", "b"), kClaims), ErrorKind::unauthorized, "signature");
  expect_refused(by, signed_token(ec_, header("ES256", "d"), kClaims), ErrorKind::not_found, "key");
  expect_refused(by, signed_token(ec_, R"({"alg":"ES256"})", kClaims), ErrorKind::unauthorized, "which key");
  for (const char* odd : {"7", "null", "[]", R"({"a":"a"})", R"("")"})
    expect_refused(by, signed_token(ec_, std::string(R"({"alg":"ES256","kid":)") + odd + "}", kClaims),
                   ErrorKind::not_found, "key");
}

TEST_F(JwkSetTest, ASetOfOneKeyNeedsNoId) {
  for (const JsonObject& key : {jwk(ec_, "a"), without(jwk(ec_, "a"), "kid")}) {
    const JwtVerifier by = verifier(jwk_set({key}));
    EXPECT_TRUE(by.verify(signed_token(ec_, R"({"alg":"ES256"})", kClaims), kNow));
    expect_refused(by, signed_token(ec_, header("ES256", "b"), kClaims), ErrorKind::not_found, "key");
    expect_refused(by, signed_token(ec_, header("ES256", ""), kClaims), ErrorKind::not_found, "key");
  }
}

TEST_F(JwkSetTest, TheKeyDecidesTheAlgorithm) {
  const std::string set = jwk_set({jwk(ec_, "ec"), jwk(rsa(), "rsa")});
  const JwtVerifier by = verifier(set);
  // The public key taken for a secret, in each form in which an attacker has it.
  for (const std::string& secret :
       {set, to_text(jwk(rsa(), "rsa")), rsa().pem(), rsa().der(), testing::key_number(rsa(), OSSL_PKEY_PARAM_RSA_N)}) {
    for (const char* id : {"rsa", "ec", "nobody"}) {
      expect_refused(by, testing::hs256(kClaims, secret, header("HS256", id)), ErrorKind::unauthorized, "algorithm");
    }
    expect_refused(by, testing::hs256(kClaims, secret, header("RS256", "rsa")), ErrorKind::unauthorized, "signature");
    expect_refused(by, testing::hs256(kClaims, secret, header("ES256", "ec")), ErrorKind::unauthorized, "signature");
  }
  for (const char* algorithm : {"none", "None", "", "HS256", "HS512", "PS256", "ES384", "RS512"}) {
    const std::string text = testing::unsigned_token(header(algorithm, "rsa"), kClaims);
    expect_refused(by, text + ".", ErrorKind::unauthorized, "algorithm");
    expect_refused(by, text + "." + base64url_encode(rsa().sign(text)), ErrorKind::unauthorized, "algorithm");
  }
  expect_refused(by, signed_token(rsa(), header("ES256", "rsa"), kClaims), ErrorKind::unauthorized, "algorithm");
  expect_refused(by, signed_token(ec_, header("RS256", "ec"), kClaims), ErrorKind::unauthorized, "algorithm");
  expect_refused(by, signed_token(ec_, header("ES256", "rsa"), kClaims), ErrorKind::unauthorized, "algorithm");
  // A key that the token brings along is nobody's.
  const KeyPair own = KeyPair::p256();
  const std::string with_key =
      to_text(JsonObject{{"alg", "ES256"}, {"kid", "ec"}, {"jwk", jwk(own, "ec")}, {"jku", "https://evil.example"}});
  expect_refused(by, signed_token(own, with_key, kClaims), ErrorKind::unauthorized, "signature");
}

TEST_F(JwkSetTest, HoldsTheClaimsAsWithAnyKey) {
  const JwtVerifier by = verifier(jwk_set({jwk(ec_, "a")}));
  const auto refused = [&](JsonObject claims, const char* word) {
    expect_refused(by, signed_token(ec_, header("ES256", "a"), to_text(claims)), ErrorKind::unauthorized, word);
  };
  const JsonObject good = parse_json(kClaims)->as_object();
  refused(with(good, "exp", 1799999000), "expired");
  refused(with(good, "nbf", 1800000100), "not valid yet");
  refused(with(good, "iat", 1800000100), "not valid yet");
  refused(with(good, "iss", "https://q.supabase.co/auth/v1"), "issuer");
  refused(with(good, "aud", "anon"), "somebody else");
  const std::string token = signed_token(ec_, header("ES256", "a"), kClaims);
  for (std::size_t size = 0; size < token.size(); size += 3) EXPECT_FALSE(by.verify(token.substr(0, size), kNow));
  expect_refused(by, token + std::string(20'000, 'A'), ErrorKind::unauthorized, "too long");
}

TEST_F(JwkSetTest, LeavesOutKeysOfNoUse) {
  expect_left_out({{"kty", "oct"}, {"kid", "s"}, {"alg", "HS256"}, {"k", "c2VjcmV0LW9mLW1vcmUtdGhhbi0xNi1ieXRlcw"}});
  expect_left_out({{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}});
  expect_left_out(with(jwk(ec_, "a"), "use", "enc"));
  expect_left_out(with(jwk(ec_, "a"), "use", Json()));
  expect_left_out(with(jwk(ec_, "a"), "key_ops", JsonArray{"encrypt"}));
  expect_left_out(with(jwk(ec_, "a"), "key_ops", "verify"));
  expect_left_out(with(jwk(ec_, "a"), "alg", "RS256"));
  expect_left_out(with(jwk(rsa(), "a"), "alg", "RS512"));
  expect_left_out(with(jwk(rsa(), "a"), "alg", "HS256"));
  expect_left_out(with(jwk(ec_, "a"), "crv", "secp256k1"));
  expect_left_out(jwk(KeyPair(EVP_RSA_gen(1024)), "a"));
}

TEST_F(JwkSetTest, LeavesOutKeysThatAreNone) {
  expect_left_out({});
  const JsonObject ec = jwk(ec_, "a");
  expect_left_out(without(ec, "x"));
  expect_left_out(with(ec, "x", "AAAA"));
  expect_left_out(with(ec, "x", 7));
  // The same bytes of a point, cut elsewhere.
  const std::string point = *base64url_decode(string_member(ec, "x")) + *base64url_decode(string_member(ec, "y"));
  expect_left_out(with(with(ec, "x", base64url_encode(point.substr(0, 31))), "y", base64url_encode(point.substr(31))));
  expect_left_out(with(ec, "x", std::string(string_member(ec, "x")) + "="));
  expect_left_out(with(ec, "x", string_member(ec, "y")));  // no point of the curve
  expect_left_out(with(with(ec, "x", std::string(43, 'A')), "y", std::string(43, 'A')));
  const JsonObject rsa_key = jwk(rsa(), "a");
  expect_left_out(without(rsa_key, "n"));
  expect_left_out(with(rsa_key, "n", ""));
  expect_left_out(with(rsa_key, "n", base64url_encode(std::string(1100, '\xff'))));     // beyond 8192 bits
  expect_left_out(with(rsa_key, "n", base64url_encode(std::string(300, '\0') + 'x')));  // wide, and yet small
  for (const std::string& exponent :
       {std::string(), std::string("\1"), std::string("\4"), std::string("\0\3", 2), std::string("\1\0\0\0\1", 5)})
    expect_left_out(with(rsa_key, "e", base64url_encode(exponent)));
}

TEST_F(JwkSetTest, RefusesSetsThatAreNone) {
  const auto refused = [](const std::string& text, const char* word) {
    const auto set = parse_jwk_set(text);
    ASSERT_FALSE(set) << text;
    EXPECT_EQ(set.error().kind, ErrorKind::invalid);
    EXPECT_NE(set.error().message.find(word), std::string::npos) << set.error().message;
  };
  refused("", "JSON");
  refused("<html>", "JSON");
  for (const char* text : {"[]", "{}", "null", R"({"keys":{}})", R"({"keys":null})"}) refused(text, "\"keys\"");
  refused(R"({"keys":[7]})", "no object");
  refused(R"({"keys":[]})", "no key");
  refused(jwk_set({jwk(ec_, "a"), jwk(rsa(), "a")}), "same id");
  refused(jwk_set({jwk(ec_, "a"), with(jwk(rsa(), "b"), "d", "AQAB")}), "private");
  refused(jwk_set({with(jwk(ec_, "a"), "kid", 7)}), "id");
  refused(jwk_set({jwk(ec_, std::string(257, 'a'))}), "id");
  refused(jwk_set(JsonArray(33, JsonObject{{"kty", "new"}})), "too many");
  refused(jwk_set({with(jwk(ec_, "a"), "x5c", std::string(kJwkSetBytesLimit, 'a'))}), "too large");
  std::string whole = jwk_set({jwk(ec_, "a")});
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(parse_jwk_set(whole.substr(0, size))) << size;
}

}  // namespace
}  // namespace lockstep::wire
