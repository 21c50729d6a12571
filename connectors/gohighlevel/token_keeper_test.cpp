#include "connectors/gohighlevel/token_keeper.hpp"

#include <gtest/gtest.h>

#include "connectors/gohighlevel/test_support.hpp"

namespace lockstep::gohighlevel {
namespace {

using std::chrono::hours;

Json pair(std::string access, std::string refresh) {
  return {{"access_token", access}, {"refresh_token", refresh}, {"expires_in", 86399}, {"token_type", "Bearer"}};
}

class TokenTest : public ::testing::Test {
 protected:
  TokenTest() {
    settings.oauth = OAuthGrant{"app1-x", "s&cret", "first"};
    settings.location_id = kTestLocation;
    ports.http = &http;
    ports.state = &state;
    ports.loop = &loop;
    ports.random = &random;
    ports.log = &log;
    keeper = std::make_unique<TokenKeeper>(settings, ports);
  }
  Result<std::string> get() { return loop.run(keeper->get()); }
  void restart() {
    keeper = std::make_unique<TokenKeeper>(settings, ports);
    ASSERT_TRUE(loop.run(keeper->load()));
  }
  static Task<void> ask(TokenKeeper& from, std::vector<std::string>& out) {
    Task<Result<std::string>> asking = from.get();
    const Result<std::string> token = co_await asking;
    out.push_back(token ? *token : token.error().message);
  }

  ConnectorSettings settings;
  connector::ManualLoop loop;
  ScriptedHttp http{loop};
  FlakyState state;
  SeededRandom random{1};
  RecordingLog log;
  connector::Ports ports;
  std::vector<std::string> ask_at_once(int callers) {
    std::vector<std::string> tokens;
    TaskScope scope;
    for (int i = 0; i < callers; ++i) scope.spawn(ask(*keeper, tokens));
    EXPECT_TRUE(loop.run_until([&] { return scope.idle(); }));
    return tokens;
  }

  std::unique_ptr<TokenKeeper> keeper;
};

TEST_F(TokenTest, RefreshesOnceForEverybody) {  // Q3
  http.expect("POST /oauth/token", 200, pair("a1", "r1"));
  EXPECT_EQ(ask_at_once(10), std::vector<std::string>(10, "a1"));
  ASSERT_EQ(http.calls.size(), 1U);
  EXPECT_EQ(http.calls[0].request.body,
            "client_id=app1-x&client_secret=s%26cret&grant_type=refresh_token&refresh_token=first&user_type=Location");
  EXPECT_FALSE(http.calls[0].metered);
  EXPECT_FALSE(http.calls[0].request.headers.has("Authorization"));
  EXPECT_EQ(get(), "a1");
  EXPECT_EQ(http.calls.size(), 1U);
}

TEST_F(TokenTest, RenewsBeforeTheEndWithTheRotatedToken) {
  http.expect("POST /oauth/token", 200, pair("a1", "r1"));
  EXPECT_EQ(get(), "a1");
  loop.run_for(hours(24));
  http.expect("POST /oauth/token", 200, pair("a2", "r2"));
  EXPECT_EQ(get(), "a2");
  EXPECT_NE(http.calls[1].request.body.find("refresh_token=r1"), std::string::npos);
  restart();
  EXPECT_EQ(get(), "a2");  // kept
  EXPECT_EQ(http.calls.size(), 2U);
}

TEST_F(TokenTest, ATokenThatIsNotStoredIsNotUsed) {  // Q3
  state.failing = true;
  http.expect("POST /oauth/token", 200, pair("a1", "r1"));
  auto token = get();
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().kind, ErrorKind::unavailable);
  state.failing = false;
  EXPECT_EQ(get(), "a1");  // without a second refresh: the first refresh token is spent
  EXPECT_EQ(http.calls.size(), 1U);
  EXPECT_EQ(state.values.at("secret/oauth").at("refresh_token"), "r1");
}

TEST_F(TokenTest, ARefusedGrantNeedsAPersonAndIsNotTriedAgain) {
  http.expect("POST /oauth/token", 400, {{"error", "invalid_grant"}});
  http.expect("POST /oauth/reconnect", 400, {{"message", "the app is not installed"}});
  for (int i = 0; i < 3; ++i) {
    const auto token = get();
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().kind, ErrorKind::unauthorized);
    EXPECT_NE(token.error().message.find("install the app again"), std::string::npos);
  }
  EXPECT_EQ(http.calls.size(), 2U);
}

