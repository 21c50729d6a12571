#include "sync/normalize_number.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace lockstep::sync {
namespace {

constexpr int exponent_limit = 100'000;  // reading stops here; far beyond what decimal_digits_limit lets through

struct Parts {
  std::string_view sign, whole, fraction;
  int exponent = 0;
};

std::string_view take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

bool take_exponent(std::string_view& text, int& exponent) {
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  const std::string_view digits = take_digits(text);
  if (digits.empty() || !text.empty()) return false;
  for (const char c : digits) {
    exponent = exponent * 10 + (c - '0');
    if (exponent > exponent_limit) exponent = exponent_limit;
  }
  if (negative) exponent = -exponent;
  return true;
}

std::optional<Parts> split(std::string_view text) {
  Parts parts;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    if (text[0] == '-') parts.sign = text.substr(0, 1);
    text.remove_prefix(1);
  }
  parts.whole = take_digits(text);
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    parts.fraction = take_digits(text);
  }
  if (parts.whole.empty() && parts.fraction.empty()) return std::nullopt;
  if (!take_exponent(text, parts.exponent)) return std::nullopt;
  return parts;
}

std::optional<std::string> join(const Parts& parts) {
  std::string digits(parts.whole);
  digits += parts.fraction;
  const std::size_t lead = digits.find_first_not_of('0');
  if (lead == std::string::npos) return "0";
  // The point stands before digits[point]; it may lie outside the digits on either side.
  std::int64_t point = static_cast<std::int64_t>(parts.whole.size()) + parts.exponent - static_cast<std::int64_t>(lead);
  digits.erase(0, lead);
  digits.erase(digits.find_last_not_of('0') + 1);
  const auto count = static_cast<std::int64_t>(digits.size());
  if (count + std::abs(point) > static_cast<std::int64_t>(decimal_digits_limit)) return std::nullopt;
  if (point <= 0) {
    digits.insert(0, static_cast<std::size_t>(-point), '0');
    digits.insert(0, "0.");
  } else if (point >= count) {
    digits.append(static_cast<std::size_t>(point - count), '0');
  } else {
    digits.insert(static_cast<std::size_t>(point), 1, '.');
  }
  digits.insert(0, parts.sign);
  return digits;
}

}  // namespace

std::optional<std::string> decimal_form(std::string_view text) {
  const auto parts = split(text);
  if (!parts) return std::nullopt;
  return join(*parts);
}

bool is_decimal_form(std::string_view text) {
  if (text == "0") return true;
  const auto parts = split(text);
  if (!parts || parts->whole.empty() || text[0] == '+' || text.size() > decimal_digits_limit) return false;
  const std::size_t plain =
      parts->sign.size() + parts->whole.size() + (parts->fraction.empty() ? 0 : 1) + parts->fraction.size();
  if (plain != text.size()) return false;  // an exponent, or a point with nothing behind it
  if (parts->whole.size() > 1 && parts->whole[0] == '0') return false;
  if (parts->fraction.empty()) return parts->whole != "0";  // "-0"
  return parts->fraction.back() != '0';
}

std::string shift_decimal(std::string_view decimal, int places) {
  auto parts = split(decimal);
  if (!parts) return std::string(decimal);
  parts->exponent += places;
  auto shifted = join(*parts);
  return shifted ? *std::move(shifted) : std::string(decimal);
}

std::string double_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  char shortest[40];
  const auto end = std::to_chars(shortest, shortest + sizeof shortest, number, std::chars_format::scientific);
  const std::string_view text(shortest, static_cast<std::size_t>(end.ptr - shortest));
  auto plain = decimal_form(text);
  return plain ? *std::move(plain) : std::string(text);
}

std::optional<Json> integer_form(std::string_view text) {
  const auto decimal = decimal_form(text);
  if (!decimal || decimal->find('.') != std::string::npos) return std::nullopt;
  const char* end = decimal->data() + decimal->size();
  std::int64_t number = 0;
  if (std::from_chars(decimal->data(), end, number).ec == std::errc()) return Json(number);
  std::uint64_t large = 0;
  const auto [at, error] = std::from_chars(decimal->data(), end, large);
  if (error == std::errc() && at == end) return Json(large);
  return std::nullopt;
}

}  // namespace lockstep::sync
