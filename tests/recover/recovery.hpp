// One fault, again and again, while people edit on all sides: how long until the server serves, and until all is equal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "tests/recover/fault.hpp"

namespace lockstep::recover {

struct Run {
  double serving_ms = 0;                    // until a new client's contact was accepted, and durable
  double converged_ms = 0;                  // until both sides were equal and nothing was under way
  std::size_t asked = 0, acknowledged = 0;  // API calls while the fault lasted
  std::string wrong;                        // "" when it came back in time and the audit found nothing
};

// In a world that has started. After a run with something wrong the world is of no more use.
Run recover_once(World& world, const Fault& fault);

struct Result {
  const Fault* fault = nullptr;
  std::string impossible;
  std::vector<Run> runs;

  std::size_t failed() const;
  JsonObject json() const;
  std::vector<std::string> row() const;  // of the table
};
std::vector<std::string> table_head();

}  // namespace lockstep::recover
