// The machine's own limits, and how figures are printed.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lockstep::bench {

using Nanoseconds = std::int64_t;
Nanoseconds now_ns();  // steady

[[noreturn]] void give_up(const std::string& why);  // prints it and ends the measurement with exit code 1

// Processor, cores, kernel, load, and what this folder's disk takes for a durable append of 4 KiB.
std::string machine_line(const std::filesystem::path& folder);

struct AppendRate {
  double per_second = 0;
  double median_us = 0;
  double p99_us = 0;
};
AppendRate measure_appends(const std::filesystem::path& folder, std::chrono::milliseconds time);

struct Percentiles {
  double p50_ms = 0, p99_ms = 0, max_ms = 0;
  std::size_t count = 0;
};
Percentiles percentiles(std::vector<Nanoseconds> samples);

// "5123 (4980–5301)": median and range; `digits` after the point.
std::string spread(std::vector<double> runs, int digits = 0);
double median(std::vector<double> runs);

// Columns as wide as they must be, the first one to the left, the others to the right.
void print_table(const std::vector<std::vector<std::string>>& rows);
void print_line(const std::string& text);  // and flushes, so that a long measurement shows where it is

// A new empty folder below $LOCKSTEP_BENCH_FOLDER (default: the current one), removed at the end.
class Folder {
 public:
  explicit Folder(const std::string& name);
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  void clear() const;  // empty again

 private:
  std::filesystem::path path_;
};

}  // namespace lockstep::bench
