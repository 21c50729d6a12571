#include "tests/support/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

namespace lockstep::tests {
namespace {

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

void pause(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

Process::Process(Settings settings) : settings_(std::move(settings)) {
  const std::string output_path = (settings_.folder / (settings_.name + ".out")).string();
  const std::string log_path = (settings_.folder / (settings_.name + ".log")).string();
  std::filesystem::remove(output_path);  // here, or a line of the run before could be taken for one of this run
  std::vector<char*> arguments;
  for (std::string& word : settings_.command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  id_ = fork();
  if (id_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(125);  // it ended before prctl
  const int out = open(output_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (out < 0 || log < 0 || in < 0 || chdir(settings_.folder.c_str()) != 0) _exit(126);
  dup2(in, 0);
  dup2(out, 1);
  dup2(log, 2);
  for (const auto& [name, value] : settings_.added) setenv(name.c_str(), value.c_str(), 1);
  execv(arguments[0], arguments.data());
  _exit(127);
}

Process::~Process() { kill(); }

Process::Process(Process&& other) noexcept
    : settings_(std::move(other.settings_)), id_(std::exchange(other.id_, -1)), ended_(other.ended_) {}

Process& Process::operator=(Process&& other) noexcept {
  if (this == &other) return *this;
  kill();
  settings_ = std::move(other.settings_);
  id_ = std::exchange(other.id_, -1);
  ended_ = other.ended_;
  return *this;
}

std::optional<std::string> Process::wait_for_line(std::string_view text, std::chrono::milliseconds deadline) {
  std::optional<std::string> found;
  eventually(deadline, [&] {
    const bool over = !running();
    std::istringstream lines(output());
    for (std::string line; std::getline(lines, line);) {
      // A line without its end may not be whole yet.
      if (!lines.eof() && line.find(text) != std::string::npos) {
        found = line;
        return true;
      }
    }
    return over;
  });
  return found;
}

void Process::signal(int number) const {
  if (id_ > 0 && !ended_) ::kill(id_, number);
}

std::optional<int> Process::wait(std::chrono::milliseconds deadline) {
  if (id_ > 0 && !ended_) {
    eventually(deadline, [&] {
      int status = 0;
      const pid_t done = waitpid(id_, &status, WNOHANG);
      if (done == 0) return false;
      ended_ = done != id_ ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
      return true;
    });
  }
  return ended_;
}

void Process::kill() {
  if (id_ <= 0 || ended_) return;
  ::kill(id_, SIGKILL);
  int status = 0;
  waitpid(id_, &status, 0);
  ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool Process::running() { return id_ > 0 && !wait(std::chrono::milliseconds(0)); }

std::string Process::output() const { return read_text(settings_.folder / (settings_.name + ".out")); }

std::string Process::log() const { return read_text(settings_.folder / (settings_.name + ".log")); }

std::uint64_t Process::resident_kib() const {
  std::istringstream lines(read_text("/proc/" + std::to_string(id_) + "/status"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6));
  }
  return 0;
}

}  // namespace lockstep::tests
