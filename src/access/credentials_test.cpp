#include "access/credentials.hpp"

#include <gtest/gtest.h>

#include "access/caller.hpp"

namespace lockstep::access {
namespace {

std::string_view cookie(wire::HttpHeaders headers) {
  static wire::HttpHeaders kept;  // what is returned points into it
  kept = std::move(headers);
  return session_cookie(kept);
}

TEST(Credentials, FindTheSessionAmongTheCookies) {
  EXPECT_EQ(cookie({{"Cookie", "lockstep_session=lss_1"}}), "lss_1");
  EXPECT_EQ(cookie({{"cookie", "a=b; lockstep_session=lss_1;c=d"}}), "lss_1");
  EXPECT_EQ(cookie({{"Cookie", "a=b"}, {"Cookie", "lockstep_session=lss_1"}}), "lss_1");
  for (const char* other : {"", ";", "lockstep_session", "xlockstep_session=lss_1", "lockstep_sessions=lss_1",
                            "a=lockstep_session=lss_1", " ; ; "})
    EXPECT_EQ(cookie({{"Cookie", other}}), "") << other;
}

// A cookie comes along whoever has made the browser ask.
TEST(Credentials, ACookieCountsForPagesOfThisServerOnly) {
  const std::pair<std::string, std::string> session{"Cookie", "lockstep_session=lss_1"};
  const std::pair<std::string, std::string> host{"Host", "sync.example.com:8443"};
  EXPECT_EQ(cookie({session, host, {"Origin", "https://sync.example.com:8443"}}), "lss_1");
  EXPECT_EQ(cookie({session, host, {"Sec-Fetch-Site", "same-origin"}}), "lss_1");
  EXPECT_EQ(cookie({session, host, {"Sec-Fetch-Site", "none"}}), "lss_1") << "typed into the address bar";
  for (const char* origin : {"https://evil.example", "https://sync.example.com", "https://evil.sync.example.com:8443",
                             "null", "sync.example.com:8443", "https://sync.example.com:8443.evil.example"})
    EXPECT_EQ(cookie({session, host, {"Origin", origin}}), "") << origin;
  for (const char* site : {"cross-site", "same-site", "whatever"})
    EXPECT_EQ(cookie({session, host, {"Sec-Fetch-Site", site}}), "") << site;
  EXPECT_EQ(cookie({session, host, {"Origin", "https://sync.example.com:8443"}, {"Sec-Fetch-Site", "cross-site"}}), "");
}

TEST(Credentials, AreKeptForTheNextQuestion) {
  const wire::HttpHeaders headers{{"Authorization", "Bearer a"},
                                  {"X-API-Key", "b"},
                                  {"Cookie", "x=y; lockstep_session=lss_1"},
                                  {"Host", "h"},
                                  {"Origin", "http://h"}};
  const Credentials kept = Credentials::of(headers);
  EXPECT_EQ(Credentials::of(kept.headers()), kept);
  EXPECT_EQ(kept.session, "lss_1");
  EXPECT_FALSE(kept.empty());
  EXPECT_TRUE(Credentials::of({{"Host", "h"}}).empty());
}

TEST(Credentials, KnowThisMachine) {
  for (const char* here : {"localhost", "localhost:80", "127.0.0.1:8080", "[::1]:8080", "[::1]"})
    EXPECT_TRUE(is_loopback(host_of(here))) << here;
  for (const char* there : {"", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example:80", "[::2]:80"})
    EXPECT_FALSE(is_loopback(host_of(there))) << there;
}

TEST(Caller, TheHigherRoleCounts) {
  const SourceId a("a");
  const SourceId b("b");
  const Caller both{.name = "x", .everywhere = Role::viewer, .sources = {{a, Role::owner}}};
  EXPECT_TRUE(both.may_operate(a));
  EXPECT_TRUE(both.may_read(b));
  EXPECT_FALSE(both.may_edit(b));
  EXPECT_FALSE(both.may_administer());
  const Caller less{.name = "x", .everywhere = Role::owner, .sources = {{a, Role::viewer}}};
  EXPECT_TRUE(less.may_operate(a));
  const Caller nobody{.name = "x"};
  EXPECT_FALSE(nobody.may_read(a));
  EXPECT_FALSE(nobody.sees_all());
  const Caller admin_of_one{.name = "x", .sources = {{a, Role::admin}}};
  EXPECT_FALSE(admin_of_one.may_administer()) << "of one source only";
  for (const Role role : {Role::viewer, Role::editor, Role::owner, Role::admin})
    EXPECT_EQ(role_named(to_string(role)), role);
  EXPECT_EQ(role_named("Admin"), std::nullopt);
}

}  // namespace
}  // namespace lockstep::access
