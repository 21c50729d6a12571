// A long run: people on all sides, faults at random moments, and an audit at the end.
#pragma once

#include <chrono>
#include <cstdint>

namespace lockstep::recover {

struct SoakOptions {
  double minutes = 10;
  std::uint64_t seed = 0;  // of the moments, the faults and the edits
  std::size_t contacts = 200;
};

// 0: nothing was lost, doubled, miscounted, and nothing grew; 1: something was, and is printed.
int soak(const SoakOptions& options);

}  // namespace lockstep::recover
