#include "base/json.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <type_traits>

namespace lockstep {
namespace {

double read(std::string_view text) { return parse_json(text).value().as_double(); }

TEST(Json, DoublesSurviveTheirText) {
  std::mt19937_64 random(20'240'501);
  int finite = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    ++finite;
    const std::string text = to_text(value);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(read(text)), std::bit_cast<std::uint64_t>(value)) << text;
  }
  EXPECT_GT(finite, 99'000);
  using Limits = std::numeric_limits<double>;
  for (const double value :
       {0.0, -0.0, Limits::max(), Limits::lowest(), Limits::min(), Limits::denorm_min(), Limits::epsilon()}) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(read(to_text(value))), std::bit_cast<std::uint64_t>(value)) << value;
  }
}

TEST(Json, DecimalsAreTheNearestDouble) {
  std::mt19937_64 random(7);
  std::uniform_int_distribution<std::int64_t> whole(-9'999'999'999, 9'999'999'999);
  std::uniform_int_distribution<int> places(1, 9);
  for (int i = 0; i < 100'000; ++i) {
    std::string text = std::to_string(whole(random)) + ".";
    for (int digit = places(random); digit > 0; --digit) text += static_cast<char>('0' + random() % 10);
    const double value = read(text);
    ASSERT_EQ(value, std::strtod(text.c_str(), nullptr)) << text;
    ASSERT_EQ(read(to_text(value)), value) << text;
  }
  EXPECT_EQ(read("0.1"), 0.1);
  EXPECT_EQ(read("1e23"), 1e23);
  EXPECT_EQ(read("9007199254740993.0"), 9007199254740992.0) << "a tie goes to the even one";
}

TEST(Json, WholeNumbersStayWhole) {
  EXPECT_EQ(parse_json("-9223372036854775808")->as_int64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_json("18446744073709551615")->as_uint64(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(read("18446744073709551616"), 18446744073709551616.0);
}

TEST(Json, NumbersOutOfRange) {
  for (const char* text : {"1e309", "-1e309", "[1, 1e999]", "1e99999999999", R"({"a": 123456789e400})"}) {
    const auto value = parse_json(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().kind, ErrorKind::invalid);
  }
  EXPECT_EQ(read("1e-400"), 0.0);
  EXPECT_TRUE(std::signbit(read("-1e-400")));
}

TEST(Json, IsStrict) {
  for (const char* text : {"", " ", "{", "[1,]", "{\"a\":1,}", "01", "1.", ".5", "+1", "NaN", "'a'", "\"\xff\"",
                           "// c\n1", "1 2", "[1] x"}) {
    EXPECT_FALSE(parse_json(text)) << text;
  }
  const auto value = parse_json(" {\"a\": [1, -2, 2.5, \"\\u00e9\", true, null, {}]} ");
  ASSERT_TRUE(value);
  EXPECT_EQ(to_text(*value), "{\"a\":[1,-2,2.5E0,\"\xc3\xa9\",true,null,{}]}");
  EXPECT_NE(parse_json("[1, x]").error().message.find("near byte 4"), std::string::npos);
}

TEST(Json, KeepsItsLimits) {
  EXPECT_EQ(parse_json("[1,2,3]", {.bytes_limit = 6}).error().kind, ErrorKind::exhausted);
  EXPECT_TRUE(parse_json("[[1]]", {.bytes_limit = 10, .depth_limit = 2}));
  EXPECT_FALSE(parse_json("[[[1]]]", {.bytes_limit = 10, .depth_limit = 2}));
}

TEST(Json, MembersOfValuesObjectsAndTemporaries) {
  const JsonObject object{{"a", "text that is too long to be stored in place"}, {"n", 1}};
  const Json value(object);
  EXPECT_EQ(string_member(object, "a").data(), object.at("a").get_string().data()) << "a view into the object";
  EXPECT_EQ(string_member(value, "a").data(), value.get_object().at("a").get_string().data());
  EXPECT_EQ(find_member(object, "n"), &object.at("n"));
  EXPECT_EQ(find_member(value, "x"), nullptr);
  EXPECT_EQ(string_member(value, "n"), "");
  EXPECT_EQ(string_member(Json(1), "n"), "");
  const auto kept = string_member(JsonObject(object), "a");
  static_assert(std::is_same_v<decltype(kept), const std::string>, "a temporary's text is a copy");
  EXPECT_EQ(kept, "text that is too long to be stored in place");
}

}  // namespace
}  // namespace lockstep
