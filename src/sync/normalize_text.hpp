// Text as the normalizers see it: UTF-8 code points, spaces, letter case. Bytes that are no UTF-8 pass through as
// they are. Nothing here depends on the process's locale.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace lockstep::sync {

struct CodePoint {
  char32_t code = 0;
  std::size_t bytes = 1;
};

inline constexpr char32_t broken_code = 0xFFFFFFFF;  // one byte that is no UTF-8

// `at` must be below text.size().
CodePoint decode_code(std::string_view text, std::size_t at);
// How many bytes of `out` were written.
std::size_t encode_code(char32_t code, char (&out)[4]);
bool is_utf8(std::string_view text);

// Unicode's White_Space, and the byte order mark that some exports leave behind.
bool is_space(char32_t code);
std::string_view trim(std::string_view text);

// Simple one-to-one case pairs of the Latin, Greek, Cyrillic and Armenian alphabets; everything else, also the
// dotted capital I of Turkish, stays as it is, so that lower case of lower case is the same.
char32_t lower_code(char32_t code);
char32_t upper_code(char32_t code);
bool is_lower(std::string_view text);
std::string lower(std::string_view text);

// A number without exponent and needless zeros ("150.1"); other kinds are not numbers and give "".
std::string number_text(const Json& value);
// What a value of any kind looks like where text is wanted: lists and objects as JSON with sorted members, empty
// ones and null as "".
std::string text_of(const Json& value);
// Members sorted by name, whole numbers as integers, recursively.
Json json_form(const Json& value);

}  // namespace lockstep::sync
