// Resident memory of the server, idle and with many records mirrored, and what a record takes on the disk.
//
//   memory_bench [--contacts N]
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "bench/support/rig.hpp"

namespace lockstep::bench {
namespace {

constexpr std::uint64_t kNoQuota = 1'000'000;

struct Options {
  std::size_t contacts = 100'000;
};

struct Footprint {
  std::uint64_t resident = 0;
  std::uint64_t resident_peak = 0;
  std::uint64_t resident_restarted = 0;  // after a restart, with the same records
  std::uint64_t store = 0;               // bytes of the store's folder
};

std::uint64_t bytes_of(const std::filesystem::path& folder) {
  std::uint64_t sum = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) sum += entry.file_size();
  }
  return sum;
}

Footprint measure(std::size_t contacts) {
  const Folder folder("memory_bench");
  const Crm crm(folder, {contacts, kNoQuota});
  const std::string sources = fmt::format(
      "sources:\n  - id: main\n    systems:\n      crm: {{ {} }}\n      db: {{ connector: sqlite, path: ./crm.db "
      "}}\n{}",
      crm.system_settings(), contact_entity(Ends::crm_and_db));
  Footprint out;
  {
    Lockstep lockstep(folder, sources);
    lockstep.wait_until_idle(std::chrono::seconds(1'800));
    if (lockstep.records() < contacts) give_up(fmt::format("the mirror has {} records", lockstep.records()));
    out.resident = lockstep.child().resident_bytes();
    out.resident_peak = lockstep.child().resident_bytes_peak();
  }
  out.store = bytes_of(folder.path() / "data");
  Lockstep again(folder, sources);
  again.wait_until_idle(std::chrono::seconds(300));
  out.resident_restarted = again.child().resident_bytes();
  return out;
}

std::string mebibytes(std::uint64_t bytes) { return fmt::format("{:.1f}", static_cast<double>(bytes) / (1 << 20)); }

int measure_all(const Options& options) {
  const Folder machine("memory_machine");
  print_line(machine_line(machine.path()));
  const Footprint idle = measure(0);
  const Footprint full = measure(options.contacts);
  const auto per_record = [&](std::uint64_t with, std::uint64_t without) {
    return fmt::format(
        "{:.0f}", (static_cast<double>(with) - static_cast<double>(without)) / static_cast<double>(options.contacts));
  };
  print_line("");
  print_table(
      {{"MiB", "no records", fmt::format("{} contacts in 2 systems", options.contacts), "bytes per record"},
       {"resident after the mirror", mebibytes(idle.resident), mebibytes(full.resident),
        per_record(full.resident, idle.resident)},
       {"resident at its most", mebibytes(idle.resident_peak), mebibytes(full.resident_peak),
        per_record(full.resident_peak, idle.resident_peak)},
       {"resident after a restart", mebibytes(idle.resident_restarted), mebibytes(full.resident_restarted),
        per_record(full.resident_restarted, idle.resident_restarted)},
       {"the store on the disk", mebibytes(idle.store), mebibytes(full.store), per_record(full.store, idle.store)}});
  return 0;
}

}  // namespace
}  // namespace lockstep::bench

int main(int argc, char** argv) {
  lockstep::bench::Options options;
  CLI::App app("Memory of the server");
  app.add_option("--contacts", options.contacts, "How many are mirrored")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return lockstep::bench::measure_all(options);
}
