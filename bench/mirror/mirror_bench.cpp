// The first mirror of a CRM, against the time that its rate limit and its latency make inevitable.
//
//   mirror_bench [--contacts N] [--latency-ms N] [--runs N]
//
// The CRM is simulated, with the vendor's quota (100 calls in any 10 s) and then without one.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>

#include "base/clock.hpp"
#include "bench/support/rig.hpp"

namespace lockstep::bench {
namespace {

constexpr double kPageContacts = 100;  // the most that the vendor gives in one answer
constexpr double kVendorBurst = 100;
constexpr double kVendorWindowSeconds = 10;
constexpr std::uint64_t kNoQuota = 1'000'000;

struct Options {
  std::size_t contacts = 10'000;
  int latency_ms = 50;
  int runs = 3;
};

struct Mirror {
  double seconds = 0;      // from the start of the job to its end, read from the API
  double all_seconds = 0;  // until the database holds everything too
  std::uint64_t calls = 0;
};

double seconds_between(std::string_view start, std::string_view end) {
  const auto from = parse_iso8601(start), to = parse_iso8601(end);
  if (!from || !to) give_up("the job has no times");
  return std::chrono::duration<double>(*to - *from).count();
}

Mirror mirror(const Options& options, std::uint64_t burst) {
  const Folder folder("mirror_bench");
  const Crm crm(folder, {options.contacts, burst});
  crm.latency(std::chrono::milliseconds(options.latency_ms));
  crm.forget_calls();
  const Nanoseconds start = now_ns();
  Lockstep lockstep(folder, fmt::format("sources:\n  - id: main\n    systems:\n      crm: {{ {} }}\n      db: {{ "
                                        "connector: sqlite, path: ./crm.db }}\n{}",
                                        crm.system_settings(), contact_entity(Ends::crm_and_db)));
  lockstep.wait_until_idle(std::chrono::seconds(1'800));
  Mirror out;
  out.all_seconds = static_cast<double>(now_ns() - start) / 1e9 - rest_seconds;
  out.calls = crm.calls();
  const Json jobs = call_json(lockstep.address(), "GET", "/api/v1/sources/main/jobs");
  for (const Json& job : jobs.at("items").as_array()) {
    if (string_member(job, "system") != "crm") continue;
    if (string_member(job, "state") != "done") give_up("the mirror did not end well: " + to_text(job));
    out.seconds = seconds_between(string_member(job, "started"), string_member(job, "ended"));
  }
  if (lockstep.records() < options.contacts) give_up(fmt::format("only {} records arrived", lockstep.records()));
  return out;
}

void measure(const Options& options, const std::string& name, std::uint64_t burst,
             std::vector<std::vector<std::string>>& rows) {
  std::vector<double> seconds, all, calls;
  for (int run = 0; run < options.runs; ++run) {
    const Mirror one = mirror(options, burst);
    seconds.push_back(one.seconds);
    all.push_back(one.all_seconds);
    calls.push_back(static_cast<double>(one.calls));
  }
  // By the calls that are needed, not by those that were made: wasted ones must show. The first 100 may go out at once;
  // those after them wait until a window lets them. A page's cursor comes with the page before it, so that one call
  // follows the other.
  const double needed = std::ceil(static_cast<double>(options.contacts) / kPageContacts);
  const double windows = std::ceil(std::max(0.0, needed - kVendorBurst) / kVendorBurst);
  const double by_quota = burst == 0 ? windows * kVendorWindowSeconds : 0;
  const double by_latency = needed * options.latency_ms / 1e3;
  const double bound = std::max(by_quota, by_latency);
  rows.push_back({name, spread(seconds, 2), spread(calls), fmt::format("{:.0f}", needed),
                  fmt::format("{:.2f}", by_quota), fmt::format("{:.2f}", by_latency),
                  fmt::format("{:.2f}", median(seconds) / bound),
                  fmt::format("{:.0f}", static_cast<double>(options.contacts) / median(seconds)), spread(all, 2)});
}

int measure_all(const Options& options) {
  const Folder folder("mirror_machine");
  print_line(machine_line(folder.path()));
  print_line(fmt::format("\nFirst mirror of {} contacts into an empty database, {} ms per call", options.contacts,
                         options.latency_ms));
  std::vector<std::vector<std::string>> rows{{"", "seconds", "calls", "needed", "bound by quota s",
                                              "bound by latency s", "ratio to the bound", "contacts/s",
                                              "until the database has all, s"}};
  measure(options, "the vendor's quota", 0, rows);
  measure(options, "no quota", kNoQuota, rows);
  print_table(rows);
  return 0;
}

}  // namespace
}  // namespace lockstep::bench

int main(int argc, char** argv) {
  lockstep::bench::Options options;
  CLI::App app("The first mirror of a CRM");
  app.add_option("--contacts", options.contacts, "How many the CRM holds")->capture_default_str();
  app.add_option("--latency-ms", options.latency_ms, "Of each call")->capture_default_str();
  app.add_option("--runs", options.runs, "Of each kind")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return lockstep::bench::measure_all(options);
}
