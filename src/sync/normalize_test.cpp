#include "sync/normalize.hpp"

#include <gtest/gtest.h>

#include "sync/arbitrary_json.hpp"
#include "sync/normalize_number.hpp"
#include "sync/normalize_text.hpp"

namespace lockstep::sync {
namespace {

struct Case {
  Json from, to;
  const char* problem = nullptr;  // the start of what validate() says
};

void expect(const FieldSchema& field, const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const Json normal = normalize(field, c.from);
    EXPECT_EQ(to_text(normal), to_text(c.to)) << "from " << to_text(c.from);
    EXPECT_EQ(to_text(normalize(field, normal)), to_text(normal)) << "again, from " << to_text(c.from);
    const auto problem = validate(field, normal);
    EXPECT_EQ(problem.has_value(), c.problem != nullptr)
        << "from " << to_text(c.from) << ": " << problem.value_or("fine");
    if (problem && c.problem != nullptr) {
      EXPECT_TRUE(problem->starts_with(c.problem)) << *problem;
    }
  }
}

Json text(const std::string& bytes) { return Json(boost::json::string_view(bytes)); }

Json parsed(std::string_view text) { return parse_json(text).value(); }

TEST(NormalizeTest, KeepsNullAndEmptyApart) {
  for (const FieldType type : all_field_types()) {
    const FieldSchema field = schema_of(type);
    EXPECT_EQ(normalize(field, nullptr), Json(nullptr));
    EXPECT_FALSE(validate(field, nullptr));
    const Json empty = normalize(field, "");
    if (type == FieldType::set) {
      EXPECT_EQ(empty, Json(JsonArray()));
    } else {
      EXPECT_EQ(empty, Json(""));
    }
    EXPECT_FALSE(validate(field, empty)) << static_cast<int>(type);
  }
}

TEST(NormalizeTest, Text) {
  FieldSchema field = schema_of(FieldType::text);
  expect(field, {{"Ada", "Ada"},
                 {"  Ada Lovelace\t\n", "Ada Lovelace"},
                 {"\u00A0\u2003Ada\u3000\uFEFF", "Ada"},
                 {"\u200BAda", "\u200BAda"},
                 {" \u00A0 ", ""},
                 {12, "12"},
                 {150.10, "150.1"},
                 {1e21, "1000000000000000000000"},
                 {-0.0, "0"},
                 {18446744073709551615ULL, "18446744073709551615"},
                 {true, "true"},
                 {JsonArray(), ""},
                 {JsonObject(), ""},
                 {parsed(R"({"b":1,"a":[2.0]})"), R"({"a":[2],"b":1})"},
                 {boost::json::string_view("a\0b", 3), boost::json::string_view("a\0b", 3), "contains a NUL"}});
  field.fold_case = true;
  expect(field, {{" ÉCOLE Straße ΑΘΗΝΑ Жук ŁÓDŹ", "école straße αθηνα жук łódź"}, {"İ", "İ"}, {"ẞ", "ß"}});
}

TEST(NormalizeTest, Email) {
  expect(schema_of(FieldType::email), {{" Ada@Example.COM ", "ada@example.com"},
                                       {"ada+tag@example.com", "ada+tag@example.com"},
                                       {"no address", "no address", "is not an e-mail"},
                                       {"a@b@c", "a@b@c", "is not an e-mail"},
                                       {"@example.com", "@example.com", "is not an e-mail"},
                                       {"a@x.com, b@x.com", "a@x.com, b@x.com", "is not an e-mail"},
                                       {7, "7", "is not an e-mail"}});
}

TEST(NormalizeTest, Datetime) {
  FieldSchema field = schema_of(FieldType::datetime);
  const char* const problem = "is not a date-time";
  expect(field, {{"2026-01-31T09:30:00.000Z", "2026-01-31T09:30:00.000Z"},
                 {"2026-01-31T09:30:00Z", "2026-01-31T09:30:00.000Z"},
                 {"2026-01-31T09:30Z", "2026-01-31T09:30:00.000Z"},
                 {"2026-01-31 09:30:00+00", "2026-01-31T09:30:00.000Z"},
                 {"2026-01-31 09:30:00.123456+02", "2026-01-31T07:30:00.123Z"},
                 {"2026-01-31T23:30:00-05:30", "2026-02-01T05:00:00.000Z"},
                 {"2026-01-31t09:30:00z", "2026-01-31T09:30:00.000Z"},
                 {"2026-01-31 09:30:00 UTC", "2026-01-31T09:30:00.000Z"},
                 {"2026-01-31T09:30:00", "2026-01-31T09:30:00.000Z"},
                 {"2026-01-31", "2026-01-31T00:00:00.000Z"},
                 {"01/31/2026", "2026-01-31T00:00:00.000Z"},
                 {1769851800000, "2026-01-31T09:30:00.000Z"},
                 {1769851800000.0, "2026-01-31T09:30:00.000Z"},
                 {"1769851800000", "2026-01-31T09:30:00.000Z"},
                 {0, "1970-01-01T00:00:00.000Z"},
                 {-1, "1969-12-31T23:59:59.999Z"},
                 {"2026-12-31T23:59:60Z", "2027-01-01T00:00:00.000Z"},
                 {"2026-02-29T09:30:00Z", "2026-02-29T09:30:00Z", problem},
                 {"2026-01-31T25:00:00Z", "2026-01-31T25:00:00Z", problem},
                 {"2026-01-31T09:30:60.000Z", "2026-01-31T09:31:00.000Z"},
                 {"9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59-01:00", problem},
                 {9007199254740993, "9007199254740993", problem},
                 {"next Tuesday", "next Tuesday", problem},
                 {true, "true", problem}});
  field.zone_offset = "+01:00";
  expect(field, {{"2026-01-31T09:30:00", "2026-01-31T08:30:00.000Z"},
                 {"2026-01-31", "2026-01-30T23:00:00.000Z"},
                 {"2026-01-31T09:30:00Z", "2026-01-31T09:30:00.000Z"}});
}

TEST(NormalizeTest, Date) {
  const char* const problem = "is not a date";
  expect(schema_of(FieldType::date), {{"1990-05-17", "1990-05-17"},
                                      {"1990/05/17", "1990-05-17"},
                                      {"1990.05.17", "1990-05-17"},
                                      {"1990_05_17", "1990-05-17"},
                                      {"05/17/1990", "1990-05-17"},
                                      {"05-17-1990", "1990-05-17"},
                                      {"5.7.1990", "1990-05-07"},
                                      {"1990-05-17T00:00:00.000Z", "1990-05-17"},
                                      {"1990-05-17T23:59:00-08:00", "1990-05-17"},
                                      {"1990-05-17 12:00", "1990-05-17"},
                                      {642902400000, "1990-05-17"},
                                      {"2024-02-29", "2024-02-29"},
                                      {"2023-02-29", "2023-02-29", problem},
                                      {"17/05/1990", "17/05/1990", problem},
                                      {"1990-05/17", "1990-05/17", problem},
                                      {"05-17-90", "05-17-90", problem},
                                      {"1990-05-17 at noon", "1990-05-17 at noon", problem}});
}

TEST(NormalizeTest, Decimal) {
  const char* const problem = "is not a number";
  expect(schema_of(FieldType::decimal),
         {{"150.10", "150.1"},
          {150.1, "150.1"},
          {0.1, "0.1"},
          {"0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"},
          {"+7", "7"},
          {"-0", "0"},
          {"-0.00", "0"},
          {"007.50", "7.5"},
          {".5", "0.5"},
          {"5.", "5"},
          {"1e3", "1000"},
          {"1.25E-3", "0.00125"},
          {"12.5e1", "125"},
          {"0e999999999999", "0"},
          {"99999999999999999999999999", "99999999999999999999999999"},
          {1e300, text("1" + std::string(300, '0'))},
          {5e-324, text("0." + std::string(323, '0') + "5")},
          {18446744073709551615ULL, "18446744073709551615"},
          {"1e999999999", "1e999999999", problem},
          {"1,234.50", "1,234.50", problem},
          {"$5", "$5", problem},
          {".", ".", problem},
          {"1e", "1e", problem},
          {"--1", "--1", problem},
          {"0x10", "0x10", problem}});
}

TEST(NormalizeTest, Integer) {
  const char* const problem = "is not a whole number";
  expect(schema_of(FieldType::integer), {{42, 42},
                                         {"42", 42},
                                         {" +42.0 ", 42},
                                         {42.0, 42},
                                         {-0.0, 0},
                                         {"1e3", 1000},
                                         {"-9223372036854775808", INT64_MIN},
                                         {18446744073709551615ULL, 18446744073709551615ULL},
                                         {42.5, "42.5", problem},
                                         {"18446744073709551616", "18446744073709551616", problem},
                                         {"forty", "forty", problem},
                                         {true, "true", problem}});
  EXPECT_TRUE(normalize(schema_of(FieldType::integer), Json(std::uint64_t{5})).is_int64());
}

TEST(NormalizeTest, Boolean) {
  const char* const problem = "is neither true nor false";
  expect(schema_of(FieldType::boolean), {{true, true},
                                         {" TRUE ", true},
                                         {"Yes", true},
                                         {"on", true},
                                         {"1", true},
                                         {1, true},
                                         {1.0, true},
                                         {false, false},
                                         {"No", false},
                                         {"off", false},
                                         {0, false},
                                         {"FALSE", false},
                                         {2, "2", problem},
                                         {"maybe", "maybe", problem}});
}

TEST(NormalizeTest, Enumeration) {
  FieldSchema field = schema_of(FieldType::enumeration);
  field.options = {"New", "In Progress", "NEW", "1"};
  expect(
      field,
      {{"new", "New"}, {"NEW", "NEW"}, {" in progress ", "In Progress"}, {1, "1"}, {"lost", "lost", "is not one of"}});
}

TEST(NormalizeTest, Set) {
  FieldSchema field = schema_of(FieldType::set);
  expect(field, {{parsed(R"(["b","a"," b ",null,"",3])"), parsed(R"(["3","a","b"])")},
                 {"vip", parsed(R"(["vip"])")},
                 {"a, b", parsed(R"(["a, b"])")},
                 {7, parsed(R"(["7"])")},
                 {JsonArray(), JsonArray()},
                 {JsonObject(), JsonArray()},
                 {parsed(R"([["x"],{"a":1}])"), parsed(R"(["[\"x\"]","{\"a\":1}"])")},
                 {parsed(R"(["VIP","vip"])"), parsed(R"(["VIP","vip"])")}});
  field.fold_case = true;
  expect(field, {{parsed(R"(["VIP","vip","Élan"])"), parsed(R"(["vip","élan"])")}});
}

TEST(NormalizeTest, JsonAndReference) {
  expect(schema_of(FieldType::json), {{parsed(R"({"b":{"d":1,"c":2.0},"a":[3,{"z":0,"y":1e2}]})"),
                                       parsed(R"({"a":[3,{"y":100,"z":0}],"b":{"c":2,"d":1}})")},
                                      {" text ", " text "},
                                      {1.5, 1.5}});
  expect(schema_of(FieldType::reference), {{" aB c ", " aB c "}, {17, "17"}});
}

TEST(NormalizeTextTest, BrokenUtf8PassesThrough) {
  const std::string broken = "A\xC3\x28\xE2\x82\xF0\x9F\xED\xA0\x80Z";
  EXPECT_FALSE(is_utf8(broken));
  EXPECT_EQ(lower(broken), "a\xC3\x28\xE2\x82\xF0\x9F\xED\xA0\x80z");
  EXPECT_EQ(trim("\xC2\xA0\xE2\x80"), "\xE2\x80");
  EXPECT_TRUE(validate(schema_of(FieldType::text), Json(boost::json::string_view(broken))));
}

TEST(NormalizeTextTest, CasePairsAreOneToOne) {
  std::size_t pairs = 0;
  for (char32_t code = 0; code < 0x11000; ++code) {
    const char32_t small = lower_code(code);
    EXPECT_EQ(lower_code(small), small) << static_cast<unsigned>(code);
    if (small == code || code == 0x1E9E) continue;
    ++pairs;
    EXPECT_EQ(upper_code(small), code);
  }
  EXPECT_GT(pairs, 500u);
  EXPECT_EQ(upper_code(U'ß'), U'ß');
  EXPECT_EQ(upper_code(U'÷'), U'÷');
}

TEST(NormalizeNumberTest, ShiftsExactly) {
  EXPECT_EQ(shift_decimal("150.1", 2), "15010");
  EXPECT_EQ(shift_decimal("15010", -2), "150.1");
  EXPECT_EQ(shift_decimal("-5", -3), "-0.005");
  EXPECT_EQ(shift_decimal("0", 6), "0");
}

}  // namespace
}  // namespace lockstep::sync
