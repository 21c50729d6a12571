// How far a job is: one line that is rewritten for a person, a line now and then for a program.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/commands/terminal.hpp"

namespace lockstep::app {

struct JobState {
  std::uint64_t done = 0;
  std::optional<std::uint64_t> total;
  double rate_per_second = 0;
  std::optional<std::int64_t> eta_seconds;
  std::string what;  // "crm contact"
};

// "[########----------]  4,200 / 10,000  42 %  310/s  ETA 0:19"
std::string progress_line(const JobState& state);
// "12,345"
std::string with_commas(std::uint64_t number);
// "0:19", "1:02:03"
std::string clock_time(std::int64_t seconds);

class Progress {
 public:
  explicit Progress(Terminal& out) : out_(out) {}

  void show(const JobState& state);
  // Leaves the last line standing.
  void end();

 private:
  Terminal& out_;
  std::size_t width_ = 0;              // of the line shown last
  std::optional<std::uint64_t> step_;  // for a program: tenths of the total said last
};

}  // namespace lockstep::app
