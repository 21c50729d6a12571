// A long run: people on all sides, faults at random moments, and an audit at the end.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lockstep::recover {

struct SoakOptions {
  double minutes = 10;
  std::uint64_t seed = 0;  // of the moments, the faults and the edits
  std::size_t contacts = 200;
  double rate = 60;          // edits a second, of all three together; 0: half of what is measured first
  double fault_percent = 0;  // of the CRM's calls, and of its webhooks, go wrong all the time
  std::string plot_file;     // "": none
};

// 0: nothing was lost, doubled, miscounted, and nothing grew; 1: something was, and is printed.
int soak(const SoakOptions& options);

}  // namespace lockstep::recover
