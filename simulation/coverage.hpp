// What a run has met: faults, edits that met each other, rules of the engine that were used. A row that no run ever hits
// shows a blind generator.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace lockstep::simulation {

class Coverage {
 public:
  // Group and name: "fault", "net.lost_answer".
  void hit(std::string_view group, std::string_view name, std::uint64_t times = 1) {
    counts_[std::string(group) + '\t' + std::string(name)] += times;
  }
  // A row that should be hit: it is in the table with 0 when it is not.
  void expect(std::string_view group, std::string_view name) { hit(group, name, 0); }
  void add(const Coverage& other) {
    for (const auto& [key, count] : other.counts_) counts_[key] += count;
  }
  std::uint64_t count(std::string_view group, std::string_view name) const {
    const auto at = counts_.find(std::string(group) + '\t' + std::string(name));
    return at == counts_.end() ? 0 : at->second;
  }
  std::uint64_t sum(std::string_view group) const;
  std::string table() const;

  // One line per row, for a child process to tell its parent.
  std::string lines() const;
  void read_lines(std::string_view text);

 private:
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace lockstep::simulation
