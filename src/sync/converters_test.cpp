#include "sync/converters.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "sync/arbitrary_json.hpp"
#include "sync/mapping.hpp"
#include "sync/normalize.hpp"

namespace lockstep::sync {
namespace {

Json parsed(std::string_view text) { return parse_json(text).value(); }

struct Case {
  const char* converter;
  FieldType type;
  Json options, canonical, held;
};

std::vector<Case> cases() {
  using enum FieldType;
  const Json status = parsed(R"({"gepland":"scheduled","bevestigd":"confirmed"})");
  const Json level = parsed(R"([[1,"low"],[2,"high"],[null,"none"]])");
  return {
      {"csv", set, nullptr, parsed(R"(["a","b c"])"), "a, b c"},
      {"csv", set, nullptr, JsonArray(), ""},
      {"csv", set, nullptr, nullptr, nullptr},
      {"csv", set, nullptr, parsed(R"(["\"quoted\"","a, b","it's \"x\""])"),
       "\"\"\"quoted\"\"\", \"a, b\", it's \"x\""},
      {"csv", set, parsed(R"({"separator":";"})"), parsed(R"(["a, b","c"])"), "a, b; c"},
      {"epoch_ms", datetime, nullptr, "2026-01-31T09:30:00.123Z", 1769851800123},
      {"epoch_ms", datetime, nullptr, "", ""},
      {"epoch_ms", date, nullptr, "2026-01-31", 1769817600000},
      {"epoch_s", datetime, nullptr, "2026-01-31T09:30:00.000Z", 1769851800},
      {"epoch_s", datetime, nullptr, "2026-01-31T09:30:00.123Z", 1769851800.123},
      {"epoch_s", datetime, nullptr, "1969-12-31T23:59:59.000Z", -1},
      {"midnight", date, nullptr, "1990-05-17", "1990-05-17T00:00:00.000Z"},
      {"cents", decimal, nullptr, "150.1", 15010},
      {"cents", decimal, nullptr, "-0.05", -5},
      {"cents", decimal, nullptr, "0", 0},
      {"cents", decimal, parsed(R"({"digits":0})"), "150", 150},
      {"cents", decimal, parsed(R"({"digits":3})"), "0.125", 125},
      {"number", decimal, nullptr, "150.1", 150.1},
      {"number", decimal, nullptr, "150", 150},
      {"text", integer, nullptr, 42, "42"},
      {"text", boolean, nullptr, true, "true"},
      {"map", text, status, "scheduled", "gepland"},
      {"map", text, status, "something else", "something else"},
      {"map", text, status, "", ""},
      {"map", text, level, "high", 2},
      {"map", text, level, "none", nullptr},
      {"json_text", json, nullptr, parsed(R"({"a":[1,null]})"), R"({"a":[1,null]})"},
      {"json_text", json, nullptr, "plain", "\"plain\""},
      {"json_text", json, nullptr, nullptr, nullptr},
      {"json_text", set, nullptr, parsed(R"(["a","b"])"), R"(["a","b"])"},
      {"not", boolean, nullptr, true, false},
      {"not", boolean, nullptr, nullptr, nullptr},
      {"prefix", phone, parsed(R"({"prefix":"tel:"})"), "+12025550101", "tel:+12025550101"},
      {"prefix", text, parsed(R"({"prefix":"x"})"), "xx", "xxx"},
      {"prefix", text, parsed(R"({"prefix":"x"})"), "", ""},
  };
}

TEST(ConvertersTest, BothWays) {
  for (const Case& c : cases()) {
    const Converter* converter = find_converter(c.converter);
    ASSERT_NE(converter, nullptr) << c.converter;
    const FieldSchema field = schema_of(c.type);
    EXPECT_FALSE(converter->check(field, c.options)) << c.converter;
    EXPECT_EQ(normalize(field, c.canonical), c.canonical) << "the case itself";
    const auto held = convert_out(*converter, c.canonical, c.options);
    ASSERT_TRUE(held) << c.converter << ": " << to_text(c.canonical) << ": " << held.error().message;
    EXPECT_EQ(to_text(*held), to_text(c.held)) << c.converter;
    EXPECT_EQ(to_text(normalize(field, convert_in(*converter, c.held, c.options))), to_text(c.canonical))
        << c.converter;
  }
}

TEST(ConvertersTest, EveryConverterHasCases) {
  for (const ConverterInfo& info : converters()) {
    EXPECT_FALSE(info.summary.empty());
    EXPECT_TRUE(std::ranges::any_of(cases(), [&](const Case& c) { return info.name == c.converter; })) << info.name;
  }
}

TEST(ConvertersTest, TheManualNamesEveryConverter) {
  std::ifstream file(LOCKSTEP_SOURCE_DIR "/docs/mapping.md");
  std::stringstream manual;
  manual << file.rdbuf();
  for (const ConverterInfo& info : converters()) {
    EXPECT_NE(manual.str().find("\n| `" + info.name + "` |"), std::string::npos) << info.name;
  }
}

TEST(ConvertersTest, WhatCanNotBeSaidIsRefused) {
  const auto refused = [](const char* name, const Json& value, const Json& options = nullptr) {
    const auto held = convert_out(*find_converter(name), value, options);
    return !held && held.error().kind == ErrorKind::invalid;
  };
  EXPECT_TRUE(refused("cents", "150.123"));
  EXPECT_TRUE(refused("cents", "99999999999999999999"));
  EXPECT_TRUE(refused("cents", "much"));
  EXPECT_TRUE(refused("number", "0.1000000000000000055511151231257827"));
  EXPECT_TRUE(refused("number", "12a"));
  EXPECT_TRUE(refused("epoch_ms", "tomorrow"));
  EXPECT_TRUE(refused("epoch_s", 5));
  EXPECT_TRUE(refused("midnight", "tomorrow"));
  EXPECT_TRUE(refused("not", "maybe"));
  EXPECT_TRUE(refused("csv", "text"));
  EXPECT_TRUE(refused("prefix", 5, parsed(R"({"prefix":"x"})")));
  EXPECT_TRUE(refused("map", "gepland", parsed(R"({"gepland":"scheduled"})")));  // would come back as scheduled
}

TEST(ConvertersTest, ReadsWhatPeopleWrite) {
  const FieldSchema tags = schema_of(FieldType::set);
  const auto read = [&](const char* text) { return to_text(normalize(tags, csv_in(text, nullptr))); };
  EXPECT_EQ(read(" b,a ,, c"), R"(["a","b","c"])");
  EXPECT_EQ(read("\"unclosed, x"), R"(["\"unclosed","x"])");
  EXPECT_EQ(read("\"a\" b, c"), R"(["\"a\" b","c"])");
  EXPECT_EQ(read(",,"), "[]");
  EXPECT_EQ(to_text(csv_in(parsed(R"(["x"])"), nullptr)), R"(["x"])");
  const auto in = [](const char* name, const Json& held) {
    return to_text(convert_in(*find_converter(name), held, nullptr));
  };
  EXPECT_EQ(in("cents", "15010"), "\"150.1\"");
  EXPECT_EQ(in("cents", "soon"), "\"soon\"");
  EXPECT_EQ(in("epoch_s", "1769851800"), "\"2026-01-31T09:30:00.000Z\"");
  EXPECT_EQ(in("epoch_ms", 1e300), "1E300");
  EXPECT_EQ(in("not", "no"), "true");
  EXPECT_EQ(in("json_text", "{broken"), "\"{broken\"");
}