TEST_F(TokenTest, WhenTheAnswerToARefreshWasLostTheGrantIsTakenUpAgain) {       // Q3
  http.expect("POST /oauth/token", fail(ErrorKind::maybe_applied, "timeout"));  // it was applied
  ASSERT_FALSE(get());
  http.expect("POST /oauth/token", 400, {{"error", "invalid_grant"}});
  http.expect("POST /oauth/reconnect", 503, nullptr);
  const auto later = get();
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().kind, ErrorKind::unavailable) << "no verdict: it is tried again";
  http.expect("POST /oauth/token", 400, {{"error", "invalid_grant"}});
  http.expect("POST /oauth/reconnect", 201, {{"authorizationCode", "c1"}, {"expiresAt", "2026-11-21T00:00:00.000Z"}});
  http.expect("POST /oauth/token", 200, pair("a1", "r1"));
  EXPECT_EQ(ask_at_once(10), std::vector<std::string>(10, "a1"));
  ASSERT_EQ(http.calls.size(), 6U) << "one at a time, whoever waits";
  EXPECT_EQ(http.calls[4].request.body,
            R"({"clientKey":"app1-x","clientSecret":"s&cret","locationId":"testLocation00000001"})");
  EXPECT_EQ(http.calls[5].request.body,
            "client_id=app1-x&client_secret=s%26cret&grant_type=authorization_code&code=c1&user_type=Location");
  EXPECT_EQ(state.values.at("secret/oauth").at("refresh_token"), "r1");
  EXPECT_EQ(log.all().find("s&cret"), std::string::npos);  // O4
}

TEST_F(TokenTest, PassingTroubleIsTriedAgain) {
  http.expect("POST /oauth/token", fail(ErrorKind::maybe_applied, "timeout"));
  http.expect("POST /oauth/token", 503, nullptr);
  http.expect("POST /oauth/token", 200, {{"unexpected", true}});
  for (int i = 0; i < 3; ++i) {
    const auto token = get();
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().kind, ErrorKind::unavailable);
  }
  http.expect("POST /oauth/token", 200, pair("a1", "r1"));
  EXPECT_EQ(get(), "a1");
}

TEST_F(TokenTest, ANewRefreshTokenInTheSettingsStartsOver) {
  http.expect("POST /oauth/token", 200, pair("a1", "r1"));
  EXPECT_EQ(get(), "a1");
  settings.oauth->refresh_token = "second";
  restart();
  http.expect("POST /oauth/token", 200, pair("b1", "s1"));
  EXPECT_EQ(get(), "b1");
  EXPECT_NE(http.calls[1].request.body.find("refresh_token=second"), std::string::npos);
}

TEST_F(TokenTest, RenewJoinsWhatHasHappenedSince) {
  http.expect("POST /oauth/token", 200, pair("a1", "r1"));
  EXPECT_EQ(get(), "a1");
  http.expect("POST /oauth/token", 200, pair("a2", "r2"));
  EXPECT_EQ(loop.run(keeper->renew("a1")), "a2");
  EXPECT_EQ(loop.run(keeper->renew("a1")), "a2");  // somebody was slower
  EXPECT_EQ(http.calls.size(), 2U);
}

TEST_F(TokenTest, V3SpeaksCamelCase) {
  settings.version = "v3";
  http.expect("POST /oauth/token", 200, {{"accessToken", "a1"}, {"refreshToken", "r1"}, {"expiresIn", 100}});
  EXPECT_EQ(get(), "a1");
  EXPECT_NE(http.calls[0].request.body.find("refreshToken=first"), std::string::npos);
  loop.run_for(std::chrono::seconds(45));
  http.expect("POST /oauth/token", 200, {{"accessToken", "a2"}, {"refreshToken", "r2"}, {"expiresIn", 100}});
  EXPECT_EQ(get(), "a2");
}

