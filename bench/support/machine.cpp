#include "bench/support/machine.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace lockstep::bench {
namespace {

// What the eye sees: bytes that continue a character take no room.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

}  // namespace

Nanoseconds now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void give_up(const std::string& why) {
  print_line("the measurement failed: " + why);
  std::exit(1);
}

std::string machine_line(const std::filesystem::path& folder) {
  utsname system{};
  uname(&system);
  double load = 0;
  std::ifstream("/proc/loadavg") >> load;
  const AppendRate disk = measure_appends(folder, std::chrono::milliseconds(1'000));
  return fmt::format(
      "{}, {} cores, Linux {}; load at the start {:.1f}; durable 4 KiB append {:.0f} us (p99 {:.0f} us), {:.0f}/s",
      processor(), std::thread::hardware_concurrency(), system.release, load, disk.median_us, disk.p99_us,
      disk.per_second);
}

AppendRate measure_appends(const std::filesystem::path& folder, std::chrono::milliseconds time) {
  const std::filesystem::path path = folder / "append";
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  const std::string page(4096, 'x');
  std::vector<Nanoseconds> samples;
  const Nanoseconds start = now_ns();
  const Nanoseconds end = start + std::chrono::nanoseconds(time).count();
  for (Nanoseconds before = start; before < end;) {
    if (write(file, page.data(), page.size()) < 0 || fdatasync(file) != 0) give_up("cannot write to " + path.string());
    const Nanoseconds after = now_ns();
    samples.push_back(after - before);
    before = after;
  }
  const double seconds = static_cast<double>(now_ns() - start) / 1e9;
  close(file);
  std::filesystem::remove(path);
  const double count = static_cast<double>(samples.size());
  const Percentiles all = percentiles(std::move(samples));
  return {count / seconds, all.p50_ms * 1e3, all.p99_ms * 1e3};
}

Percentiles percentiles(std::vector<Nanoseconds> samples) {
  if (samples.empty()) return {};
  std::ranges::sort(samples);
  const auto at = [&](double share) {
    const auto index = static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1));
    return static_cast<double>(samples[index]) / 1e6;
  };
  return {at(0.5), at(0.99), at(1), samples.size()};
}

double median(std::vector<double> runs) {
  if (runs.empty()) return 0;
  std::ranges::sort(runs);
  return (runs[(runs.size() - 1) / 2] + runs[runs.size() / 2]) / 2;
}

std::string spread(std::vector<double> runs, int digits) {
  if (runs.empty()) return "-";
  const auto [low, high] = std::ranges::minmax(runs);
  if (runs.size() == 1) return fmt::format("{:.{}f}", low, digits);
  return fmt::format("{:.{}f} ({:.{}f}–{:.{}f})", median(runs), digits, low, digits, high, digits);
}

void print_line(const std::string& text) {
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - width_of(row[i]), ' ');
      line += i == 0 ? row[i] + space : "   " + space + row[i];
    }
    print_line(line);
  }
}

Folder::Folder(const std::string& name) {
  const char* chosen = std::getenv("LOCKSTEP_BENCH_FOLDER");
  path_ = std::filesystem::absolute(std::filesystem::path(chosen == nullptr ? "." : chosen) / (name + ".tmp"))
              .lexically_normal();
  clear();
}

void Folder::clear() const {
  std::filesystem::remove_all(path_);
  std::filesystem::create_directories(path_);
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace lockstep::bench