// The options a property case uses; several per converter.
std::vector<Json> options_of(std::string_view name) {
  if (name == "csv") return {nullptr, parsed(R"({"separator":";"})"), parsed(R"({"separator":"|"})")};
  if (name == "cents") return {nullptr, parsed(R"({"digits":0})"), parsed(R"({"digits":6})")};
  if (name == "prefix")
    return {parsed(R"({"prefix":"tel:"})"), parsed(R"({"prefix":"2"})"), parsed(R"({"prefix":" "})")};
  if (name == "map") return {parsed(R"({"a":"B","x":"y","0":"1"})"), parsed(R"([[0,"0"],[true,"true"],["","a"]])")};
  return {nullptr};
}

// For each converter: get(put(v)) == v for every normalized v that put() accepts. Values are made so that most fit.
TEST(ConvertersPropertyTest, WhatIsPutIsGot) {
  std::size_t accepted = 0;
  for (const Converter& converter : converter_table()) {
    std::size_t accepted_here = 0;
    for (const FieldType type : all_field_types()) {
      if ((converter.types >> static_cast<unsigned>(type) & 1) == 0) continue;
      for (const Json& options : options_of(converter.name)) {
        const FieldSchema field = schema_of(type);
        rc::detail::TestParams params;
        params.maxSuccess = 600;
        params.maxSize = 24;
        params.seed = 7;
        rc::detail::TestMetadata about;
        about.id = std::string(converter.name);
        const auto result = rc::detail::checkTestable(
            [&] {
              const auto whole = rc::gen::map(rc::gen::inRange<std::int64_t>(-400'000'000'000, 1'900'000'000'000),
                                              [](std::int64_t n) { return Json(n); });
              const auto list =
                  rc::gen::map(rc::gen::container<std::vector<std::string>>(likely_text()),
                               [](const auto& texts) { return Json(JsonArray(texts.begin(), texts.end())); });
              const auto truth = rc::gen::map(rc::gen::arbitrary<bool>(), [](bool b) { return Json(b); });
              const Json value =
                  normalize(field, *rc::gen::oneOf(whole, list, truth, arbitrary_json(1), arbitrary_json(2)));
              const auto held = convert_out(converter, value, options);
              if (!held) return;
              const Json back = normalize(field, convert_in(converter, *held, options));
              ++accepted_here;
              if (to_text(back) == to_text(value)) return;
              // Boost 1.81 does not read every double back as it wrote it; write_document refuses those.
              if (converter.name == "json_text" && parse_json(to_text(value)).value_or(nullptr) != value) return;
              RC_FAIL(to_text(value) + " -> " + to_text(*held) + " -> " + to_text(back));
            },
            about, params);
        std::ostringstream message;
        rc::detail::printResultMessage(result, message);
        EXPECT_TRUE(result.is<rc::detail::SuccessResult>())
            << about.id << " type " << static_cast<int>(type) << ": " << message.str();
      }
    }
    EXPECT_GT(accepted_here, 100u) << converter.name;
    accepted += accepted_here;
  }
  EXPECT_GE(accepted, 20'000u);
}

}  // namespace
}  // namespace lockstep::sync
