// Phone numbers in E.164. The only place that sees libphonenumber.
#pragma once

#include <string>
#include <string_view>

namespace lockstep::sync {

// "+12025550101", with an extension "+12025550101;ext=5"; the text itself when it is no phone number.
// `region` ("US") is meant where the number has no country code. `text` is trimmed.
//
// A number with "+" needs a possible length only: the library's tables are years older than some numbers. One
// without must be valid in its region, or a foreign number would get the wrong country code. Texts with words in
// them are left alone, though the library would pick a number out of them (L1).
std::string phone_form(std::string_view text, std::string_view region);

// Is this what phone_form returns for a phone number?
bool is_phone_form(std::string_view text);

// phone_form without its shortcuts and its cache, for tests and benchmarks.
std::string phone_form_parsed(std::string_view text, std::string_view region);

}  // namespace lockstep::sync
