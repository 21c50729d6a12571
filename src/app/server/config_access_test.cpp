#include "app/server/config_access.hpp"

#include <gtest/gtest.h>

#include "connector/manual_loop.hpp"
#include "wire/testing/tokens.hpp"

namespace lockstep::app {
namespace {

using wire::testing::jwk;
using wire::testing::jwk_set;
using wire::testing::KeyPair;

class ConfigAccessTest : public ::testing::Test {
 protected:
  static Config config(std::vector<JwtIssuer> issuers) {
    Config out;
    out.jwt_issuers = std::move(issuers);
    return out;
  }
  static JwtIssuer at(const std::string& url) {
    JwtIssuer out;
    out.jwks_url = url;
    return out;
  }
  std::unique_ptr<ConfigAccess> access(const Config& from, const ConfigAccess* former = nullptr) {
    const AccessParts parts{&loop, &log, accounts.get(), [this](const JwtIssuer& issuer, RemoteKeys::Done done) {
                              asked.emplace_back(issuer.jwks_url, std::move(done));
                            }};
    auto made = ConfigAccess::make(from, parts, former);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  void answer(Result<std::string> text) {
    ASSERT_FALSE(asked.empty());
    RemoteKeys::Done done = std::move(asked.front().second);
    asked.erase(asked.begin());
    done(std::move(text));
  }
  std::string claims(JsonObject ours) const {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(loop.clock().now().time_since_epoch()).count();
    return to_text(JsonObject{{"sub", "u1"}, {"exp", now + 3600}, {"app_metadata", JsonObject{{"lockstep", ours}}}});
  }
  std::string token(const KeyPair& key, const std::string& id) const {
    return wire::testing::signed_token(key, to_text(JsonObject{{"alg", "ES256"}, {"kid", id}}),
                                       claims({{"role", "editor"}, {"sources", JsonArray{"main"}}}));
  }
  Result<gateway::Caller> identify(const ConfigAccess& by, const std::string& token) const {
    wire::HttpHeaders headers;
    headers.add("Authorization", "Bearer " + token);
    return by.identify(headers, loop.clock().now());
  }
  std::optional<ErrorKind> refusal(const ConfigAccess& by, const std::string& token) const {
    const auto caller = identify(by, token);
    return caller ? std::nullopt : std::optional(caller.error().kind);
  }

  connector::ManualLoop loop;
  SilentLog log;
  std::unique_ptr<access::Accounts> accounts =
      *access::Accounts::make({&loop, &log, &loop, [](const sync::StateRow&, access::Accounts::Done done) { done({}); },
                               wire::kCheapestPassword},
                              "a key of this installation", {});
  std::vector<std::pair<std::string, RemoteKeys::Done>> asked;
  KeyPair a = KeyPair::p256();
  KeyPair b = KeyPair::p256();
};

TEST_F(ConfigAccessTest, ATokenOfAKeySetIsWhoItSays) {
  JwtIssuer issuer;
  issuer.jwks = jwk_set({jwk(a, "a")});
  const auto by = access(config({issuer}));
  const auto caller = identify(*by, token(a, "a"));
  ASSERT_TRUE(caller) << caller.error().message;
  EXPECT_EQ(caller->name, "user u1");
  EXPECT_EQ(caller->role_in(SourceId("main")), gateway::Role::editor);
  EXPECT_TRUE(caller->may_edit(SourceId("main")));
  EXPECT_FALSE(caller->may_read(SourceId("other")));
  EXPECT_EQ(refusal(*by, token(b, "a")), ErrorKind::unauthorized);
  EXPECT_EQ(refusal(*by, token(b, "b")), ErrorKind::unauthorized) << "there is nothing to wait for";
  EXPECT_EQ(refusal(*by, wire::testing::hs256(claims({}), issuer.jwks, R"({"alg":"HS256","kid":"a"})")),
            ErrorKind::unauthorized);
}

TEST_F(ConfigAccessTest, KeysFromAnAddressAreWaitedFor) {
  JwtIssuer with_secret;
  with_secret.secret = "a-secret-of-more-than-16-bytes";
  for (const auto& issuers :
       {std::vector{with_secret, at("https://id.example/a")}, std::vector{at("https://id.example/a"), with_secret}}) {
    const auto by = access(config(issuers));
    EXPECT_EQ(refusal(*by, token(a, "a")), ErrorKind::unavailable) << "not unauthorized: that signs people out";
    const std::string hs256 =
        wire::testing::hs256(claims({{"role", "viewer"}}), with_secret.secret, R"({"alg":"HS256"})");
    EXPECT_EQ(refusal(*by, hs256), std::nullopt) << "the other issuer works";
    answer(jwk_set({jwk(a, "a")}));
    EXPECT_EQ(refusal(*by, token(a, "a")), std::nullopt);
    EXPECT_EQ(refusal(*by, token(b, "b")), ErrorKind::unauthorized);
    EXPECT_EQ(refusal(*by, hs256), std::nullopt);
  }
}

TEST_F(ConfigAccessTest, AReloadKeepsTheKeysAndFetchesThemAnew) {
  auto before = access(config({at("https://id.example/a")}));
  answer(jwk_set({jwk(a, "a")}));
  auto after = access(config({at("https://id.example/b"), at("https://id.example/a")}), before.get());
  before.reset();
  EXPECT_EQ(refusal(*after, token(a, "a")), std::nullopt) << "nobody is signed out";
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].first, "https://id.example/b");
  EXPECT_EQ(asked[1].first, "https://id.example/a");
  answer(fail(ErrorKind::unavailable, "down"));
  answer(jwk_set({jwk(b, "b")}));
  EXPECT_NE(refusal(*after, token(a, "a")), std::nullopt) << "rotated away";
  EXPECT_EQ(refusal(*after, token(b, "b")), std::nullopt);
}

TEST_F(ConfigAccessTest, AnIssuerThatIsChangedStartsWithoutKeys) {
  const auto before = access(config({at("https://id.example/a")}));
  answer(jwk_set({jwk(a, "a")}));
  JwtIssuer stricter = at("https://id.example/a");
  stricter.audience = "authenticated";
  const auto after = access(config({stricter}), before.get());
  EXPECT_EQ(refusal(*after, token(a, "a")), ErrorKind::unavailable);
  answer(jwk_set({jwk(a, "a")}));
  EXPECT_EQ(refusal(*after, token(a, "a")), ErrorKind::unauthorized) << "the token is for no audience";
}

TEST_F(ConfigAccessTest, ABusinessInATokenIsNoRole) {
  JwtIssuer issuer;
  issuer.secret = "a-secret-of-more-than-16-bytes";
  const auto by = access(config({issuer}));
  const auto caller_of = [&](const JsonObject& ours) {
    const auto caller = identify(*by, wire::testing::hs256(claims(ours), issuer.secret, R"({"alg":"HS256"})"));
    EXPECT_TRUE(caller);
    return caller.value_or(gateway::Caller());
  };
  const JsonArray everywhere{"main", "*"};
  const gateway::Caller cafe = caller_of({{"role", "business"}, {"business", "cafe"}, {"sources", everywhere}});
  EXPECT_TRUE(cafe.sources.empty());
  EXPECT_FALSE(cafe.sees_all());
  ASSERT_NE(cafe.businesses_in(SourceId("main")), nullptr);
  EXPECT_TRUE(cafe.businesses_in(SourceId("main"))->contains("cafe"));
  EXPECT_EQ(cafe.businesses_in(SourceId("other")), nullptr) << "a star names no source";
  for (const JsonObject& ours :
       {JsonObject{{"role", "business"}, {"sources", everywhere}},
        JsonObject{{"role", "business"}, {"business", ""}, {"sources", everywhere}},
        JsonObject{{"role", "business"}, {"business", JsonArray{"cafe"}}, {"sources", everywhere}},
        JsonObject{{"role", "Business"}, {"business", "cafe"}, {"sources", everywhere}}}) {
    const gateway::Caller nobody = caller_of(ours);
    EXPECT_FALSE(nobody.may_see(SourceId("main"))) << to_text(ours);
    EXPECT_FALSE(nobody.sees_all()) << to_text(ours);
  }
  EXPECT_TRUE(caller_of({{"sources", everywhere}}).may_read(SourceId("main"))) << "no role is a viewer's";
}

TEST_F(ConfigAccessTest, AKeyOfABusiness) {
  Config with = config({});
  with.api_keys = {{"page", "a-key-of-more-than-16-bytes", Role::viewer, {SourceId("main")}, "cafe"}};
  const auto by = access(with);
  const auto caller = identify(*by, "a-key-of-more-than-16-bytes");
  ASSERT_TRUE(caller);
  EXPECT_FALSE(caller->may_read(SourceId("main")));
  ASSERT_NE(caller->businesses_in(SourceId("main")), nullptr);
  EXPECT_TRUE(caller->businesses_in(SourceId("main"))->contains("cafe"));
}

// Rights in a table: what the token says about rights does not count, in either direction.
TEST_F(ConfigAccessTest, MembersCountAndClaimsDoNot) {
  JwtIssuer issuer;
  issuer.secret = "a-secret-of-more-than-16-bytes";
  const auto by = access(config({issuer}));
  std::vector<std::string> rows{R"({"user":"u1","source":"other","role":"owner"})"};
  bool down = false;
  MembersParts parts{&loop, &log, {}, [](const std::set<std::string>&) {}};
  parts.read = [&](const MemberTable&, const connector::TableRead&, auto done) {
    if (down) return done(std::unexpected(connector::TableFailure{{ErrorKind::unavailable, "down"}, ""}));
    connector::TableRows answer;
    answer.rows = rows;
    done(std::move(answer));
  };
  MemberTable table;
  table.role = "role";
  const auto members = std::make_shared<Members>(std::move(parts), std::vector{table}, nullptr);
  by->ask(members);
  const auto token_with = [&](const std::string& given) {
    return wire::testing::hs256(given, issuer.secret, R"({"alg":"HS256"})");
  };
  const std::string token = token_with(claims({{"role", "admin"}, {"sources", JsonArray{"*", "main"}}}));
  auto caller = identify(*by, token);
  ASSERT_TRUE(caller) << caller.error().message;
  EXPECT_TRUE(caller->may_operate(SourceId("other")));
  EXPECT_FALSE(caller->may_read(SourceId("main")));
  EXPECT_FALSE(caller->sees_all());
  EXPECT_FALSE(caller->may_administer());
  rows.clear();
  loop.run_for(Members::kReadEvery);
  caller = identify(*by, token);
  ASSERT_TRUE(caller) << "somebody still";
  EXPECT_TRUE(caller->sources.empty());
  const auto soon =
      std::chrono::duration_cast<std::chrono::seconds>(loop.clock().now().time_since_epoch()).count() + 60;
  EXPECT_EQ(refusal(*by, token_with(to_text(JsonObject{{"role", "anon"}, {"exp", soon}}))), ErrorKind::unauthorized);
  down = true;
  loop.run_for(std::chrono::minutes(2));
  EXPECT_EQ(refusal(*by, token), ErrorKind::unavailable);
}

TEST_F(ConfigAccessTest, AccountsHoldTheirOwnRightsAndThoseOfTheTable) {
  const auto by = access(config({}));
  const auto members_with = [&](bool down) {
    MembersParts parts{&loop, &log, {}, [](const std::set<std::string>&) {}};
    parts.read = [down](const MemberTable&, const connector::TableRead&, auto done) {
      if (down) return done(std::unexpected(connector::TableFailure{{ErrorKind::unavailable, "down"}, ""}));
      connector::TableRows answer;
      answer.rows = {R"({"user":"ada","source":"b","role":"editor"})",
                     R"({"user":"ada","source":"a","role":"viewer"})"};
      done(std::move(answer));
    };
    MemberTable table;
    table.role = "role";
    return std::make_shared<Members>(std::move(parts), std::vector{table}, nullptr);
  };
  accounts->add("ada", "correct horse battery", std::nullopt, {access::Grants{{SourceId("a"), access::Role::owner}}},
                [](Result<void> made) { EXPECT_TRUE(made); });
  loop.settle();
  std::string token;
  accounts->sign_in("ada", "correct horse battery", {}, [&](Result<access::SignedIn> in) { token = in->token; });
  loop.settle();
  by->ask(members_with(false));
  const auto caller = identify(*by, token);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->sources,
            (access::Grants{{SourceId("a"), access::Role::owner}, {SourceId("b"), access::Role::editor}}));
  by->ask(members_with(true));
  EXPECT_EQ(identify(*by, token)->sources, (access::Grants{{SourceId("a"), access::Role::owner}}))
      << "its own do not hang on somebody's database";
}

