// For property tests: JSON of any kind, with texts that look like what the normalizers look for.
#pragma once

#include <rapidcheck.h>

#include <string>
#include <vector>

#include "sync/schema.hpp"

namespace lockstep::sync {

inline const std::vector<FieldType>& all_field_types() {
  using enum FieldType;
  static const std::vector<FieldType> types = {text,    email,   phone,       datetime, date, decimal,
                                               integer, boolean, enumeration, set,      json, reference};
  return types;
}

inline FieldSchema schema_of(FieldType type) {
  FieldSchema field;
  field.name = "field";
  field.type = type;
  if (type == FieldType::enumeration) field.options = {"New", "in progress", "Öl", "1"};
  return field;
}

// Texts from pieces that numbers, dates, phone numbers, addresses and spaces are made of.
inline rc::Gen<std::string> likely_text() {
  static const std::vector<std::string> pieces = {"0",
                                                  "1",
                                                  "2",
                                                  "5",
                                                  "12",
                                                  "20",
                                                  "31",
                                                  "99",
                                                  "2026",
                                                  "1990",
                                                  "555",
                                                  "0101",
                                                  "+",
                                                  "-",
                                                  ".",
                                                  "/",
                                                  ":",
                                                  "T",
                                                  "Z",
                                                  "+01:",
                                                  "e",
                                                  "E",
                                                  "(",
                                                  ")",
                                                  " ",
                                                  "\t",
                                                  "\u00A0",
                                                  "\u3000",
                                                  "x",
                                                  ";ext=",
                                                  " ext. ",
                                                  "tel:",
                                                  "@",
                                                  "a",
                                                  "B",
                                                  "É",
                                                  "ß",
                                                  "İ",
                                                  "Ж",
                                                  "true",
                                                  "YES",
                                                  "off",
                                                  "New",
                                                  "in PROGRESS",
                                                  ",",
                                                  "\"",
                                                  "[",
                                                  "]",
                                                  "{",
                                                  "}",
                                                  "\\",
                                                  "null",
                                                  "_",
                                                  "#",
                                                  "\xC3",
                                                  "\xE2\x80",
                                                  "\u2013",
                                                  "12025550101",
                                                  "+31612345678",
                                                  "2026-01-31",
                                                  "09:30:00",
                                                  ".123",
                                                  "1700000000000"};
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces)), [](const auto& chosen) {
    std::string out;
    for (const std::string& piece : chosen) out += piece;
    return out;
  });
}

inline rc::Gen<std::string> phone_text() {
  return rc::gen::map(
      rc::gen::tuple(
          rc::gen::elementOf(
              std::vector<std::string>{"", "+", "+1", "+44", "+49", "+39", "+54", "+52", "+31", "+55", "00", "0", "1"}),
          rc::gen::resize(14, rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123456789 -")))),
          rc::gen::elementOf(std::vector<std::string>{"", "", "", "x12", " ext 3", ";ext=4"})),
      [](const auto& parts) { return std::get<0>(parts) + std::get<1>(parts) + std::get<2>(parts); });
}

inline rc::Gen<Json> arbitrary_scalar() {
  const auto as_json = [](const auto& value) { return Json(value); };
  const auto text_json = [](const std::string& text) { return Json(boost::json::string_view(text)); };
  return rc::gen::oneOf(rc::gen::just(Json(nullptr)), rc::gen::map(rc::gen::arbitrary<bool>(), as_json),
                        rc::gen::map(rc::gen::arbitrary<std::int64_t>(), as_json),
                        rc::gen::map(rc::gen::arbitrary<std::uint64_t>(), as_json),
                        rc::gen::map(rc::gen::inRange<std::int64_t>(-100'000, 300'000'000'000'000), as_json),
                        rc::gen::map(rc::gen::arbitrary<double>(), as_json),
                        rc::gen::map(rc::gen::inRange<std::int64_t>(-1000000, 1000000),
                                     [](std::int64_t cents) { return Json(static_cast<double>(cents) / 100); }),
                        rc::gen::map(rc::gen::string<std::string>(), text_json), rc::gen::map(likely_text(), text_json),
                        rc::gen::map(likely_text(), text_json), rc::gen::map(phone_text(), text_json));
}

inline rc::Gen<Json> arbitrary_json(int depth = 3) {
  if (depth == 0) return arbitrary_scalar();
  const auto list = rc::gen::map(
      rc::gen::resize(
          4, rc::gen::container<std::vector<Json>>(rc::gen::lazy([depth] { return arbitrary_json(depth - 1); }))),
      [](const std::vector<Json>& items) { return Json(JsonArray(items.begin(), items.end())); });
  const auto member = rc::gen::pair(likely_text(), rc::gen::lazy([depth] { return arbitrary_json(depth - 1); }));
  const auto object =
      rc::gen::map(rc::gen::resize(4, rc::gen::container<std::vector<std::pair<std::string, Json>>>(member)),
                   [](const auto& members) {
                     JsonObject out;
                     for (const auto& [name, value] : members) out[name] = value;
                     return Json(std::move(out));
                   });
  return rc::gen::weightedOneOf<Json>({{6, arbitrary_scalar()}, {1, list}, {1, object}});
}

}  // namespace lockstep::sync
