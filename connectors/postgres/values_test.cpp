#include "connectors/postgres/values.hpp"

#include <gtest/gtest.h>

#include "connectors/postgres/layout.hpp"

namespace lockstep::postgres {
namespace {

std::string json(ValueKind kind, std::string_view text, Shape shape = Shape::scalar) {
  const auto value = to_json(kind, shape, text);
  return value ? to_text(*value) : "error";
}

TEST(PostgresValues, Scalars) {
  EXPECT_EQ(json(ValueKind::boolean, "t"), "true");
  EXPECT_EQ(json(ValueKind::boolean, "yes"), "error");
  EXPECT_EQ(json(ValueKind::integer, "-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(json(ValueKind::floating, "1.5"), "1.5E0");
  EXPECT_EQ(json(ValueKind::floating, "NaN"), "\"NaN\"");
  EXPECT_EQ(json(ValueKind::text, "12.50"), "\"12.50\"");
  EXPECT_EQ(json(ValueKind::json, R"({"a": [1, null]})"), R"({"a":[1,null]})");
}

TEST(PostgresValues, TimestampsAreIso) {
  EXPECT_EQ(json(ValueKind::timestamp, "2026-01-02 03:04:05.6+00"), "\"2026-01-02T03:04:05.6+00:00\"");
  EXPECT_EQ(json(ValueKind::timestamp, "2026-01-02 03:04:05"), "\"2026-01-02T03:04:05\"");
  EXPECT_EQ(json(ValueKind::timestamp, "2026-01-02 03:04:05+05:30"), "\"2026-01-02T03:04:05+05:30\"");
  EXPECT_EQ(json(ValueKind::timestamp, "infinity"), "\"infinity\"");
}

TEST(PostgresValues, Arrays) {
  EXPECT_EQ(json(ValueKind::text, "{}", Shape::array), "[]");
  EXPECT_EQ(json(ValueKind::text, R"({a,"b, \"c\"",NULL,"NULL","",d e})", Shape::array),
            R"(["a","b, \"c\"",null,"NULL","","d e"])");
  EXPECT_EQ(json(ValueKind::integer, "{{1,2},{3,NULL}}", Shape::array), "[[1,2],[3,null]]");
  EXPECT_EQ(json(ValueKind::integer, "[0:1]={1,2}", Shape::array), "[1,2]");
  for (const char* bad : {"", "{", "{a", "{a,}", "{,a}", "{a}b", "{\"a}", "a", "{a\\", "[0:1]{1}", "{{{{{{{1}}}}}}}"}) {
    EXPECT_EQ(json(ValueKind::text, bad, Shape::array), "error") << bad;
  }
}

TEST(PostgresKeys, OnePartIsItselfAndSeveralAreAList) {
  EXPECT_EQ(external_id_of({"7"}), "7");
  EXPECT_EQ(external_id_of({"a", "b\"c"}), R"(["a","b\"c"])");
  EXPECT_EQ(key_of("7", 1), std::vector<std::string>{"7"});
  EXPECT_EQ(key_of(R"(["a","b"])", 2), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(key_of(R"(["a"])", 2));
  EXPECT_FALSE(key_of("", 1));
  EXPECT_FALSE(key_of(std::string(2'000, 'x'), 1));
}

TEST(PostgresNames, AreQuoted) {
  EXPECT_EQ(quote_name("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(quote_text("it's"), "'it''s'");
}

}  // namespace
}  // namespace lockstep::postgres
