#include "app/commands/table.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace lockstep::app {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t last_column_minimum = 20;

// The first `width` characters, with "…" when some are cut.
std::string cut(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) return text;
  std::string result;
  std::size_t shown = 0;
  for (const char c : text) {
    const bool begins = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (begins && shown + 1 == width) break;
    if (begins) ++shown;
    result += c;
  }
  return result + "…";
}

}  // namespace

void Table::add(std::vector<Cell> row) {
  LOCKSTEP_ASSERT(row.size() == columns_.size(), "a row has a cell for each column");
  for (auto& cell : row) cell.text = printable(cell.text);
  rows_.push_back(std::move(row));
}

void Table::print(Terminal& out) const {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t width = display_width(columns_[c].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[c].text));
    widths.push_back(width);
  }
  if (out.audience() == Audience::person) {
    std::size_t before = 0;
    for (std::size_t c = 0; c + 1 < widths.size(); ++c) before += widths[c] + gap;
    const std::size_t left =
        out.columns() > before + last_column_minimum ? out.columns() - before : last_column_minimum;
    widths.back() = std::min(widths.back(), left);
  }
  const auto print_row = [&](const auto& text_of, const auto& colour_of) {
    std::string line;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const std::string text = cut(text_of(c), widths[c]);
      const std::string padding(widths[c] - display_width(text), ' ');
      const bool right = columns_[c].align == Align::right;
      const bool last = c + 1 == columns_.size();
      if (right) line += padding;
      line += out.paint(colour_of(c), text);
      if (!right && !last) line += padding;
      if (!last) line += std::string(gap, ' ');
    }
    out.line(line);
  };
  print_row([&](std::size_t c) { return columns_[c].title; }, [](std::size_t) { return Colour::grey; });
  for (const auto& row : rows_) {
    print_row([&](std::size_t c) { return row[c].text; }, [&](std::size_t c) { return row[c].colour; });
  }
}

}  // namespace lockstep::app