TEST_F(TokenTest, SecretsStayOutOfTheLog) {  // O4
  http.expect("POST /oauth/token", 401, {{"message", "bad s&cret first"}});
  http.expect("POST /oauth/reconnect", 401, {{"message", "bad s&cret first"}});
  const auto token = get();
  ASSERT_FALSE(token);
  EXPECT_EQ((log.all() + token.error().message).find("s&cret"), std::string::npos);
}

TEST(ApiAuthorization, ReplaysOnceAfterA401) {
  TestBench bench(oauth_settings());
  bench.http.expect("POST /oauth/token", 200, pair("a1", "r1"));
  bench.start();
  bench.http.expect("GET /contacts/c1", 401, {{"message", "Invalid JWT"}});
  bench.http.expect("POST /oauth/token", 200, pair("a2", "r2"));
  bench.http.expect("GET /contacts/c1", 200, {{"contact", {{"id", "c1"}}}});
  const auto found = bench.loop.run(bench.crm->fetch("contact", "c1", sync::WorkClass::live));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ(bench.http.calls.back().request.headers.get("Authorization"), "Bearer a2");
  // Refused again: a person must act.
  bench.http.expect("GET /contacts/c1", 401, {{"message", "Invalid JWT"}});
  bench.http.expect("POST /oauth/token", 200, pair("a3", "r3"));
  bench.http.expect("GET /contacts/c1", 401, {{"message", "Invalid JWT"}});
  auto refused = bench.loop.run(bench.crm->fetch("contact", "c1", sync::WorkClass::live));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unauthorized);
  // A missing scope is also 401, and no token cures it.
  bench.http.expect("GET /contacts/c1", 401, {{"message", "The token is not authorized for this scope."}});
  refused = bench.loop.run(bench.crm->fetch("contact", "c1", sync::WorkClass::live));
  EXPECT_EQ(refused.error().kind, ErrorKind::unauthorized);
  EXPECT_TRUE(bench.http.done());
}

TEST_F(TokenTest, AnOwnersTokenReplacesTheConfiguredOneUntilThatChanges) {
  settings.oauth.reset();
  settings.token = "pit-configured";
  restart();
  EXPECT_EQ(*get(), "pit-configured");
  ASSERT_TRUE(loop.run(keeper->replace("pit-of-the-owner")));
  EXPECT_EQ(*get(), "pit-of-the-owner");
  EXPECT_EQ(*loop.run(keeper->renew("pit-configured")), "pit-of-the-owner") << "a call that was on its way";
  EXPECT_FALSE(loop.run(keeper->renew("pit-of-the-owner")));
  restart();
  EXPECT_EQ(*get(), "pit-of-the-owner");
  settings.token = "pit-new-in-the-file";
  restart();
  EXPECT_EQ(*get(), "pit-new-in-the-file");
  EXPECT_TRUE(state.values.contains("secret/token")) << "where it is sealed";
}

TEST_F(TokenTest, WhatCanBeNoTokenIsRefused) {
  EXPECT_EQ(loop.run(keeper->replace("pit-x")).error().kind, ErrorKind::invalid) << "by OAuth";
  settings.oauth.reset();
  settings.token = "pit-configured";
  restart();
  for (const std::string token : {"", "pit with blanks", "pit\r\nX-Evil: 1", "pit-\xc3\xa4"}) {
    const Result<void> replaced = loop.run(keeper->replace(token));
    ASSERT_FALSE(replaced);
    EXPECT_EQ(replaced.error().kind, ErrorKind::invalid);
  }
  EXPECT_FALSE(loop.run(keeper->replace(std::string(5'000, 'x'))));
  EXPECT_EQ(*get(), "pit-configured");
}

}  // namespace
}  // namespace lockstep::gohighlevel
