// From a failing run to a small one: fewer faults, then fewer people, for as long as the same invariant is violated.
#include <algorithm>
#include <cmath>

#include "simulation/runner.hpp"

namespace lockstep::simulation {

Plan shrink(std::uint64_t seed, const Plan& plan, const std::string& invariant, int tries) {
  Plan best = plan;
  const auto fails = [&](const Plan& candidate) {
    if (tries-- <= 0) return false;
    const RunResult result = run_world(seed, candidate, Trace::Keep::hash);
    return std::ranges::any_of(result.violations, [&](const Violation& one) { return one.invariant == invariant; });
  };
  const auto attempt = [&](std::string_view name, double value) {
    if (best.get(name) == value) return false;
    Plan candidate = best;
    candidate.set(name, value);
    if (!fails(candidate)) return false;
    best = candidate;
    return true;
  };
  for (const PlanSwitch& one : Plan::switches()) {
    if (one.swarm_most > 0) attempt(one.name, 0);
  }
  for (const char* name :
       {"people.deletes", "people.messy", "people.reverts", "people.both_sides", "mapping.late_city"})
    attempt(name, 0);
  bool smaller = true;
  while (smaller && tries > 0) {
    smaller = false;
    for (const char* name : {"people.moments", "people.minutes", "people.contacts", "people.deals", "people.things"}) {
      const double value = best.get(name);
      const double least =
          std::string_view(name) == "people.things" || std::string_view(name) == "people.moments" ? 1 : 0;
      for (const double next : {std::floor(value / 2), value - 1}) {
        if (next < least || next >= value) continue;
        if (attempt(name, next)) {
          smaller = true;
          break;
        }
      }
    }
  }
  return best;
}

}  // namespace lockstep::simulation