// Whoever may make accounts in one source must not become somebody else by their names.
TEST_F(ConfigAccessTest, AnAccountThatAnOwnerHasMadeIsNobodyInTheTable) {
  const auto by = access(config({}));
  MembersParts parts{&loop, &log, {}, [](const std::set<std::string>&) {}};
  parts.read = [](const MemberTable&, const connector::TableRead&, auto done) {
    connector::TableRows answer;
    answer.rows = {R"({"user":"victim","source":"a","role":"owner"})"};
    done(std::move(answer));
  };
  by->ask(std::make_shared<Members>(std::move(parts), std::vector{MemberTable{}}, nullptr));
  accounts->add_to_source("victim", "correct horse battery", SourceId("b"), access::Role::viewer,
                          [](Result<void> made) { EXPECT_TRUE(made); });
  loop.settle();
  std::string token;
  accounts->sign_in("victim", "correct horse battery", {}, [&](Result<access::SignedIn> in) { token = in->token; });
  loop.settle();
  EXPECT_EQ(identify(*by, token)->sources, (access::Grants{{SourceId("b"), access::Role::viewer}}));
}

TEST_F(ConfigAccessTest, TheFirstAccountEndsTheOpenness) {
  const auto by = access(config({}));
  const wire::HttpHeaders local{{"Host", "127.0.0.1:8080"}};
  ASSERT_TRUE(by->identify(local, loop.clock().now()));
  EXPECT_TRUE(by->is_open_to_local());
  accounts->add("ada", "correct horse battery", std::nullopt, {}, [](Result<void> made) { EXPECT_TRUE(made); });
  loop.settle();
  EXPECT_FALSE(by->identify(local, loop.clock().now()));
  EXPECT_FALSE(by->has_no_way_in());
}

}  // namespace
}  // namespace lockstep::app
