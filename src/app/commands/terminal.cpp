#include "app/commands/terminal.hpp"

namespace lockstep::app {
namespace {

std::string_view code(Colour colour) {
  switch (colour) {
    case Colour::none: return "";
    case Colour::red: return "\x1b[31m";
    case Colour::green: return "\x1b[32m";
    case Colour::yellow: return "\x1b[33m";
    case Colour::blue: return "\x1b[34m";
    case Colour::grey: return "\x1b[90m";
    case Colour::bold: return "\x1b[1m";
  }
  return "";
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::string Terminal::paint(Colour colour, std::string_view text) const {
  if (audience_ == Audience::program || colour == Colour::none) return std::string(text);
  return std::string(code(colour)) + std::string(text) + "\x1b[0m";
}

void Terminal::write(std::string_view text) { stream_ << text; }

void Terminal::line(std::string_view text) { stream_ << text << '\n'; }

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\x1b') {
      while (at < text.size() && text[at] != 'm') ++at;
    } else if (!continues(text[at])) {
      ++width;
    }
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string clean;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    // U+0080 to U+009F are control characters too: C2 80 to C2 9F.
    const bool c1 = c == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0;
    if (c1) ++at;
    clean += c < 0x20 || c == 0x7F || c1 ? ' ' : text[at];
  }
  return clean;
}

}  // namespace lockstep::app
