// Versions, tokens, scopes, locations, quota, OAuth.
#include "connectors/gohighlevel/sandbox/test_client.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

SandboxSettings two_locations() {
  SandboxSettings settings = SandboxSettings::demo();
  LocationSettings other;
  other.id = "otherLocation0000001";
  settings.locations.push_back(other);
  settings.private_tokens.push_back({"pit-other", other.id, all_scopes()});
  settings.private_tokens.push_back({"pit-reader", settings.locations[0].id, {"contacts.readonly"}});
  return settings;
}

class AccessTest : public SandboxTest {
 protected:
  AccessTest() : SandboxTest(two_locations()) {}
  std::string message(const TestReply& reply) {
    return std::to_string(reply.status) + " " + to_text(reply.at("message"));
  }
};

TEST_F(AccessTest, VersionHeader) {
  const wire::HttpHeaders none{{"Authorization", "Bearer pit-sandbox"}};
  EXPECT_EQ(message(send("GET", "/contacts/x", "", none)), R"(401 "version header was not found.")");
  const wire::HttpHeaders wrong{{"Authorization", "Bearer pit-sandbox"}, {"Version", "2020-01-01"}};
  EXPECT_EQ(message(send("GET", "/contacts/x", "", wrong)), R"(401 "version header is invalid")");
  for (const char* version : {"2021-04-15", "2021-07-28", "2023-02-21"}) {
    const wire::HttpHeaders good{{"authorization", "bearer pit-sandbox"}, {"version", version}};
    EXPECT_EQ(send("GET", "/contacts/x", "", good).status, 400u) << version;
  }
}

TEST_F(AccessTest, TokensScopesAndLocations) {
  const auto id = create_contact(R"("email":"a@example.com")");
  token_ = "pit-wrong";
  EXPECT_EQ(message(api("GET", "/contacts/" + id)), R"(401 "Invalid Private Integration token")");
  token_ = "wrong";
  EXPECT_EQ(message(api("GET", "/contacts/" + id)), R"(401 "Invalid JWT")");
  token_ = "pit-reader";
  EXPECT_EQ(api("GET", "/contacts/" + id).status, 200u);
  EXPECT_EQ(message(api("DELETE", "/contacts/" + id)), R"(401 "The token is not authorized for this scope.")");
  token_ = "pit-other";
  EXPECT_EQ(message(api("GET", "/contacts/" + id)), R"(403 "The token does not have access to this location.")");
  EXPECT_EQ(api("POST", "/contacts/", with_location(R"("email":"b@example.com")")).status, 403u);
  EXPECT_EQ(api("GET", "/locations/" + std::string(kLocation)).status, 403u);
  EXPECT_EQ(api("GET", "/opportunities/search?location_id=" + std::string(kLocation)).status, 403u);
}

TEST_F(AccessTest, UnknownPathsAndParameters) {
  const auto reply = api("GET", "/oauth/installed-locations");
  EXPECT_EQ(message(reply), R"(404 "Cannot GET /oauth/installed-locations")");
  EXPECT_EQ(api("PATCH", "/contacts/x").status, 404u);
  EXPECT_EQ(message(api("GET", "/opportunities/search?location_id=" + std::string(kLocation) + "&pipelineId=x")),
            R"(422 ["property pipelineId should not exist"])");
  EXPECT_EQ(message(api("GET", "/contacts/")), R"(422 ["locationId should not be empty"])");
}

TEST_F(AccessTest, BytesThatAreNoTextAreRefusedAndNotEchoed) {
  for (const char* target : {"/contacts/%FF", "/contacts/\xff", "/%C3", "/_sandbox/%FF"}) {
    const auto reply = api("GET", target);
    EXPECT_EQ(reply.status, 400u) << target;
    EXPECT_TRUE(reply.body.is_object()) << target;
  }
  EXPECT_EQ(api("GET", "/contacts/%C3%A9").text("message"), "Contact with id \xC3\xA9 not found");
  const auto form =
      send("POST", "/oauth/token", "client%FFid=x", {{"Content-Type", "application/x-www-form-urlencoded"}});
  EXPECT_EQ(form.status, 400u);
  EXPECT_TRUE(form.body.is_object());
}

