#include "simulation/runner.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <sstream>

#include "base/assert.hpp"

namespace lockstep::simulation {
namespace {

// What a child tells its parent, line by line:
//   begin SEED
//   done SEED TWICE CHECKED EDITS WRITES STEPS SIMULATED_US
//   fail SEED INVARIANT LINES   (and so many lines of text)
//   cover COUNT GROUP\tNAME
struct Child {
  pid_t pid = -1;
  int pipe = -1;
  std::uint64_t next = 0;  // the seed it runs, or the next one
  std::uint64_t stride = 1;
  std::optional<std::uint64_t> running;
  std::string pending;
  std::size_t text_lines = 0;  // still to come of a failure's text
};

void write_all(int file, const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t written = write(file, text.data() + at, text.size() - at);
    if (written <= 0) _exit(3);
    at += static_cast<std::size_t>(written);
  }
}

std::string cover_lines(const Coverage& coverage) {
  std::string out;
  std::istringstream lines(coverage.lines());
  for (std::string line; std::getline(lines, line);) out += "cover " + line + '\n';
  return out;
}

[[noreturn]] void run_child(const RunnerOptions& options, std::uint64_t first, std::uint64_t stride, int file) {
  for (std::uint64_t seed = first; seed < options.first + options.seeds; seed += stride) {
    write_all(file, "begin " + std::to_string(seed) + '\n');
    RunResult result = run_one(seed, options.plan, Trace::Keep::hash);
    const bool twice = options.twice_every > 0 && seed % options.twice_every == 0;
    if (twice && run_one(seed, options.plan, Trace::Keep::hash).hash != result.hash)
      result.violations.push_back({"determinism", "the same seed left another trace the second time"});
    std::ostringstream out;
    if (!result.violations.empty()) {
      const std::string text = describe(result);
      out << "fail " << seed << ' ' << result.violations.front().invariant << ' ' << std::ranges::count(text, '\n')
          << '\n'
          << text;
    }
    out << cover_lines(result.coverage) << "done " << seed << ' ' << (twice ? 1 : 0) << ' ' << result.checked << ' '
        << result.edits << ' ' << result.writes << ' ' << result.steps << ' ' << result.simulated.count() << '\n';
    write_all(file, out.str());
  }
  _exit(0);
}

class Runner {
 public:
  Runner(const RunnerOptions& options, const std::function<void(const RunnerReport&)>& progress,
         const std::function<void(const SeedFailure&)>& failed)
      : options_(options), progress_(progress), failed_(failed) {}

  RunnerReport run() {
    const SystemClock clock;
    const Duration start = clock.monotonic();
    for (unsigned i = 0; i < std::max(1u, options_.jobs); ++i) {
      Child child;
      child.next = options_.first + i;
      child.stride = std::max(1u, options_.jobs);
      begin(child);
    }
    Duration told = start;
    while (!children_.empty()) {
      const Duration now = clock.monotonic();
      const bool over = (options_.time_limit && now - start > *options_.time_limit) ||
                        report_.failures.size() >= options_.failures_limit;
      if (over) end_all();
      wait();
      if (clock.monotonic() - told > std::chrono::milliseconds(500)) {
        told = clock.monotonic();
        progress_(report_);
      }
    }
    expect_all(report_.coverage);
    return std::move(report_);
  }

 private:
  void begin(Child child) {
    if (child.next >= options_.first + options_.seeds) return;
    int files[2];
    const int made = pipe(files);
    LOCKSTEP_ASSERT(made == 0, "a process may open a few pipes");
    child.pid = fork();
    LOCKSTEP_ASSERT(child.pid >= 0, "the machine can run another process");
    if (child.pid == 0) {
      close(files[0]);
      for (const Child& other : children_) close(other.pipe);
      run_child(options_, child.next, child.stride, files[1]);
    }
    close(files[1]);
    child.pipe = files[0];
    child.running.reset();
    child.pending.clear();
    child.text_lines = 0;
    children_.push_back(std::move(child));
  }

  void wait() {
    std::vector<pollfd> files;
    for (const Child& child : children_) files.push_back({child.pipe, POLLIN, 0});
    poll(files.data(), files.size(), 500);
    for (std::size_t i = files.size(); i-- > 0;) {
      if (files[i].revents != 0) read_from(i);
    }
  }

