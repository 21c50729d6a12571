// Where a command writes: knows whether a person looks at it.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>

namespace lockstep::app {

enum class Colour { none, red, green, yellow, blue, grey, bold };

enum class Audience {
  person,   // a terminal: colours, progress in place
  program,  // a pipe or a file: plain lines
};

class Terminal {
 public:
  Terminal(std::ostream& stream, Audience audience, std::size_t columns = 100)
      : stream_(stream), audience_(audience), columns_(columns) {}

  Audience audience() const { return audience_; }
  std::size_t columns() const { return columns_; }

  // The text, coloured when a person looks.
  std::string paint(Colour colour, std::string_view text) const;
  void write(std::string_view text);
  void line(std::string_view text = {});
  void flush() { stream_.flush(); }

 private:
  std::ostream& stream_;
  Audience audience_;
  std::size_t columns_;
};

// Columns that a UTF-8 text takes on a terminal, escape sequences left out; wide characters count as one.
std::size_t display_width(std::string_view text);

// Control characters replaced, so that data from outside cannot steer the terminal.
std::string printable(std::string_view text);

}  // namespace lockstep::app
