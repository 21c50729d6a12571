// The passwords that stand inside a text which is not a secret as a whole: connection strings and URLs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::app {

// As written, and percent-decoded where that differs: of "scheme://user:password@host", of its query
// "?password=…", and of "host=… password=…" (libpq's keyword form, quoted or not).
std::vector<std::string> passwords_in(std::string_view text);

}  // namespace lockstep::app
