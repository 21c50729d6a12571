#include "connectors/gohighlevel/sandbox/phone.hpp"

#include <phonenumbers/phonenumberutil.h>
#include <algorithm>

namespace lockstep::gohighlevel::sandbox {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "+" and 8 to 15 digits is E.164 already: spares the parser on the common case of a value read from the CRM.
bool is_plain_e164(std::string_view text) {
  return text.size() >= 9 && text.size() <= 16 && text[0] == '+' && text[1] != '0' &&
         std::ranges::all_of(text.substr(1), is_digit);
}

}  // namespace

std::optional<std::string> normal_phone(std::string_view text, const std::string& country) {
  if (is_plain_e164(text)) return std::string(text);
  using i18n::phonenumbers::PhoneNumberUtil;
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  i18n::phonenumbers::PhoneNumber number;
  if (util.Parse(std::string(text), country, &number) == PhoneNumberUtil::NO_PARSING_ERROR) {
    std::string out;
    util.Format(number, PhoneNumberUtil::E164, &out);
    return out;
  }
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits), is_digit);
  if (digits.empty() || digits.size() > 15) return std::nullopt;
  return "+" + digits;
}

}  // namespace lockstep::gohighlevel::sandbox
