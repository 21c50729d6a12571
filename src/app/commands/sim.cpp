#include "app/commands/sim.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>
#include <limits>
#include <thread>

#include "app/commands/progress.hpp"
#include "simulation/runner.hpp"

namespace lockstep::app {
namespace {

using simulation::Plan;
using simulation::RunnerOptions;
using simulation::RunnerReport;
using simulation::RunResult;
using simulation::SeedFailure;
using simulation::Trace;

constexpr int kShrinkTries = 150;
constexpr std::uint64_t kSeedsUnlessAsked = 100;

struct SimOptions {
  std::optional<std::uint64_t> seeds;
  std::uint64_t first = 1;
  std::optional<std::uint64_t> seed;
  std::string plan_file;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  unsigned minutes = 0;
  std::size_t failures = 10;
  bool trace = false;
  bool shrinks = false;
  bool coverage = false;
  bool twice = false;
};

std::string replay_line(std::uint64_t seed, const SimOptions& options) {
  return fmt::format("lockstep sim --seed {}{}", seed, options.plan_file.empty() ? "" : " --plan " + options.plan_file);
}

std::expected<std::optional<Plan>, ExitCode> read_plan(CommandContext& context, const SimOptions& options) {
  if (options.plan_file.empty() || options.plan_file == "swarm") return std::optional<Plan>();
  std::ifstream file(options.plan_file);
  if (!file) {
    return std::unexpected(
        report(context, {ErrorKind::invalid, fmt::format("cannot read the plan \"{}\"", options.plan_file), {}}));
  }
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  auto plan = Plan::parse(text);
  if (!plan) return std::unexpected(report(context, plan.error()));
  return std::optional<Plan>(std::move(*plan));
}

void show_shrunk(CommandContext& context, std::uint64_t seed, const Plan& plan, const std::string& invariant) {
  const Plan small = simulation::shrink(seed, plan, invariant, kShrinkTries);
  const RunResult result = simulation::run_one(seed, small, Trace::Keep::lines);
  context.out.line(fmt::format(
      "shrunk: seed {} still violates {} with this plan (save it, then --seed {} --plan FILE --trace):", seed,
      invariant, seed));
  context.out.line(small.text());
  context.out.write(simulation::describe(result));
}

ExitCode run_single(CommandContext& context, const SimOptions& options, const std::optional<Plan>& plan) {
  const std::uint64_t seed = *options.seed;
  const RunResult result = simulation::run_one(seed, plan, options.trace ? Trace::Keep::lines : Trace::Keep::hash);
  const RunResult again = simulation::run_one(seed, plan, Trace::Keep::hash);
  if (options.trace) context.out.write(result.trace);
  const bool same = result.hash == again.hash;
  context.out.line(fmt::format("seed {}: {} events, {} edits, {} writes, {} simulated, trace {:016x}{}", seed,
                               result.steps, result.edits, result.writes,
                               clock_time(std::chrono::duration_cast<std::chrono::seconds>(result.simulated).count()),
                               result.hash, same ? "" : " and another one the second time"));
  if (options.coverage) context.out.write(result.coverage.table());
  context.out.write(simulation::describe(result));
  if (options.shrinks && !result.violations.empty())
    show_shrunk(context, seed, plan ? *plan : Plan::swarm(seed), result.violations.front().invariant);
  return result.violations.empty() && same ? ExitCode::ok : ExitCode::failed;
}

ExitCode run_many(CommandContext& context, const SimOptions& options, const std::optional<Plan>& plan,
                  const std::string& version) {
  RunnerOptions runner;
  runner.first = options.first;
  runner.seeds = options.seeds.value_or(options.minutes > 0 ? std::numeric_limits<std::uint64_t>::max() - options.first
                                                            : kSeedsUnlessAsked);
  runner.plan = plan;
  runner.jobs = options.jobs;
  runner.failures_limit = options.failures;
  if (options.minutes > 0) runner.time_limit = std::chrono::minutes(options.minutes);
  if (options.twice) runner.twice_every = 1;
  Progress progress(context.err);
  const SystemClock clock;
  const Duration start = clock.monotonic();
  const RunnerReport report = simulation::run_seeds(
      runner,
      [&](const RunnerReport& so_far) {
        const double seconds = std::chrono::duration<double>(clock.monotonic() - start).count();
        JobState state;
        state.done = so_far.seeds;
        state.rate_per_second = seconds > 0 ? static_cast<double>(so_far.seeds) / seconds : 0;
        if (options.seeds || !runner.time_limit) state.total = runner.seeds;
        std::optional<double> left;
        if (state.total > so_far.seeds && state.rate_per_second > 0)
          left = static_cast<double>(runner.seeds - so_far.seeds) / state.rate_per_second;
        if (runner.time_limit) {
          const double time = std::max(0.0, std::chrono::duration<double>(*runner.time_limit).count() - seconds);
          left = left ? std::min(*left, time) : time;
        }
        if (left) state.eta_seconds = static_cast<std::int64_t>(*left) + 1;
        state.what = fmt::format("seeds, {} violations", so_far.failures.size());
        progress.show(state);
      },
      [&](const SeedFailure& failure) {
        progress.end();
        context.out.line(context.out.paint(
            Colour::red, fmt::format("seed {} violates {} (lockstep {})", failure.seed, failure.invariant, version)));
        context.out.write(failure.text);
        context.out.line("  replay: " + replay_line(failure.seed, options) + " --trace");
      });
  progress.end();
  if (options.coverage) context.out.write(report.coverage.table());
  context.out.line(simulation::summary_line(report));
  const bool short_of = report.seeds < runner.seeds && !runner.time_limit;
  return report.failures.empty() && !short_of ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

void add_sim(CLI::App& app, CommandContext& context, std::string version, CommandAction& action) {
  CLI::App* command =
      app.add_subcommand("sim", "Run the simulator: people, systems, faults and crashes from a seed, with an audit");
  const auto options = std::make_shared<SimOptions>();
  command->add_option("--seeds", options->seeds, "How many seeds (100, or as many as --minutes allows)")
      ->check(CLI::PositiveNumber);
  command->add_option("--first", options->first, "The first seed");
  command->add_option("--seed", options->seed, "This seed only, run twice");
  command->add_option("--plan", options->plan_file,
                      "A fault plan; without one each seed draws its own (docs/simulator.md)");
  command->add_option("--jobs", options->jobs, "Processes")->check(CLI::Range(1, 64));
  command->add_option("--minutes", options->minutes, "End after this time, however many seeds were run");
  command->add_option("--failures", options->failures, "End after so many failing seeds")->check(CLI::PositiveNumber);
  command->add_flag("--trace", options->trace, "Print everything that happens; with --seed");
  command->add_flag("--shrink", options->shrinks, "Look for a smaller plan that fails too; with --seed");
  command->add_flag("--coverage", options->coverage,
                    "Print what was met: faults, edits that met, rules, journal entries");
  command->add_flag("--twice", options->twice, "Run every seed twice and compare the traces, not every eighth one");
  command->footer(
      "Examples:\n"
      "  lockstep sim --seeds 1000 --coverage\n"
      "  lockstep sim --seed 4711 --trace\n"
      "Exit code 1: an invariant was violated; the line that replays it is printed.");
  command->callback([&context, &action, options, version = std::move(version)] {
    action = [&context, options, version] {
      const auto plan = read_plan(context, *options);
      if (!plan) return plan.error();
      return options->seed ? run_single(context, *options, *plan) : run_many(context, *options, *plan, version);
    };
  });
}

}  // namespace lockstep::app
