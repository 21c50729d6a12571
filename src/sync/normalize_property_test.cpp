// Laws of the normalizers over arbitrary JSON: total and idempotent (C4), null stays null (L4).
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "sync/arbitrary_json.hpp"
#include "sync/normalize.hpp"
#include "sync/normalize_number.hpp"
#include "sync/normalize_text.hpp"

namespace lockstep::sync {
namespace {

constexpr int cases_per_type = 2000;

bool same(const Json& a, const Json& b) { return a == b && to_text(a) == to_text(b); }

std::string message(const rc::detail::TestResult& result) {
  std::ostringstream out;
  rc::detail::printResultMessage(result, out);
  return out.str();
}

// Runs `law` on `cases_per_type` values of every kind for each type; false and a message on the first that breaks it.
template <class Law>
void for_every_type(Law law) {
  for (const FieldType type : all_field_types()) {
    for (const bool fold : {false, true}) {
      FieldSchema field = schema_of(type);
      field.fold_case = fold;
      field.region = fold ? "NL" : "US";
      field.zone_offset = fold ? "-05:00" : "+00:00";
      rc::detail::TestParams params;
      params.maxSuccess = cases_per_type / 2;
      params.maxSize = 40;
      params.seed = 20261121;
      rc::detail::TestMetadata about;
      about.id = "type " + std::to_string(static_cast<int>(type));
      const auto result = rc::detail::checkTestable([&] { law(field, *arbitrary_json()); }, about, params);
      EXPECT_TRUE(result.template is<rc::detail::SuccessResult>()) << about.id << ": " << message(result);
    }
  }
}

TEST(NormalizePropertyTest, IsIdempotent) {
  for_every_type([](const FieldSchema& field, const Json& value) {
    const Json once = normalize(field, value);
    const Json twice = normalize(field, once);
    if (!same(once, twice)) RC_FAIL(to_text(value) + " -> " + to_text(once) + " -> " + to_text(twice));
  });
}

TEST(NormalizePropertyTest, OnlyNullBecomesNullAndValidationIsTotal) {
  for_every_type([](const FieldSchema& field, const Json& value) {
    const Json once = normalize(field, value);
    RC_ASSERT(once.is_null() == value.is_null());
    RC_ASSERT(validate(field, once) == validate(field, normalize(field, once)));
  });
}

// L1: what does not fit its type is still there, trimmed.
TEST(NormalizePropertyTest, WhatDoesNotFitIsKept) {
  for_every_type([](const FieldSchema& field, const Json& value) {
    if (!value.is_string() || field.type == FieldType::set) return;
    const Json once = normalize(field, value);
    if (!validate(field, once)) return;
    std::string kept(trim(text_of(value)));
    if (field.type == FieldType::reference || field.type == FieldType::json) kept = text_of(value);
    if (field.type == FieldType::email || (field.type == FieldType::text && field.fold_case)) kept = lower(kept);
    if (once != Json(boost::json::string_view(kept))) RC_FAIL(to_text(value) + " -> " + to_text(once));
  });
}

TEST(NormalizePropertyTest, SetsDoNotDependOnOrder) {
  const FieldSchema field = schema_of(FieldType::set);
  EXPECT_TRUE(rc::check([&] {
    const auto texts = *rc::gen::container<std::vector<std::string>>(likely_text());
    auto turned = texts;
    std::ranges::reverse(turned);
    RC_ASSERT(same(normalize(field, Json(JsonArray(texts.begin(), texts.end()))),
                   normalize(field, Json(JsonArray(turned.begin(), turned.end())))));
  }));
}

TEST(NormalizePropertyTest, DecimalsKeepTheirValue) {
  EXPECT_TRUE(rc::check([] {
    const auto whole = *rc::gen::arbitrary<std::int64_t>();
    const auto places = *rc::gen::inRange(0, 30);
    const std::string spelled = std::to_string(whole) + "e-" + std::to_string(places);
    const auto form = decimal_form(spelled);
    RC_ASSERT(form.has_value());
    RC_ASSERT(is_decimal_form(*form));
    RC_ASSERT(shift_decimal(*form, places) == std::to_string(whole));
  }));
}

}  // namespace
}  // namespace lockstep::sync
