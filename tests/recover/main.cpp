// Faults on real processes: a table of recovery times, or a long run with faults at random moments.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <fstream>

#include "tests/recover/network.hpp"
#include "tests/recover/recovery.hpp"
#include "tests/recover/soak.hpp"
#include "tests/support/leftovers.hpp"

namespace lockstep::recover {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kSmallDiskBytes = std::size_t{64} << 20;

struct RecoverOptions {
  std::size_t runs = 10;
  std::uint64_t seed = 1;
  std::vector<std::string> faults;
  std::string json_file;
};

void print_line(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

World::Settings world_for(const Fault& fault, std::uint64_t seed) {
  World::Settings settings;
  settings.seed = seed;
  if (fault.needs == Fault::Needs::small_disk) settings.disk_bytes = kSmallDiskBytes;
  settings.own_clock = fault.needs == Fault::Needs::own_clock;
  return settings;
}

// All runs of one fault in one world, until one of them goes wrong.
Result measure(const Fault& fault, const RecoverOptions& options, const auto& progress) {
  Result result{&fault, impossible(fault), {}};
  if (!result.impossible.empty()) return result;
  std::optional<OwnNetwork> network;  // before anything is started
  if (fault.needs == Fault::Needs::own_network) network.emplace();
  World world(world_for(fault, options.seed));
  if (const std::string wrong = world.start(); !wrong.empty()) {
    result.runs.push_back({.wrong = wrong});
    return result;
  }
  while (result.runs.size() < options.runs && result.failed() == 0) {
    result.runs.push_back(recover_once(world, fault));
    progress(result);
  }
  if (result.failed() > 0) world.keep();
  return result;
}

void print_table(const std::vector<Result>& results) {
  std::vector<std::vector<std::string>> rows{table_head(), std::vector<std::string>(table_head().size(), "---")};
  for (const Result& result : results) rows.push_back(result.row());
  print_line("");
  for (const auto& row : rows) {
    std::string line = "|";
    for (const std::string& cell : row) line += " " + cell + " |";
    print_line(line);
  }
}

int recover(const RecoverOptions& options) {
  std::vector<const Fault*> faults;
  for (const std::string& name : options.faults) {
    const Fault* fault = find_fault(name);
    if (fault == nullptr) {
      std::string names;
      for (const Fault& one : all_faults()) names += std::string(" ") + one.name;
      print_line("there is no fault \"" + name + "\"; there are:" + names);
      return 2;
    }
    faults.push_back(fault);
  }
  if (faults.empty()) {
    for (const Fault& fault : all_faults()) faults.push_back(&fault);
  }
  const auto start = Steady::now();
  const std::size_t total = faults.size() * options.runs;
  std::size_t done = 0;
  std::vector<Result> results;
  const auto progress = [&](const Result& result) {
    ++done;
    const Run& run = result.runs.back();
    const double seconds = std::chrono::duration<double>(Steady::now() - start).count();
    print_line(
        fmt::format("{}/{} {} run {}: serving {:.0f} ms, converged {:.0f} ms, {} of {} API calls accepted; {:.1f} s a "
                    "run, {:.0f} s left{}{}",
                    done, total, result.fault->name, result.runs.size(), run.serving_ms, run.converged_ms,
                    run.acknowledged, run.asked, seconds / static_cast<double>(done),
                    seconds / static_cast<double>(done) * static_cast<double>(total - done),
                    run.wrong.empty() ? "" : "\nWRONG: ", run.wrong));
  };
  std::size_t failed = 0;
  for (const Fault* fault : faults) {
    results.push_back(measure(*fault, options, progress));
    const Result& result = results.back();
    done += result.runs.empty() ? options.runs : options.runs - result.runs.size();
    failed += result.failed();
    if (result.impossible.empty() && result.runs.front().wrong.starts_with("the server does not start"))
      print_line(result.runs.front().wrong);
  }
  print_table(results);
  if (!options.json_file.empty()) {
    JsonArray list;
    for (const Result& result : results) list.push_back(result.json());
    std::ofstream file(options.json_file);
    file << to_text(list) << "\n";
    if (!file) {
      print_line("can not write " + options.json_file);
      return 2;
    }
  }
  print_line(failed == 0 ? "\nnothing lost, nothing doubled, all converged"
                         : fmt::format("\n{} runs went wrong", failed));
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace lockstep::recover

int main(int argc, char** argv) {
  CLI::App app("Faults on real processes");
  app.require_subcommand(1);
  lockstep::recover::RecoverOptions recover_options;
  CLI::App* recover = app.add_subcommand("recover", "Time until serving again and until converged, for each fault");
  recover->add_option("--runs", recover_options.runs, "Of each fault")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  recover->add_option("--seed", recover_options.seed, "Of what people do")->capture_default_str();
  recover->add_option("--json", recover_options.json_file, "Writes the results there too");
  recover->add_option("faults", recover_options.faults, "Their names; without any: all");
  lockstep::recover::SoakOptions soak_options;
  soak_options.seed = lockstep::random_seed() % 1'000'000;
  CLI::App* soak = app.add_subcommand("soak", "People on all sides, faults at random moments, an audit at the end");
  soak->add_option("--minutes,minutes", soak_options.minutes, "How long")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  soak->add_option("--rate", soak_options.rate, "Edits a second; 0: half of the capacity, which is measured first")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  soak->add_option("--fault-percent", soak_options.fault_percent, "Of the CRM's calls and webhooks that go wrong")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 50.0));
  soak->add_option("--plot", soak_options.plot_file, "Memory and waiting writes over time, as SVG");
  soak->add_option("--seed", soak_options.seed, "Of the moments, the faults and the edits");
  soak->add_option("--contacts", soak_options.contacts, "Who is there at the start")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return lockstep::tests::run_and_clean_up([&] {
    try {
      if (soak->parsed()) return lockstep::recover::soak(soak_options);
      return lockstep::recover::recover(recover_options);
    } catch (const std::exception& problem) {  // of the test support: there is no going on
      std::printf("%s\n", problem.what());
      return 1;
    }
  });
}
