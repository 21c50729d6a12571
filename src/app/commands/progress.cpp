#include "app/commands/progress.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lockstep::app {
namespace {

constexpr std::size_t bar_width = 24;

}  // namespace

std::string with_commas(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string clock_time(std::int64_t seconds) {
  const std::int64_t hours = seconds / 3600, minutes = seconds / 60 % 60;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, seconds % 60);
  return fmt::format("{}:{:02}", minutes, seconds % 60);
}

std::string progress_line(const JobState& state) {
  std::string line;
  if (state.total && *state.total > 0) {
    const double share = std::min(1.0, static_cast<double>(state.done) / static_cast<double>(*state.total));
    const auto filled = static_cast<std::size_t>(share * bar_width);
    line = fmt::format("[{}{}]  {} / {}  {} %", std::string(filled, '#'), std::string(bar_width - filled, '-'),
                       with_commas(state.done), with_commas(*state.total), static_cast<int>(share * 100));
  } else {
    line = with_commas(state.done);
  }
  line += fmt::format("  {:.0f}/s", state.rate_per_second);
  if (state.eta_seconds) line += "  ETA " + clock_time(*state.eta_seconds);
  if (!state.what.empty()) line += "  " + printable(state.what);
  return line;
}

void Progress::show(const JobState& state) {
  const std::string line = progress_line(state);
  if (out_.audience() == Audience::person) {
    const std::size_t width = display_width(line);
    out_.write("\r" + line + std::string(width_ > width ? width_ - width : 0, ' '));
    out_.flush();
    width_ = width;
    return;
  }
  if (state.done == 0 && !state.total) return;  // nothing to say yet
  const std::uint64_t step = state.total && *state.total > 0 ? state.done * 10 / *state.total : 0;
  if (step_ == step) return;
  step_ = step;
  out_.line(line);
}

void Progress::end() {
  if (out_.audience() == Audience::person && width_ > 0) out_.line();
  width_ = 0;
}

}  // namespace lockstep::app
