// Reads a secret that a person types, or that a script pipes in: it never stands among the arguments.
#pragma once

#include <string>

#include "base/result.hpp"

namespace lockstep::app {

// One line of the standard input, without echo when it is a terminal; `prompt` shows there only. `invalid` when there
// is none.
Result<std::string> read_secret(const std::string& prompt);

}  // namespace lockstep::app
