#include "app/config/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace lockstep::app {
namespace {

constexpr std::size_t compared_bytes_limit = 64;
constexpr std::size_t listed_words_limit = 24;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

std::string suggest(std::string_view written, std::span<const std::string> known) {
  if (known.empty()) return {};
  if (written.size() <= compared_bytes_limit) {
    const std::string folded = lower(written);
    const std::string* best = nullptr;
    std::size_t best_distance = 0;
    for (const auto& word : known) {
      if (word.size() > compared_bytes_limit) continue;
      const std::size_t distance = edit_distance(folded, lower(word));
      if (best == nullptr || distance < best_distance) {
        best = &word;
        best_distance = distance;
      }
    }
    if (best != nullptr && best_distance <= std::max<std::size_t>(1, written.size() / 3)) {
      return fmt::format("did you mean \"{}\"?", *best);
    }
  }
  if (known.size() > listed_words_limit) return {};
  return fmt::format("known here: {}", fmt::join(known, ", "));
}

}  // namespace lockstep::app
