#include "app/commands/secret_input.hpp"

#include <termios.h>
#include <unistd.h>

#include <iostream>

namespace lockstep::app {
namespace {

// The terminal shows nothing of what is typed while this lives.
class Silence {
 public:
  Silence() {
    if (tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~Silence() {
    if (changed_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

}  // namespace

Result<std::string> read_secret(const std::string& prompt) {
  const bool person = isatty(STDIN_FILENO) != 0;
  std::string line;
  if (person) {
    std::cerr << prompt << ": " << std::flush;
    const Silence silence;
    std::getline(std::cin, line);
    std::cerr << '\n';
  } else {
    std::getline(std::cin, line);
  }
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) return fail(ErrorKind::invalid, prompt + ": one line of the standard input was expected");
  return line;
}

}  // namespace lockstep::app