TEST_F(AccessTest, BurstIsASlidingWindowPerTokenAndLocation) {
  TestReply last;
  for (int i = 0; i < 100; ++i) last = api("GET", "/contacts/x");
  EXPECT_EQ(last.status, 400u);
  EXPECT_EQ(last.headers.get("X-RateLimit-Remaining"), "0");
  EXPECT_EQ(last.headers.get("X-RateLimit-Max"), "100");
  EXPECT_EQ(last.headers.get("X-RateLimit-Interval-Milliseconds"), "10000");
  EXPECT_EQ(last.headers.get("X-RateLimit-Daily-Remaining"), "199900");
  EXPECT_EQ(api("GET", "/contacts/x").status, 429u);
  token_ = "pit-other";
  EXPECT_EQ(api("GET", "/contacts/x").status, 400u) << "another bucket";
  token_ = "pit-sandbox";
  clock_.advance(std::chrono::milliseconds(9'999));
  EXPECT_EQ(api("GET", "/contacts/x").status, 429u);
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(api("GET", "/contacts/x").status, 400u);
}

class DayTest : public SandboxTest {
 protected:
  static SandboxSettings small_day() {
    SandboxSettings settings = SandboxSettings::demo();
    settings.quota.daily = 3;
    return settings;
  }
  DayTest() : SandboxTest(small_day()) {}
};

TEST_F(DayTest, TheDayEndsAtMidnightUtc) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(api("GET", "/contacts/x").status, 400u);
  const auto refused = api("GET", "/contacts/x");
  EXPECT_EQ(refused.status, 429u);
  EXPECT_EQ(refused.headers.get("X-RateLimit-Daily-Remaining"), "0");
  clock_.advance(std::chrono::milliseconds(std::stoll(std::string(refused.headers.get("X-RateLimit-Daily-Reset")))));
  EXPECT_EQ(api("GET", "/contacts/x").status, 400u);
}

class OAuthTest : public SandboxTest {
 protected:
  static constexpr std::string_view kClient = "sandboxapp0000000001-client";

  TestReply token_call(const std::string& grant, std::string_view secret = "sandbox-secret") {
    return send("POST", "/oauth/token",
                "client_id=" + std::string(kClient) + "&client_secret=" + std::string(secret) + "&" + grant,
                {{"Content-Type", "application/x-www-form-urlencoded"}});
  }
  std::string code() {
    return control("POST", "oauth/codes", R"({"clientId":")" + std::string(kClient) + "\"}").text("code");
  }
};

TEST_F(OAuthTest, CodesAndRefreshTokensWorkOnce) {
  const std::string grant = "grant_type=authorization_code&code=" + code();
  const auto first = token_call(grant);
  ASSERT_EQ(first.status, 200u) << to_text(first.body);
  EXPECT_EQ(first.text("userType"), "Location");
  EXPECT_EQ(first.text("locationId"), kLocation);
  EXPECT_EQ(first.at("expires_in").to_number<int>(), 86'399);
  EXPECT_EQ(token_call(grant).status, 400u);
  const auto second = token_call("grant_type=refresh_token&refresh_token=" + first.text("refresh_token"));
  ASSERT_EQ(second.status, 200u);
  EXPECT_NE(second.text("refresh_token"), first.text("refresh_token"));
  EXPECT_EQ(token_call("grant_type=refresh_token&refresh_token=" + first.text("refresh_token")).status, 400u)
      << "the old one died when used";
  token_ = second.text("access_token");
  create_contact(R"("email":"a@example.com")");
}

TEST_F(OAuthTest, AccessTokensExpireAndCanBeRevoked) {
  const auto issued = token_call("grant_type=authorization_code&code=" + code());
  token_ = issued.text("access_token");
  clock_.advance(std::chrono::seconds(86'398));
  EXPECT_EQ(api("GET", "/contacts/x").status, 400u);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(api("GET", "/contacts/x").text("message"), "Invalid token: access token is invalid");
  const auto again = token_call("grant_type=refresh_token&refresh_token=" + issued.text("refresh_token"));
  token_ = again.text("access_token");
  control("PUT", "faults", R"({"token_revoked":{"once":1}})");
  EXPECT_EQ(api("GET", "/contacts/x").status, 401u);
  EXPECT_EQ(token_call("grant_type=refresh_token&refresh_token=" + again.text("refresh_token")).status, 200u)
      << "the grant itself lives";
}

TEST_F(OAuthTest, WhoHasLostTheTokensGetsANewCodeWhereTheAppIsInstalled) {
  const auto reconnect = [&](std::string_view secret, std::string_view location) {
    return send("POST", "/oauth/reconnect",
                R"({"clientKey":")" + std::string(kClient) + R"(","clientSecret":")" + std::string(secret) +
                    R"(","locationId":")" + std::string(location) + R"("})",
                {{"Content-Type", "application/json"}});
  };
  EXPECT_EQ(reconnect("sandbox-secret", kLocation).status, 400u) << "never installed";
  ASSERT_EQ(token_call("grant_type=authorization_code&code=" + code()).status, 200u);
  EXPECT_EQ(reconnect("wrong", kLocation).status, 401u);
  const auto answer = reconnect("sandbox-secret", kLocation);
  ASSERT_EQ(answer.status, 200u) << to_text(answer.body);
  const std::string grant = "grant_type=authorization_code&code=" + answer.text("authorizationCode");
  EXPECT_EQ(token_call(grant).status, 200u);
  EXPECT_EQ(token_call(grant).status, 400u) << "a code works once";
}

TEST_F(OAuthTest, BadRequests) {
  EXPECT_EQ(token_call("grant_type=authorization_code&code=" + code(), "wrong").status, 401u);
  EXPECT_EQ(token_call("grant_type=password").status, 422u);
  EXPECT_EQ(token_call("grant_type=refresh_token&refresh_token=x&clientId=y").status, 422u);
  EXPECT_EQ(send("POST", "/oauth/token", R"({"client_id":"x"})", {{"Content-Type", "application/json"}}).status, 422u);
}

}  // namespace
}  // namespace lockstep::gohighlevel::sandbox
