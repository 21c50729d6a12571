#include "app/config/units.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace lockstep::app {
namespace {

using Unit = std::pair<std::string_view, std::int64_t>;

constexpr std::array<Unit, 5> time_units{Unit{"d", 86'400'000'000}, Unit{"h", 3'600'000'000}, Unit{"m", 60'000'000},
                                         Unit{"s", 1'000'000}, Unit{"ms", 1'000}};
constexpr std::array<Unit, 4> size_units{Unit{"GiB", 1 << 30}, Unit{"MiB", 1 << 20}, Unit{"KiB", 1 << 10},
                                         Unit{"B", 1}};
constexpr std::size_t digits_limit = 9;

template <std::size_t N>
std::optional<std::int64_t> parse(std::string_view text, const std::array<Unit, N>& units) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const auto digits = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || digits > digits_limit || text.starts_with('-')) return std::nullopt;
  const std::string_view suffix = text.substr(digits);
  for (const auto& [name, factor] : units) {
    if (name == suffix) return count * factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::string write(std::int64_t value, const std::array<Unit, N>& units) {
  for (const auto& [name, factor] : units) {
    if (value % factor == 0 && value != 0) return std::to_string(value / factor) + std::string(name);
  }
  return "0" + std::string(units.back().first);
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const auto value = parse(text, time_units);
  if (!value) return std::nullopt;
  return Duration(*value);
}

std::string to_text(Duration duration) { return write(duration.count(), time_units); }

std::optional<std::int64_t> parse_size(std::string_view text) { return parse(text, size_units); }
std::string size_to_text(std::int64_t bytes) { return write(bytes, size_units); }

}  // namespace lockstep::app
