#include "store/record_search.hpp"

#include <algorithm>

namespace lockstep::store {

namespace {

// Letters of two UTF-8 bytes whose lower case has two bytes as well.
unsigned fold_code_point(unsigned c) {
  if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 0x20;                // Latin-1
  if (c >= 0x100 && c <= 0x137 && c != 0x130 && c != 0x131) return c | 1;  // Latin Extended-A, pairs
  if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return c + (c & 1);
  if (c >= 0x14A && c <= 0x177) return c | 1;
  if (c == 0x178) return 0xFF;
  if (c >= 0x391 && c <= 0x3A9 && c != 0x3A2) return c + 0x20;  // Greek
  if (c >= 0x410 && c <= 0x42F) return c + 0x20;                // Cyrillic
  if (c >= 0x400 && c <= 0x40F) return c + 0x50;
  return c;
}

bool contains(std::string_view text, std::string_view folded_query) {
  return fold_case(text).find(folded_query) != std::string::npos;
}

bool value_matches(const Json& value, std::string_view folded_query) {
  if (value.is_null()) return false;
  if (value.is_string()) return contains(value.get_string(), folded_query);
  if (const auto* array = value.if_array()) {
    return std::any_of(array->begin(), array->end(),
                       [&](const Json& item) { return value_matches(item, folded_query); });
  }
  if (const auto* object = value.if_object()) {
    return std::any_of(object->begin(), object->end(),
                       [&](const auto& member) { return value_matches(member.value(), folded_query); });
  }
  return contains(to_text(value), folded_query);
}

}  // namespace

std::string fold_case(std::string_view text) {
  std::string folded(text);
  for (std::size_t i = 0; i < folded.size(); ++i) {
    const auto c = static_cast<unsigned char>(folded[i]);
    if (c >= 'A' && c <= 'Z') folded[i] = static_cast<char>(c + 0x20);
    if (c < 0xC2 || c > 0xDF || i + 1 == folded.size()) continue;
    const auto next = static_cast<unsigned char>(folded[i + 1]);
    if ((next & 0xC0) != 0x80) continue;
    const unsigned lower = fold_code_point(((c & 0x1Fu) << 6) | (next & 0x3Fu));
    folded[i] = static_cast<char>(0xC0 | (lower >> 6));
    folded[++i] = static_cast<char>(0x80 | (lower & 0x3F));
  }
  return folded;
}

bool matches(const sync::Record& record, std::string_view folded_query) {
  return folded_query.empty() || std::any_of(record.fields.begin(), record.fields.end(), [&](const auto& field) {
           return value_matches(field.second.value, folded_query);
         });
}

namespace {

// Text is stored as it is, except for what JSON escapes.
bool is_escaped(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; });
}

}  // namespace

bool may_match(std::string_view encoded_record, std::string_view folded_query) {
  return is_escaped(folded_query) || contains(encoded_record, folded_query);
}

bool belongs(const sync::Record& record, const OwnedBy& owners) {
  const auto field = owners.fields.find(record.entity);
  return field != owners.fields.end() && owners.businesses.contains(sync::business_of(field->second, record));
}

bool may_belong(std::string_view encoded_record, const OwnedBy& owners) {
  return std::any_of(owners.businesses.begin(), owners.businesses.end(), [&](const std::string& one) {
    return is_escaped(one) || encoded_record.find(one) != std::string_view::npos;
  });
}

}  // namespace lockstep::store
