#include "app/server/remote_keys.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "connector/manual_loop.hpp"
#include "wire/testing/tokens.hpp"

namespace lockstep::app {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using wire::testing::jwk;
using wire::testing::jwk_set;
using wire::testing::KeyPair;

class RemoteKeysTest : public ::testing::Test {
 protected:
  RemoteKeys make() {
    return RemoteKeys(loop, log, "https://id.example/jwks.json",
                      {.secret = "", .public_key = "", .issuer = "me", .audience = ""},
                      [this](RemoteKeys::Done done) { asked.push_back(std::move(done)); });
  }
  std::string token(const KeyPair& key, const std::string& id) const {
    const auto exp = std::chrono::duration_cast<seconds>(loop.clock().now().time_since_epoch()).count() + 7200;
    return wire::testing::signed_token(key, to_text(JsonObject{{"alg", "ES256"}, {"kid", id}}),
                                       to_text(JsonObject{{"iss", "me"}, {"exp", exp}}));
  }
  // What the fetch that is on its way gives.
  void answer(Result<std::string> text) {
    ASSERT_EQ(asked.size(), 1U);
    RemoteKeys::Done done = std::move(asked.front());
    asked.pop_front();
    done(std::move(text));
  }
  std::optional<ErrorKind> refusal(RemoteKeys& keys, const std::string& text) const {
    const auto claims = keys.verify(text, loop.clock().now());
    return claims ? std::nullopt : std::optional(claims.error().kind);
  }

  connector::ManualLoop loop;
  SilentLog log;
  std::deque<RemoteKeys::Done> asked;
  KeyPair a = KeyPair::p256();
  KeyPair b = KeyPair::p256();
  const std::string set_a = jwk_set({jwk(a, "a")});
  const std::string set_b = jwk_set({jwk(b, "b")});
  const Result<std::string> down = fail(ErrorKind::unavailable, "down");
};

TEST_F(RemoteKeysTest, WithoutASetEveryTokenIsRefused) {
  RemoteKeys keys = make();
  EXPECT_EQ(refusal(keys, token(a, "a")), ErrorKind::unavailable);
  answer(down);
  EXPECT_EQ(refusal(keys, token(a, "a")), ErrorKind::unavailable);
  EXPECT_TRUE(asked.empty()) << "a token does not hurry it";
  loop.run_for(RemoteKeys::kFetchApart);
  answer("<html>");
  EXPECT_EQ(refusal(keys, token(a, "a")), ErrorKind::unavailable);
  loop.run_for(RemoteKeys::kFetchApart);
  answer(set_a);
  EXPECT_EQ(refusal(keys, token(a, "a")), std::nullopt);
  EXPECT_EQ(refusal(keys, token(b, "a")), ErrorKind::unauthorized);
}

TEST_F(RemoteKeysTest, FetchesAgainEveryTenMinutesAndTakesKeysBack) {
  RemoteKeys keys = make();
  answer(set_a);
  loop.run_for(RemoteKeys::kFetchEvery - seconds(1));
  EXPECT_TRUE(asked.empty());
  loop.run_for(seconds(1));
  EXPECT_EQ(refusal(keys, token(a, "a")), std::nullopt) << "until the new set is there";
  answer(set_b);
  EXPECT_EQ(refusal(keys, token(b, "b")), std::nullopt);
  EXPECT_EQ(refusal(keys, token(a, "a")), ErrorKind::unauthorized) << "rotated away";
  loop.run_for(RemoteKeys::kFetchEvery);
  answer(set_b);
  EXPECT_EQ(refusal(keys, token(b, "b")), std::nullopt);
}

TEST_F(RemoteKeysTest, KeysStayWhenTheIssuerIsDownOrTalksNonsense) {
  RemoteKeys keys = make();
  answer(set_a);
  loop.run_for(RemoteKeys::kFetchEvery);
  for (const Result<std::string>& bad :
       {down, Result<std::string>(""), Result<std::string>(R"({"keys":[]})"),
        Result<std::string>(jwk_set({jwk(b, "b"), jwk(a, "b")})),
        Result<std::string>(R"({"keys":[{"kty":"oct","kid":"a","k":"c2VjcmV0LW9mLW1vcmUtdGhhbi0xNi1ieXRlcw"}]})")}) {
    answer(bad);
    EXPECT_EQ(refusal(keys, token(a, "a")), std::nullopt);
    loop.run_for(RemoteKeys::kFetchApart);
  }
  answer(set_b);
  EXPECT_EQ(refusal(keys, token(a, "a")), ErrorKind::unauthorized);
}

TEST_F(RemoteKeysTest, AnUnknownKeyIsLookedForAtMostOnceAMinute) {
  RemoteKeys keys = make();
  answer(set_a);
  EXPECT_EQ(refusal(keys, token(b, "b")), ErrorKind::unauthorized);
  EXPECT_TRUE(asked.empty());
  loop.run_for(RemoteKeys::kFetchApart);
  EXPECT_EQ(refusal(keys, token(b, "b")), ErrorKind::unavailable) << "it may be on its way";
  EXPECT_EQ(refusal(keys, token(b, "c")), ErrorKind::unavailable);
  EXPECT_EQ(asked.size(), 1U);
  EXPECT_EQ(refusal(keys, token(a, "a")), std::nullopt);
  EXPECT_EQ(refusal(keys, token(b, "a")), ErrorKind::unauthorized) << "nothing to wait for";
  answer(jwk_set({jwk(a, "a"), jwk(b, "b")}));
  EXPECT_EQ(refusal(keys, token(b, "b")), std::nullopt);
  EXPECT_EQ(refusal(keys, token(a, "a")), std::nullopt);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(refusal(keys, token(b, std::to_string(i))), ErrorKind::unauthorized);
  EXPECT_TRUE(asked.empty());
  loop.run_for(RemoteKeys::kFetchApart);
  EXPECT_EQ(refusal(keys, token(b, "c")), ErrorKind::unavailable);
  answer(set_b);
  EXPECT_EQ(refusal(keys, token(b, "c")), ErrorKind::unauthorized);
  loop.run_for(RemoteKeys::kFetchEvery - seconds(1));
  EXPECT_TRUE(asked.empty()) << "the ten minutes count from the last one";
  loop.run_for(seconds(1));
  EXPECT_EQ(asked.size(), 1U);
}

TEST_F(RemoteKeysTest, OnlyOneFetchIsOnItsWay) {
  RemoteKeys keys = make();
  keys.refresh();
  EXPECT_EQ(asked.size(), 1U);
  loop.run_for(minutes(30));
  EXPECT_EQ(asked.size(), 1U);
  answer(set_a);
  keys.refresh();
  EXPECT_EQ(asked.size(), 1U) << "at once, as after a reload";
  answer(set_b);
  EXPECT_EQ(refusal(keys, token(b, "b")), std::nullopt);
}

TEST_F(RemoteKeysTest, AnAnswerAfterTheEndIsNobodys) {
  {
    RemoteKeys keys = make();
    answer(set_a);
    loop.run_for(RemoteKeys::kFetchEvery);
  }
  answer(set_b);
  loop.run_for(std::chrono::hours(1));
  EXPECT_TRUE(asked.empty()) << "no timer is left either";
}

}  // namespace
}  // namespace lockstep::app
