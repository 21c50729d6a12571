#include "tests/recover/recovery.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lockstep::recover {
namespace {

constexpr Milliseconds kEditBefore{700};
constexpr Milliseconds kPauseEach{15};  // of each of the three who edit
constexpr Milliseconds kServingBound{60'000};
constexpr Milliseconds kConvergedBound{120'000};
constexpr Milliseconds kKnockDeadline{1'000};

using Steady = std::chrono::steady_clock;

double since(Steady::time_point start) {
  return std::chrono::duration<double, std::milli>(Steady::now() - start).count();
}

struct Spread {
  double min = 0, median = 0, max = 0;
};

Spread spread(const std::vector<Run>& runs, double Run::* value) {
  std::vector<double> sorted;
  for (const Run& run : runs) {
    if (run.wrong.empty()) sorted.push_back(run.*value);
  }
  if (sorted.empty()) return {};
  std::ranges::sort(sorted);
  const std::size_t middle = sorted.size() / 2;
  return {sorted.front(), sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2,
          sorted.back()};
}

JsonObject json_of(const Spread& spread) {
  return {{"min", spread.min}, {"median", spread.median}, {"max", spread.max}};
}

std::string text(double milliseconds) {
  return milliseconds < 10'000 ? fmt::format("{:.0f} ms", milliseconds) : fmt::format("{:.1f} s", milliseconds / 1000);
}

std::string text(const Spread& spread) {
  return fmt::format("{} / {} / {}", text(spread.min), text(spread.median), text(spread.max));
}

}  // namespace

Run recover_once(World& world, const Fault& fault) {
  Run run;
  world.crowd->start(kPauseEach);
  tests::pause(kEditBefore);
  const tests::Crowd::Tally before = world.crowd->tally(tests::Side::api);
  const auto struck = Steady::now();
  run.wrong = fault.strike(world);
  if (run.wrong.empty()) {
    tests::pause(fault.lasts);
    run.wrong = fault.lift(world);
  }
  const auto start = fault.counted == Fault::Counted::from_strike ? struck : Steady::now();
  const tests::Crowd::Tally during = world.crowd->tally(tests::Side::api) - before;
  run.asked = during.asked;
  run.acknowledged = during.acknowledged;

  const std::string email = fmt::format("again-{}@example.com", ++world.knocks);
  const bool serves =
      run.wrong.empty() && tests::eventually(kServingBound, [&] { return world.crowd->knock(email, kKnockDeadline); });
  run.serving_ms = since(start);
  const std::string unanswered = world.crowd->stop();
  if (!run.wrong.empty()) return run;
  if (!serves) run.wrong = "it does not serve again";
  if (!unanswered.empty()) run.wrong = unanswered;
  if (!run.wrong.empty()) return run;

  const bool equal = tests::eventually(kConvergedBound, [&] { return (run.wrong = world.unsettled()).empty(); });
  run.converged_ms = since(start);
  if (equal) run.wrong = world.audit();
  if (!world.server.process().running()) run.wrong += "the server has ended";
  return run;
}

std::size_t Result::failed() const {
  return static_cast<std::size_t>(std::ranges::count_if(runs, [](const Run& run) { return !run.wrong.empty(); }));
}

JsonObject Result::json() const {
  JsonArray list;
  for (const Run& run : runs) {
    list.push_back(JsonObject{{"serving_ms", run.serving_ms},
                              {"converged_ms", run.converged_ms},
                              {"asked", run.asked},
                              {"acknowledged", run.acknowledged},
                              {"wrong", run.wrong}});
  }
  return {{"fault", fault->name},
          {"what", fault->what},
          {"impossible", impossible},
          {"failed", failed()},
          {"serving_ms", json_of(spread(runs, &Run::serving_ms))},
          {"converged_ms", json_of(spread(runs, &Run::converged_ms))},
          {"runs", std::move(list)}};
}

std::vector<std::string> table_head() {
  return {"fault",
          "runs",
          "failed",
          "serving again: min / median / max",
          "converged: min / median / max",
          "API calls accepted meanwhile"};
}

std::vector<std::string> Result::row() const {
  if (!impossible.empty()) return {fault->name, "-", "-", "not possible here: " + impossible, "", ""};
  std::size_t asked = 0, acknowledged = 0;
  for (const Run& run : runs) {
    asked += run.asked;
    acknowledged += run.acknowledged;
  }
  return {fault->name,
          std::to_string(runs.size()),
          std::to_string(failed()),
          text(spread(runs, &Run::serving_ms)),
          text(spread(runs, &Run::converged_ms)),
          fmt::format("{} of {}", acknowledged, asked)};
}

}  // namespace lockstep::recover
