// Signing in and out over HTTP: what the browser is told, whose sessions are whose, what ends at once.
#include "gateway/gateway_world.hpp"

namespace lockstep::gateway {
namespace {

const SourceId kAcme("acme");
const SourceId kOther("other");
const std::string kSession = "/api/v1/session";

class SessionRoutesTest : public ::testing::Test {
 protected:
  Answer sign_in(const wire::HttpHeaders& headers = {}) {
    return world.call("", "POST", kSession, R"({"account":"ada","password":"correct horse battery"})", headers);
  }
  void add_ada(lockstep::access::Grants sources) {
    world.accounts->add("ada", "correct horse battery", std::nullopt, {std::move(sources)},
                        [](Result<void> made) { EXPECT_TRUE(made); });
    world.settle();
  }
  static std::string cookie_of(const Answer& answer) {
    const std::string_view text = answer.response->headers.get("Set-Cookie");
    return std::string(text.substr(0, text.find(';')));
  }

  World world;
};

TEST_F(SessionRoutesTest, TheCookieIsForThisServerAlone) {
  add_ada({{kAcme, Role::viewer}});
  const Answer far = sign_in({{"Host", "sync.example.com"}});
  ASSERT_EQ(far.status(), 201u) << far.response->body;
  const std::string text(far.response->headers.get("Set-Cookie"));
  for (const char* part : {"; HttpOnly", "; SameSite=Strict", "; Path=/", "; Secure", "; Max-Age="})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  EXPECT_EQ(text.find("Domain"), std::string::npos);
  EXPECT_EQ(far.response->headers.get("Cache-Control"), "no-store");
  EXPECT_EQ(far.response->body.find("lss_"), std::string::npos) << "no page reads it";
  const Answer near = sign_in({{"Host", "127.0.0.1:8080"}});
  EXPECT_EQ(near.response->headers.get("Set-Cookie").find("Secure"), std::string::npos)
      << "a browser would not send it without TLS";
}

TEST_F(SessionRoutesTest, OnlyPagesOfThisServerUseIt) {
  add_ada({{kAcme, Role::viewer}});
  const std::string cookie = cookie_of(sign_in({{"Host", "here"}}));
  const auto status = [&](const std::string& origin) {
    wire::HttpHeaders headers{{"Host", "here"}, {"Cookie", cookie}};
    if (!origin.empty()) headers.add("Origin", origin);
    return world.call("", "GET", "/api/v1/sources/acme/status", "", headers).status();
  };
  EXPECT_EQ(status(""), 200u);
  EXPECT_EQ(status("https://here"), 200u);
  EXPECT_EQ(status("https://evil.example"), 401u);
  EXPECT_EQ(sign_in({{"Host", "here"}, {"Origin", "https://evil.example"}}).status(), 403u)
      << "nobody is signed in as somebody else by another page";
}

TEST_F(SessionRoutesTest, SigningOutTakesTheCookieBack) {
  add_ada({{kAcme, Role::viewer}});
  const std::string cookie = cookie_of(sign_in());
  const Answer out = world.call("", "DELETE", kSession, "", {{"Cookie", cookie}});
  EXPECT_EQ(out.status(), 200u);
  EXPECT_NE(out.response->headers.get("Set-Cookie").find("lockstep_session=; "), std::string::npos);
  EXPECT_NE(out.response->headers.get("Set-Cookie").find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(world.call("", "GET", kSession, "", {{"Cookie", cookie}}).status(), 401u);
}

TEST_F(SessionRoutesTest, OthersSessionsLookLikeNone) {
  const std::string mine = world.account_token({{kAcme, Role::owner}});
  const std::string theirs = world.account_token({{kOther, Role::owner}});
  const std::string id(string_member(world.call(theirs, "GET", kSession).json(), "session"));
  EXPECT_EQ(world.call(mine, "DELETE", "/api/v1/sessions/" + id).status(), 404u);
  EXPECT_EQ(world.call("owner", "DELETE", "/api/v1/sessions/" + id).status(), 404u) << "a key has no sessions";
  EXPECT_EQ(world.call(theirs, "GET", kSession).status(), 200u);
  EXPECT_EQ(world.call("admin", "DELETE", "/api/v1/sessions/" + id).status(), 200u);
  EXPECT_EQ(world.call(theirs, "GET", kSession).status(), 401u);
}

TEST_F(SessionRoutesTest, AnOwnerSeesAndGivesRightsInTheOwnSourceOnly) {
  add_ada({{kOther, Role::owner}});
  const std::string people = "/api/v1/sources/acme/people";
  EXPECT_TRUE(world.call("owner", "GET", people).json().at("items").as_array().empty());
  const Answer given = world.call("owner", "PUT", people + "/ADA", R"({"role":"viewer"})");
  ASSERT_EQ(given.status(), 200u);
  EXPECT_EQ(given.response->body.find("other"), std::string::npos) << "nothing of elsewhere";
  EXPECT_EQ(world.accounts->find("ada")->rights.sources,
            (lockstep::access::Grants{{kAcme, Role::viewer}, {kOther, Role::owner}}));
  EXPECT_EQ(world.call("owner", "PUT", people + "/ada", R"({"role":"owner","password":"taken over by me"})").status(),
            409u)
      << "somebody else's account gets no password from here";
  EXPECT_EQ(world.call("owner", "DELETE", people + "/ada").status(), 200u);
  EXPECT_EQ(world.accounts->find("ada")->rights.sources, (lockstep::access::Grants{{kOther, Role::owner}}));
}

// P2: what is open ends with the right, and hears nothing in between.
TEST_F(SessionRoutesTest, ARightThatIsTakenAwayEndsItsStreamsAtOnce) {
  lockstep::access::Accounts& accounts = *world.accounts;
  const std::string token = world.account_token({{kAcme, Role::viewer}});
  const auto stream = world.send(token, "GET", "/api/v1/sources/acme/events");
  ASSERT_TRUE(stream->body);
  world.create("acme", "first@example.com");
  EXPECT_NE(stream->body->text.find("first@example.com"), std::string::npos);
  accounts.grant("account1", kAcme, std::nullopt, [](Result<void> done) { EXPECT_TRUE(done); });
  world.loop.settle();
  world.gateway->rights_changed({"account1"});
  world.create("acme", "second@example.com");
  EXPECT_EQ(stream->body->text.find("second@example.com"), std::string::npos);
  EXPECT_TRUE(stream->body->closed);
}

}  // namespace
}  // namespace lockstep::gateway