  void read_from(std::size_t index) {
    Child& child = children_[index];
    char buffer[65'536];
    const ssize_t got = read(child.pipe, buffer, sizeof buffer);
    if (got <= 0) return ended(index);
    child.pending.append(buffer, static_cast<std::size_t>(got));
    std::size_t begin_at = 0;
    for (std::size_t end = child.pending.find('\n'); end != std::string::npos;
         end = child.pending.find('\n', begin_at)) {
      take_line(child, child.pending.substr(begin_at, end - begin_at));
      begin_at = end + 1;
    }
    child.pending.erase(0, begin_at);
  }

  void take_line(Child& child, const std::string& line) {
    if (child.text_lines > 0) {
      report_.failures.back().text += line + '\n';
      if (--child.text_lines == 0) failed_(report_.failures.back());
      return;
    }
    std::istringstream in(line);
    std::string word;
    in >> word;
    if (word == "begin") {
      std::uint64_t seed = 0;
      in >> seed;
      child.running = seed;
    } else if (word == "fail") {
      SeedFailure failure;
      in >> failure.seed >> failure.invariant >> child.text_lines;
      report_.failures.push_back(std::move(failure));
    } else if (word == "cover") {
      report_.coverage.read_lines(line.substr(6));
    } else if (word == "done") {
      std::uint64_t seed = 0, twice = 0, checked = 0, edits = 0, writes = 0, steps = 0;
      std::int64_t simulated = 0;
      in >> seed >> twice >> checked >> edits >> writes >> steps >> simulated;
      ++report_.seeds;
      report_.twice += twice;
      report_.checked += checked;
      report_.edits += edits;
      report_.writes += writes;
      report_.steps += steps;
      report_.simulated += Duration(simulated);
      child.running.reset();
      child.next = seed + child.stride;
    }
  }

  // At its end, or in the middle of a seed: then an assertion of the program has failed, and that is a violation too.
  void ended(std::size_t index) {
    Child child = std::move(children_[index]);
    children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(index));
    close(child.pipe);
    int status = 0;
    waitpid(child.pid, &status, 0);
    if (ending_ || !child.running) return;
    SeedFailure failure{*child.running, "assertion",
                        WIFSIGNALED(status)
                            ? "the program ended with signal " + std::to_string(WTERMSIG(status)) + "\n"
                            : "the program ended with code " + std::to_string(WEXITSTATUS(status)) + "\n"};
    ++report_.seeds;
    report_.failures.push_back(failure);
    failed_(failure);
    child.next = *child.running + child.stride;
    begin(std::move(child));
  }

  void end_all() {
    if (std::exchange(ending_, true)) return;
    for (const Child& child : children_) kill(child.pid, SIGKILL);
  }

  const RunnerOptions& options_;
  const std::function<void(const RunnerReport&)>& progress_;
  const std::function<void(const SeedFailure&)>& failed_;
  RunnerReport report_;
  std::vector<Child> children_;
  bool ending_ = false;
};

}  // namespace

RunnerReport run_seeds(const RunnerOptions& options, const std::function<void(const RunnerReport&)>& progress,
                       const std::function<void(const SeedFailure&)>& failed) {
  return Runner(options, progress, failed).run();
}

RunResult run_one(std::uint64_t seed, const std::optional<Plan>& plan, Trace::Keep keep) {
  return run_world(seed, plan ? *plan : Plan::swarm(seed), keep);
}

void expect_all(Coverage& coverage) {
  for (const PlanSwitch& one : Plan::switches()) {
    const bool act = one.name.starts_with("people.");
    if (one.swarm_most > 0 && !one.name.ends_with("_ms")) coverage.expect(act ? "people" : "fault", one.name);
  }
  for (const char* pair : {"crm and db", "crm and api", "db and api"}) {
    for (const char* distance : {", within 5 s", ", within a minute"})
      coverage.expect("edits that met", std::string(pair) + distance);
  }
  for (const char* rule : {"authority", "latest", "first contact", "delete", "overwritten"})
    coverage.expect("conflict rule", rule);
  coverage.expect("operator", "dead letter tried again");
  coverage.expect("operator", "mapping changed");
  coverage.expect("operator", "pause ended");
  coverage.expect("operator", "what the guard asked about approved");
  coverage.expect("operator", "backup restored");
}

std::string describe(const RunResult& result) {
  std::string out;
  for (const Violation& one : result.violations) out += "  " + one.invariant + ": " + one.text + '\n';
  return out + result.histories;
}

std::string summary_line(const RunnerReport& report) {
  const double days = std::chrono::duration<double, std::ratio<86'400>>(report.simulated).count();
  std::ostringstream out;
  out.setf(std::ios::fixed);
  out.precision(1);
  out << "sim: seeds " << report.seeds << ", simulated days " << days << ", edits " << report.edits << ", writes "
      << report.writes << ", faults " << report.coverage.sum("fault") << ", invariants checked " << report.checked
      << ", run twice " << report.twice << ", violations " << report.failures.size();
  return out.str();
}

}  // namespace lockstep::simulation
