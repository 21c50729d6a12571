// How the CRM stores phone numbers: E.164, numbers without a country code read in the location's country.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lockstep::gohighlevel::sandbox {

// Nothing when there is no number in `text` at all. A number the numbering plans do not know is kept, since
// the CRM keeps what a person types: "+" and its digits.
std::optional<std::string> normal_phone(std::string_view text, const std::string& country);

}  // namespace lockstep::gohighlevel::sandbox
