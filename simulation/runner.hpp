// Runs many seeds, on several processes, and says what came of them.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "simulation/coverage.hpp"
#include "simulation/plan.hpp"
#include "simulation/world.hpp"

namespace lockstep::simulation {

struct RunnerOptions {
  std::uint64_t first = 1;
  std::uint64_t seeds = 100;
  std::optional<Plan> plan;  // nullopt: each seed draws its own
  unsigned jobs = 1;
  std::optional<std::chrono::seconds> time_limit;
  std::uint64_t twice_every = 8;  // every so many seeds are run twice and must leave the same trace
  std::size_t failures_limit = 10;
};

struct SeedFailure {
  std::uint64_t seed = 0;
  std::string invariant;
  std::string text;  // violations and histories
};

struct RunnerReport {
  std::uint64_t seeds = 0;
  std::uint64_t twice = 0;
  std::uint64_t checked = 0;
  std::uint64_t edits = 0;
  std::uint64_t writes = 0;
  std::uint64_t steps = 0;
  Duration simulated{0};
  Coverage coverage;
  std::vector<SeedFailure> failures;
};

// `progress` is called now and then with what is known so far, and with each failure as it is found.
RunnerReport run_seeds(const RunnerOptions& options, const std::function<void(const RunnerReport&)>& progress,
                       const std::function<void(const SeedFailure&)>& failed);

// One seed, in this process; with its trace when asked for.
RunResult run_one(std::uint64_t seed, const std::optional<Plan>& plan, Trace::Keep keep);

// A smaller plan with which the seed still violates the same invariant. `tries` runs at most.
Plan shrink(std::uint64_t seed, const Plan& plan, const std::string& invariant, int tries);

// The rows that a coverage table must have.
void expect_all(Coverage& coverage);

std::string summary_line(const RunnerReport& report);
std::string describe(const RunResult& result);

}  // namespace lockstep::simulation
