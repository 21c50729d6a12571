#include "net/detail/origin.hpp"

#include <gtest/gtest.h>

namespace lockstep::net::detail {
namespace {

TEST(OriginTest, SpellingsOfOneOriginAreEqual) {
  const auto origin = parse_origin("https://Example.ORG");
  ASSERT_TRUE(origin.has_value());
  EXPECT_EQ(*origin, (Origin{Scheme::https, "example.org", 443}));
  EXPECT_EQ(parse_origin("https://example.org:443/"), origin);
  EXPECT_EQ(origin->host_header(), "example.org");
  EXPECT_NE(parse_origin("http://example.org")->key(), origin->key());
}

TEST(OriginTest, TheHostHeaderNamesUnusualPortsAndBracketsIpv6) {
  EXPECT_EQ(parse_origin("http://example.org:8080")->host_header(), "example.org:8080");
  const auto v6 = parse_origin("http://[::1]:81");
  ASSERT_TRUE(v6.has_value());
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->host_header(), "[::1]:81");
}

TEST(OriginTest, AnythingElseIsInvalid) {
  for (const char* text :
       {"", "//x", "https://", "https://user:pw@x", "https://x/y", "https://x?", "https://x#", "ws://x", "https://x:0",
        "https://x:65536", "https://x:4 4", "https://a%00b", "https://a%2fb", "https://x\r\n"}) {
    const auto origin = parse_origin(text);
    ASSERT_FALSE(origin.has_value()) << text;
    EXPECT_EQ(origin.error().kind, ErrorKind::invalid);
  }
}

}  // namespace
}  // namespace lockstep::net::detail
