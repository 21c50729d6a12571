#include "sync/phone.hpp"

#include <phonenumbers/phonenumberutil.h>

#include <array>
#include <cstddef>
#include <functional>
#include <optional>

#include "sync/normalize_text.hpp"

namespace lockstep::sync {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

constexpr std::size_t phone_bytes_limit = 64;  // longer texts are no phone numbers
constexpr std::size_t cache_entries = 2048;    // up to ~400 KB per thread

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What stands between the digits of a written number: ASCII punctuation, Unicode dashes, spaces.
bool is_punctuation(char32_t code) {
  return code == '(' || code == ')' || code == '-' || code == '.' || code == '/' || is_space(code) ||
         (code >= 0x2010 && code <= 0x2015) || code == 0x2212 || code == 0xB7;
}

// " ext. 5", "x5", "#5", ";ext=5" at the end of a number.
bool is_extension(std::string_view text) {
  const std::string tail = lower(trim(text));
  std::string_view rest = tail;
  for (const std::string_view name : {";ext=", "extension", "extn", "ext", "x", "#"}) {
    if (!rest.starts_with(name)) continue;
    rest.remove_prefix(name.size());
    while (!rest.empty() && (rest[0] == '.' || rest[0] == ':' || rest[0] == ' ')) rest.remove_prefix(1);
    if (rest.empty() || rest.size() > 9) return false;
    for (const char c : rest) {
      if (!is_digit(c)) return false;
    }
    return true;
  }
  return false;
}

// Only a number, as people write them: nothing that would be lost by normalizing it (L1).
bool is_plain_number(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_code(text, at);
    const bool plus = point.code == '+' && at < 2;
    if (!plus && !(point.code < 0x80 && is_digit(static_cast<char>(point.code))) && !is_punctuation(point.code)) {
      return is_extension(text.substr(at));
    }
    at += point.bytes;
  }
  return true;
}

std::optional<std::string> format_once(std::string_view text, std::string_view region) {
  PhoneNumberUtil& library = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  if (library.Parse(std::string(text), std::string(region), &number) != PhoneNumberUtil::NO_PARSING_ERROR) {
    return std::nullopt;
  }
  const bool international = text.starts_with('+') || text.starts_with("(+");
  const bool good = international ? library.IsPossibleNumberWithReason(number) == PhoneNumberUtil::IS_POSSIBLE
                                  : library.IsValidNumber(number);
  if (!good) return std::nullopt;
  std::string out;
  library.Format(number, PhoneNumberUtil::E164, &out);
  if (number.has_extension() && !number.extension().empty()) out += ";ext=" + number.extension();
  return out;
}

// "+1" and ten digits of which the first is no 0 or 1: the library returns these as they are (phone_test checks it
// against the library).
bool is_north_american(std::string_view text) {
  if (text.size() != 12 || text[0] != '+' || text[1] != '1' || text[2] < '2') return false;
  for (const char c : text.substr(1)) {
    if (!is_digit(c)) return false;
  }
  return true;
}

// Parsing costs tens of microseconds and the same few numbers come again with every change of a record.
// A direct-mapped memory of a pure function: what it holds changes nothing but the time a call takes.
struct CacheEntry {
  std::string region, text, form;
};
using Cache = std::array<CacheEntry, cache_entries>;

}  // namespace

std::string phone_form_parsed(std::string_view text, std::string_view region) {
  std::string kept(text);
  std::string_view number = text;
  if (number.starts_with("tel:")) number.remove_prefix(4);
  if (number.empty() || number.size() > phone_bytes_limit || !is_plain_number(number)) return kept;
  auto form = format_once(number, region);
  // C4 by construction: a form that the library would read differently the second time is not used.
  if (!form || format_once(*form, region) != form) return kept;
  return *std::move(form);
}

std::string phone_form(std::string_view text, std::string_view region) {
  if (text.empty() || text.size() > phone_bytes_limit || is_north_american(text)) return std::string(text);
  thread_local Cache cache;
  const std::size_t hash = std::hash<std::string_view>{}(text) ^ (std::hash<std::string_view>{}(region) << 1);
  CacheEntry& entry = cache[hash % cache_entries];
  if (entry.text != text || entry.region != region) {
    entry = {std::string(region), std::string(text), phone_form_parsed(text, region)};
  }
  return entry.form;
}

bool is_phone_form(std::string_view text) {
  if (!text.starts_with('+')) return false;
  if (is_north_american(text)) return true;
  const std::string_view digits = text.substr(1, text.find(';') - 1);
  for (const char c : digits) {
    if (!is_digit(c)) return false;
  }
  return !digits.empty() && text.size() <= phone_bytes_limit && format_once(text, "ZZ") == text;
}

}  // namespace lockstep::sync
