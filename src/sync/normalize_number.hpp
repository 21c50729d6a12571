// Exact decimal numbers as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace lockstep::sync {

inline constexpr std::size_t decimal_digits_limit = 1000;  // a longer number stays the text it was

// "150.1": no exponent, no plus sign, no needless zeros, no negative zero. Nothing when the text is no number.
std::optional<std::string> decimal_form(std::string_view text);
bool is_decimal_form(std::string_view text);

// The value of a normalized decimal times 10^places, as text in normal form.
std::string shift_decimal(std::string_view decimal, int places);

// Shortest text that reads back as the same double, in decimal form; "nan", "inf", "-inf" for what is no number.
std::string double_text(double number);

// A JSON integer when the text is a whole number that fits one.
std::optional<Json> integer_form(std::string_view text);

}  // namespace lockstep::sync
