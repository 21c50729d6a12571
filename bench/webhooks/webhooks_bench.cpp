// Webhooks that the running program accepts durably, and how long until a subscriber knows of them.
//
//   webhooks_bench [--seconds N] [--runs N] [--only TEXT]     --only: the variants whose name has the text
//
// 64 keep-alive connections over loopback send signed ContactUpdate events of 2,000 contacts, each of which changes a
// name; a subscriber reads the event stream. Beside it stand the machine's limits, measured in the same run, and a
// service written by hand in Node.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "bench/support/rig.hpp"
#include "bench/webhooks/limits.hpp"
#include "bench/webhooks/load.hpp"
#include "bench/webhooks/node_service.hpp"

namespace lockstep::bench {
namespace {

constexpr std::size_t kContacts = 2'000;
constexpr double kOpenRate = 100;
constexpr double kFirstGuess = 4'000;  // messages per second made for the first run; later runs go by the last one

enum class Signatures { required, off };

struct Options {
  int seconds = 10;
  int runs = 3;
  std::string only;
};

// One way to take webhooks. The functions are asked around each run.
struct Variant {
  std::string name;
  Address server;
  std::string hook_target;
  std::string events_target;
  std::function<void()> settle = [] {};
  std::function<double()> commits = [] { return 0.0; };
  std::function<double()> inputs = [] { return 0.0; };
  std::function<double()> cpu_seconds = [] { return 0.0; };
};

struct Measured {
  std::string name;
  std::vector<double> rate, answer_p50, answer_p99, event_p50, event_p99, event_max, batch, cpu_us, settle_s;
  std::size_t refused = 0, unseen = 0, suppressed = 0;
  LoadResult open;
};

Measured measure(const Variant& variant, const Options& options, const Signer& signer,
                 const std::vector<Contact>& contacts, std::uint64_t& next_version) {
  Measured out;
  out.name = variant.name;
  double guess = kFirstGuess;
  for (int run = 0; run < options.runs; ++run) {
    const Messages messages(signer, contacts, variant.hook_target, static_cast<std::size_t>(guess * options.seconds),
                            next_version);
    const double commits = variant.commits(), inputs = variant.inputs(), cpu = variant.cpu_seconds();
    LoadPlan plan;
    plan.time = std::chrono::seconds(options.seconds);
    const LoadResult load = run_load(variant.server, variant.events_target, messages, plan);
    const Nanoseconds loaded = now_ns();
    variant.settle();
    out.settle_s.push_back(static_cast<double>(now_ns() - loaded) / 1e9);
    out.rate.push_back(load.accepted_per_second);
    out.answer_p50.push_back(load.answer.p50_ms);
    out.answer_p99.push_back(load.answer.p99_ms);
    out.event_p50.push_back(load.event.p50_ms);
    out.event_p99.push_back(load.event.p99_ms);
    out.event_max.push_back(load.event.max_ms);
    if (const double done = variant.commits() - commits; done > 0)
      out.batch.push_back((variant.inputs() - inputs) / done);
    if (load.accepted > 0)
      out.cpu_us.push_back((variant.cpu_seconds() - cpu) * 1e6 / static_cast<double>(load.accepted));
    out.suppressed += load.suppressed;
    out.refused += load.refused;
    out.unseen += load.accepted - std::min(load.accepted, load.events);
    if (load.resumed > 0) {
      print_line("  the reader of the event stream of " + variant.name + " was too slow and resumed " +
                 std::to_string(load.resumed) + " times");
    }
    guess = load.accepted_per_second * 1.3 + 500;
  }
  const auto count = static_cast<std::size_t>(kOpenRate * options.seconds);
  const Messages messages(signer, contacts, variant.hook_target, count, next_version);
  out.open = run_load(variant.server, variant.events_target, messages,
                      {16, std::chrono::seconds(options.seconds + 2), kOpenRate});
  out.refused += out.open.refused;
  out.suppressed += out.open.suppressed;
  out.unseen += out.open.accepted - std::min(out.open.accepted, out.open.events);
  print_line(fmt::format("  {}: {} webhooks/s", out.name, spread(out.rate)));
  return out;
}

Measured measure_lockstep(const std::string& name, Ends ends, Signatures signatures, const Options& options,
                          const Signer& signer, double* health_rate) {
  const Folder folder("webhooks_bench");
  const Crm crm(folder, {kContacts, 0});
  std::string settings = crm.system_settings();
  settings.replace(settings.find("webhook_public_key"), std::string::npos,
                   fmt::format("webhook_public_key: \"{}\"", signer.public_key_base64()));
  if (signatures == Signatures::off) settings += ", signatures: off";
  std::string sources = fmt::format("sources:\n  - id: main\n    systems:\n      crm: {{ {} }}\n", settings);
  if (ends == Ends::crm_and_db)
    sources += "      db: { connector: sqlite, path: ./crm.db, guard: { rewrite_percent: 100 } }\n";
  Lockstep lockstep(folder, sources + contact_entity(ends));
  lockstep.wait_until_idle(std::chrono::seconds(120));
  Variant variant{name, lockstep.address(), "/hooks/main/crm", "/api/v1/sources/main/events"};
  variant.settle = [&] { lockstep.wait_until_idle(std::chrono::seconds(300)); };
  variant.commits = [&] { return lockstep.metric("lockstep_commits_total"); };
  variant.inputs = [&] { return lockstep.metric("lockstep_committed_inputs_total"); };
  variant.cpu_seconds = [&] { return lockstep.child().cpu_seconds(); };
  std::uint64_t next_version = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
  if (health_rate != nullptr) *health_rate = health_requests_per_second(lockstep.address(), folder);
  return measure(variant, options, signer, contacts_of(crm.address()), next_version);
}

std::optional<Measured> measure_node(const Options& options, const Signer& signer) {
  const Folder folder("webhooks_bench");
  const auto service = NodeService::start(folder, signer);
  if (!service) return std::nullopt;
  const Crm crm(folder, {kContacts, 0});  // only for the contacts
  Variant variant{"Node + PostgreSQL", service->address(), "/hooks", "/events"};
  variant.cpu_seconds = [&] { return service->cpu_seconds(); };
  std::uint64_t next_version = 1'700'000'000'000;
  return measure(variant, options, signer, contacts_of(crm.address()), next_version);
}

void print_results(const std::vector<Measured>& all) {
  print_line("\n64 connections, as fast as they are answered (median and range of the runs)");
  std::vector<std::vector<std::string>> rows{{"", "webhooks/s", "answer p50 ms", "answer p99 ms", "event p50 ms",
                                              "event p99 ms", "event max ms", "inputs/commit", "CPU us/webhook",
                                              "all at rest after s", "refused", "suppressed", "without event"}};
  for (const Measured& one : all) {
    rows.push_back({one.name, spread(one.rate), spread(one.answer_p50, 1), spread(one.answer_p99, 1),
                    spread(one.event_p50, 1), spread(one.event_p99, 1), spread(one.event_max, 1), spread(one.batch),
                    spread(one.cpu_us), spread(one.settle_s, 1), std::to_string(one.refused),
                    std::to_string(one.suppressed), std::to_string(one.unseen)});
  }
  print_table(rows);
  print_line(fmt::format("\nOpen loop, {:.0f} webhooks/s", kOpenRate));
  rows = {{"", "answer p50 ms", "answer p99 ms", "event p50 ms", "event p99 ms", "event max ms"}};
  for (const Measured& one : all) {
    rows.push_back({one.name, fmt::format("{:.2f}", one.open.answer.p50_ms),
                    fmt::format("{:.2f}", one.open.answer.p99_ms), fmt::format("{:.2f}", one.open.event.p50_ms),
                    fmt::format("{:.2f}", one.open.event.p99_ms), fmt::format("{:.2f}", one.open.event.max_ms)});
  }
  print_table(rows);
}

void print_limits(const Folder& folder, const Signer& signer, double health_rate) {
  print_line("\nThe machine's limits");
  std::vector<std::vector<std::string>> rows;
  const AppendRate disk = measure_appends(folder.path(), std::chrono::seconds(2));
  rows.push_back({"durable appends of 4 KiB, one after the other", fmt::format("{:.0f}/s", disk.per_second),
                  fmt::format("{:.0f} us, p99 {:.0f} us", disk.median_us, disk.p99_us)});
  rows.push_back({"Ed25519 verifications of one thread, 600 bytes",
                  fmt::format("{:.0f}/s", verifications_per_second(signer, 600)), ""});
  if (health_rate > 0)
    rows.push_back({"GET /healthz, wrk with 64 connections", fmt::format("{:.0f}/s", health_rate), ""});
  for (const auto& [batch, rate] : store_units_per_second(folder)) {
    rows.push_back({fmt::format("the store alone, {} units in a transaction", batch),
                    fmt::format("{:.0f} units/s", rate), fmt::format("{:.0f} us per commit", batch * 1e6 / rate)});
  }
  print_table(rows);
}

int measure_all(const Options& options) {
  const Folder folder("webhooks_limits");
  print_line(machine_line(folder.path()));
  const Signer signer;
  double health_rate = 0;
  std::vector<Measured> all;
  const auto wanted = [&](const std::string& name) { return name.find(options.only) != std::string::npos; };
  if (wanted("Lockstep, CRM and database"))
    all.push_back(measure_lockstep("Lockstep, CRM and database", Ends::crm_and_db, Signatures::required, options,
                                   signer, &health_rate));
  if (wanted("the same, signatures off"))
    all.push_back(
        measure_lockstep("the same, signatures off", Ends::crm_and_db, Signatures::off, options, signer, nullptr));
  if (wanted("Lockstep, CRM only"))
    all.push_back(measure_lockstep("Lockstep, CRM only", Ends::crm, Signatures::required, options, signer, nullptr));
  if (wanted("Node + PostgreSQL")) {
    if (auto node = measure_node(options, signer)) all.push_back(std::move(*node));
  }
  print_results(all);
  if (all.size() > 1 && all.back().name == "Node + PostgreSQL") {
    for (const Measured& one : all) {
      if (&one != &all.back())
        print_line(fmt::format("{}: {:.2f} times the rate of {}", one.name, median(one.rate) / median(all.back().rate),
                               all.back().name));
    }
  }
  print_limits(folder, signer, health_rate);
  return 0;
}

}  // namespace
}  // namespace lockstep::bench

int main(int argc, char** argv) {
  lockstep::bench::Options options;
  CLI::App app("Webhooks accepted durably per second");
  app.add_option("--seconds", options.seconds, "Length of a run")->capture_default_str();
  app.add_option("--runs", options.runs, "Runs of each variant")->capture_default_str();
  app.add_option("--only", options.only, "Only variants whose name has this text");
  CLI11_PARSE(app, argc, argv);
  return lockstep::bench::measure_all(options);
}
