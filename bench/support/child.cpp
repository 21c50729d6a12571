#include "bench/support/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "bench/support/machine.hpp"

namespace lockstep::bench {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

pid_t start(const Command& command) {
  std::filesystem::remove(command.output);  // what an earlier one printed must not be taken for this one's
  std::vector<std::string> words = command.words;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t process = fork();
  if (process != 0) return process;
  prctl(PR_SET_PDEATHSIG, SIGTERM);   // no orphans when the measurement is interrupted
  if (getppid() != parent) _exit(0);  // it ended before the line above
  const int out = open(command.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  dup2(out, 1);
  dup2(out, 2);
  for (const auto& [name, value] : command.environment) setenv(name.c_str(), value.c_str(), 1);
  if (chdir(command.folder.c_str()) != 0) _exit(126);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

Child::Child(const Command& command) : output_(command.output), process_(start(command)) {}

Child::~Child() { stop(); }

void Child::stop() {
  if (process_ <= 0) return;
  kill(process_, SIGTERM);
  for (int i = 0; i < 200; ++i) {
    if (waitpid(process_, nullptr, WNOHANG) != 0) {
      process_ = -1;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

std::string Child::wait_for_line(const std::string& mark, std::chrono::seconds limit) const {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    std::istringstream lines(read_file(output_));
    for (std::string line; std::getline(lines, line) && !lines.eof();) {
      if (const auto at = line.find(mark); at != std::string::npos) return line.substr(at + mark.size());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  give_up("'" + mark + "' was never printed, but:\n" + read_file(output_));
}

std::uint64_t Child::status_bytes(const std::string& key) const {
  std::ifstream file("/proc/" + std::to_string(process_) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return std::stoull(line.substr(key.size())) * 1024;
  }
  return 0;
}

std::uint64_t Child::resident_bytes() const { return status_bytes("VmRSS:"); }
std::uint64_t Child::resident_bytes_peak() const { return status_bytes("VmHWM:"); }

double Child::cpu_seconds() const {
  const std::string text = read_file("/proc/" + std::to_string(process_) + "/stat");
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::string run(const Command& command) {
  const pid_t process = start(command);
  int status = -1;
  waitpid(process, &status, 0);
  std::string text = read_file(command.output);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) give_up(command.words.front() + " failed:\n" + text);
  return text;
}

bool in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace lockstep::bench
