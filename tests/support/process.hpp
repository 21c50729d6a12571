// A program that a test runs: started with its output in files, ended with the test at the latest.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::tests {

// Moved, never copied. Its destructor kills. Start it on the thread that outlives it: the kernel kills a child
// when the thread that started it ends, so that a test that dies leaves nothing behind.
class Process {
 public:
  struct Settings {
    std::vector<std::string> command;          // the program's path first
    std::map<std::string, std::string> added;  // to the environment
    std::filesystem::path folder;              // works there; its output goes to <name>.out and <name>.log there
    std::string name = "process";
  };

  Process() = default;
  explicit Process(Settings settings);
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;

  // The first line of the standard output that contains `text`, or nullopt when it did not come in time or the
  // process ended without it.
  std::optional<std::string> wait_for_line(std::string_view text, std::chrono::milliseconds deadline);

  void signal(int number) const;
  // What became of it: the exit code, or minus the signal's number. nullopt: it still runs.
  std::optional<int> wait(std::chrono::milliseconds deadline);
  // SIGKILL, and it is gone when this returns.
  void kill();

  bool running();
  pid_t id() const { return id_; }
  std::string output() const;
  std::string log() const;  // what it wrote to the standard error, of all processes of this name in this folder

  // Memory that it holds now, in KiB; 0 when it does not run.
  std::uint64_t resident_kib() const;

 private:
  Settings settings_;
  pid_t id_ = -1;
  std::optional<int> ended_;
};

// Looks until `holds` says so; false when it did not in time.
template <class Condition>
bool eventually(std::chrono::milliseconds deadline, Condition holds);

void pause(std::chrono::milliseconds time);

template <class Condition>
bool eventually(std::chrono::milliseconds deadline, Condition holds) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  for (;;) {
    if (holds()) return true;
    if (std::chrono::steady_clock::now() >= end) return false;
    pause(std::chrono::milliseconds(20));
  }
}

}  // namespace lockstep::tests
