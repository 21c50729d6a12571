#include "app/commands/exit_code.hpp"

namespace lockstep::app {

ExitCode exit_code_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::invalid: return ExitCode::bad_input;
    case ErrorKind::unavailable: return ExitCode::bad_environment;
    default: return ExitCode::failed;
  }
}

}  // namespace lockstep::app
