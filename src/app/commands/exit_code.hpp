// How the program ends; scripts depend on these numbers.
#pragma once

#include "base/result.hpp"

namespace lockstep::app {

enum class ExitCode {
  ok = 0,
  failed = 1,           // it was tried and did not work
  bad_input = 2,        // arguments or configuration are wrong
  bad_environment = 3,  // something is missing around us: a variable, a file, the server
};

ExitCode exit_code_of(const Error& error);

}  // namespace lockstep::app
