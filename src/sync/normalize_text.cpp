#include "sync/normalize_text.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "sync/normalize_number.hpp"

namespace lockstep::sync {
namespace {

// Capital letters first, first + stride, … last; each one's small letter is `delta` further.
struct CaseRange {
  char32_t first, last, stride;
  int delta;
};

// Source: UnicodeData.txt, simple lower-case mappings. Sorted by `first`.
constexpr CaseRange case_ranges[] = {
    {'A', 'Z', 1, 32},     {0xC0, 0xD6, 1, 32},    {0xD8, 0xDE, 1, 32},    {0x100, 0x12E, 2, 1},
    {0x132, 0x136, 2, 1},  {0x139, 0x147, 2, 1},   {0x14A, 0x176, 2, 1},   {0x178, 0x178, 1, -121},
    {0x179, 0x17D, 2, 1},  {0x1A0, 0x1A4, 2, 1},   {0x1AF, 0x1AF, 1, 1},   {0x1CD, 0x1DB, 2, 1},
    {0x1DE, 0x1EE, 2, 1},  {0x1F8, 0x21E, 2, 1},   {0x222, 0x232, 2, 1},   {0x386, 0x386, 1, 38},
    {0x388, 0x38A, 1, 37}, {0x38C, 0x38C, 1, 64},  {0x38E, 0x38F, 1, 63},  {0x391, 0x3A1, 1, 32},
    {0x3A3, 0x3AB, 1, 32}, {0x400, 0x40F, 1, 80},  {0x410, 0x42F, 1, 32},  {0x460, 0x480, 2, 1},
    {0x48A, 0x4BE, 2, 1},  {0x4C0, 0x4C0, 1, 15},  {0x4C1, 0x4CD, 2, 1},   {0x4D0, 0x52E, 2, 1},
    {0x531, 0x556, 1, 48}, {0x1E00, 0x1E94, 2, 1}, {0x1EA0, 0x1EFE, 2, 1}, {0xFF21, 0xFF3A, 1, 32},
};

bool contains(const CaseRange& range, char32_t code) {
  return code >= range.first && code <= range.last && (code - range.first) % range.stride == 0;
}

char32_t moved(char32_t code, int delta) { return static_cast<char32_t>(static_cast<std::int32_t>(code) + delta); }

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Where the last code point of a non-empty text begins.
std::size_t last_code_at(std::string_view text) {
  std::size_t at = text.size() - 1;
  for (int back = 0; back < 3 && at > 0 && is_continuation(text[at]); ++back) --at;
  return at + decode_code(text, at).bytes == text.size() ? at : text.size() - 1;
}

bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

Json whole_number(double number) {
  constexpr double exact = 9007199254740992.0;  // 2^53: beyond it a double no longer tells neighbours apart
  if (std::abs(number) <= exact && number == std::floor(number)) return static_cast<std::int64_t>(number);
  return number;
}

}  // namespace

CodePoint decode_code(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xF0 && lead <= 0xF4  ? 4
                            : lead >= 0xE0 && lead < 0xF0 ? 3
                            : lead >= 0xC2 && lead < 0xE0 ? 2
                                                          : 0;
  if (bytes == 0 || at + bytes > text.size()) return {broken_code, 1};
  char32_t code = lead & (0x7Fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {broken_code, 1};
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  const char32_t least = bytes == 2 ? 0x80 : bytes == 3 ? 0x800 : 0x10000;
  if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {broken_code, 1};
  return {code, bytes};
}

std::size_t encode_code(char32_t code, char (&out)[4]) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) {
    out[0] = static_cast<char>(code);
    return 1;
  }
  if (code < 0x800) {
    out[0] = static_cast<char>(0xC0 | code >> 6);
    out[1] = tail(0);
    return 2;
  }
  if (code < 0x10000) {
    out[0] = static_cast<char>(0xE0 | code >> 12);
    out[1] = tail(6);
    out[2] = tail(0);
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | code >> 18);
  out[1] = tail(12);
  out[2] = tail(6);
  out[3] = tail(0);
  return 4;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_code(text, at);
    if (point.code == broken_code) return false;
    at += point.bytes;
  }
  return true;
}

bool is_space(char32_t code) {
  if (code < 0x80) return is_ascii_space(static_cast<char>(code));
  return code == 0x85 || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
         code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000 || code == 0xFEFF;
}

std::string_view trim(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = decode_code(text, 0);
    if (!is_space(point.code)) break;
    text.remove_prefix(point.bytes);
  }
  while (!text.empty()) {
    const std::size_t at = last_code_at(text);
    if (!is_space(decode_code(text, at).code)) break;
    text = text.substr(0, at);
  }
  return text;
}

char32_t lower_code(char32_t code) {
  if (code == 0x1E9E) return 0xDF;  // capital sharp s; its small letter has no single capital
  for (const CaseRange& range : case_ranges) {
    if (code < range.first) break;
    if (contains(range, code)) return moved(code, range.delta);
  }
  return code;
}

char32_t upper_code(char32_t code) {
  for (const CaseRange& range : case_ranges) {
    if (contains(range, moved(code, -range.delta))) return moved(code, -range.delta);
  }
  return code;
}

bool is_lower(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (is_ascii(text[at])) {
      if (text[at] >= 'A' && text[at] <= 'Z') return false;
      ++at;
      continue;
    }
    const CodePoint point = decode_code(text, at);
    if (point.code != broken_code && lower_code(point.code) != point.code) return false;
    at += point.bytes;
  }
  return true;
}

std::string lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_code(text, at);
    if (point.code == broken_code) {
      out.push_back(text[at]);
    } else {
      char bytes[4];
      out.append(bytes, encode_code(lower_code(point.code), bytes));
    }
    at += point.bytes;
  }
  return out;
}

std::string number_text(const Json& value) {
  if (const auto* number = value.if_int64()) return std::to_string(*number);
  if (const auto* number = value.if_uint64()) return std::to_string(*number);
  if (const auto* number = value.if_double()) return double_text(*number);
  return {};
}

std::string text_of(const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::null: return {};
    case boost::json::kind::string: return std::string(value.get_string().data(), value.get_string().size());
    case boost::json::kind::bool_: return value.get_bool() ? "true" : "false";
    case boost::json::kind::array: return value.get_array().empty() ? std::string() : to_text(json_form(value));
    case boost::json::kind::object: return value.get_object().empty() ? std::string() : to_text(json_form(value));
    default: return number_text(value);
  }
}

Json json_form(const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::double_: return whole_number(value.get_double());
    case boost::json::kind::uint64: {
      const std::uint64_t number = value.get_uint64();
      if (number <= static_cast<std::uint64_t>(INT64_MAX)) return static_cast<std::int64_t>(number);
      return value;
    }
    case boost::json::kind::array: {
      JsonArray out;
      out.reserve(value.get_array().size());
      for (const Json& item : value.get_array()) out.push_back(json_form(item));
      return out;
    }
    case boost::json::kind::object: {
      const JsonObject& object = value.get_object();
      std::vector<const JsonObject::value_type*> members;
      members.reserve(object.size());
      for (const auto& member : object) members.push_back(&member);
      std::ranges::sort(members, [](const auto* a, const auto* b) { return a->key() < b->key(); });
      JsonObject out;
      out.reserve(members.size());
      for (const auto* member : members) out.emplace(member->key(), json_form(member->value()));
      return out;
    }
    default: return value;
  }
}

}  // namespace lockstep::sync
