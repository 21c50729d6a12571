// A program that a measurement starts, watches and ends.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lockstep::bench {

struct Command {
  std::vector<std::string> words;  // the first one is the program, found in PATH when it has no slash
  std::filesystem::path folder;    // where it runs
  std::filesystem::path output;    // what it prints, on both channels
  std::map<std::string, std::string> environment = {};  // in addition to our own
};

class Child {
 public:
  explicit Child(const Command& command);
  ~Child();  // SIGTERM, and SIGKILL when that is not enough
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The rest of the first line that holds `mark`. Ends the measurement when there is none in time.
  std::string wait_for_line(const std::string& mark, std::chrono::seconds limit = std::chrono::seconds(60)) const;
  std::uint64_t resident_bytes() const;
  std::uint64_t resident_bytes_peak() const;
  double cpu_seconds() const;  // used so far, by all its threads
  void stop();

 private:
  std::uint64_t status_bytes(const std::string& key) const;
  std::filesystem::path output_;
  pid_t process_ = -1;
};

// What it printed; ends the measurement when it fails.
std::string run(const Command& command);

bool in_path(const std::string& program);

}  // namespace lockstep::bench
