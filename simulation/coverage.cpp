#include "simulation/coverage.hpp"

#include <cstdlib>

namespace lockstep::simulation {

std::uint64_t Coverage::sum(std::string_view group) const {
  std::uint64_t out = 0;
  for (const auto& [key, count] : counts_) {
    if (key.starts_with(std::string(group) + '\t')) out += count;
  }
  return out;
}

std::string Coverage::table() const {
  std::string out;
  std::string group;
  for (const auto& [key, count] : counts_) {
    const std::size_t tab = key.find('\t');
    if (key.substr(0, tab) != group) {
      group = key.substr(0, tab);
      out += group + '\n';
    }
    std::string number = std::to_string(count);
    if (number.size() < 10) number.insert(0, 10 - number.size(), ' ');
    out += "  " + number + "  " + key.substr(tab + 1) + (count == 0 ? "   <- never" : "") + '\n';
  }
  return out;
}

std::string Coverage::lines() const {
  std::string out;
  for (const auto& [key, count] : counts_) out += std::to_string(count) + '\t' + key + '\n';
  return out;
}

void Coverage::read_lines(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string line(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos) continue;
    counts_[line.substr(tab + 1)] += std::strtoull(line.c_str(), nullptr, 10);
  }
}

}  // namespace lockstep::simulation
