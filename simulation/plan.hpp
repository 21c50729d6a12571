// What one run is made of: how many people do what for how long, and which faults happen how often. A small text file,
// one `name value` per line; names that are not given keep their standard values (docs/simulator.md lists them).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"

namespace lockstep::simulation {

struct PlanSwitch {
  std::string_view name;
  double standard = 0;
  double swarm_most = 0;  // the highest value that a swarm draws; 0: a swarm leaves it alone
  std::string_view meaning;
};

class Plan {
 public:
  Plan();
  static const std::vector<PlanSwitch>& switches();
  // `invalid` with the line's number.
  static Result<Plan> parse(std::string_view text);
  // Swarm testing: each fault is off, rare or frequent, drawn anew for each seed, so that all combinations occur.
  static Plan swarm(std::uint64_t seed);

  double get(std::string_view name) const;
  void set(std::string_view name, double value);
  std::string text() const;  // what differs from the standard

 private:
  std::map<std::string, double, std::less<>> values_;
};

}  // namespace lockstep::simulation
