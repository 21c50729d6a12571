#include "wire/http.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace lockstep::wire {
namespace {

TEST(HttpHeaders, NamesCompareWithoutCaseAndOrderIsKept) {
  HttpHeaders headers{{"Accept", "a"}, {"X-One", "1"}};
  headers.add("accept", "b");
  EXPECT_EQ(headers.get("ACCEPT"), "a");
  EXPECT_TRUE(headers.has("x-one"));
  EXPECT_FALSE(headers.has("x-two"));
  EXPECT_EQ(headers.get("x-two"), "");
  headers.set("ACCEPT", "c");
  ASSERT_EQ(headers.items().size(), 2u);
  EXPECT_EQ(headers.items()[0].first, "X-One");
  EXPECT_EQ(headers.get("accept"), "c");
}

TEST(Target, IsTakenApart) {
  const Target target = parse_target("/a%20b/c+d?x=1&y=two%26three&x=2&flag&=empty&z=a+b");
  EXPECT_EQ(target.path, "/a b/c+d");
  EXPECT_EQ(target.parameter("x"), "1");
  EXPECT_EQ(target.parameter("y"), "two&three");
  EXPECT_EQ(target.parameter("z"), "a b");
  EXPECT_TRUE(target.has("flag"));
  EXPECT_EQ(target.parameter("flag"), "");
  EXPECT_EQ(target.parameter(""), "empty");
  EXPECT_FALSE(target.has("w"));
  ASSERT_EQ(target.query.size(), 6u);
}

TEST(Target, OddOnesAreKept) {
  EXPECT_EQ(parse_target("").path, "");
  EXPECT_EQ(parse_target("?").path, "");
  EXPECT_TRUE(parse_target("/x?&&&").query.empty());
  EXPECT_EQ(parse_target("/x?a=b=c").parameter("a"), "b=c");
  EXPECT_EQ(parse_target("/x?a?b=1").parameter("a?b"), "1");
  EXPECT_EQ(percent_decode("%"), "%");
  EXPECT_EQ(percent_decode("%4"), "%4");
  EXPECT_EQ(percent_decode("%zz%41%4g"), "%zzA%4g");
  EXPECT_EQ(percent_decode("%41"), "A");
  EXPECT_EQ(percent_decode("%00"), std::string(1, '\0'));
  EXPECT_EQ(percent_decode("%25%34%31"), "%41") << "decoded once only";
}

TEST(TargetProperty, EncodingRoundTrips) {
  rc::check([](const std::string& text) {
    const std::string encoded = percent_encode(text);
    RC_ASSERT(percent_decode(encoded) == text);
    RC_ASSERT(encoded.find_first_of(" &=?#/+\n") == std::string::npos);
    RC_ASSERT(parse_target("/?k=" + encoded).parameter("k") == text);
  });
}

}  // namespace
}  // namespace lockstep::wire
