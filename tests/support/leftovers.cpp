#include "tests/support/leftovers.hpp"

#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <sstream>
#include <string>

#include "tests/support/owner.hpp"
#include "tests/support/process.hpp"

namespace lockstep::tests {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kEnds{10};

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Its owner was a process of this machine's (or this container's) numbers, and is gone.
bool is_left(const fs::path& folder) {
  const std::string mark = first_line(owner_file(folder));
  std::istringstream words(mark);
  std::string numbers;
  pid_t process = 0;
  if (!(words >> numbers >> process) || process <= 0) return false;
  return process_mark(getpid()).starts_with(numbers + " ") && process_mark(process) != mark;
}

void end_database(const fs::path& folder) {
  const fs::path data = folder / "data";
  pid_t server = 0;
  std::istringstream(first_line(data / "postmaster.pid")) >> server;
  std::error_code gone;
  // The number may be somebody else's by now; the server works in its folder.
  if (server <= 1 || fs::read_symlink("/proc/" + std::to_string(server) + "/cwd", gone) != data || gone) return;
  const std::string mark = process_mark(server);
  ::kill(server, SIGQUIT);
  if (!eventually(kEnds, [&] { return process_mark(server) != mark; })) ::kill(server, SIGKILL);
}

void unmount_below(const fs::path& folder) {
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string what, where;
    words >> what >> where;
    if (where.starts_with(folder.string() + "/")) umount2(where.c_str(), MNT_DETACH);
  }
}

}  // namespace

std::size_t remove_leftovers() {
  std::size_t count = 0;
  std::error_code ignored;  // what can not be looked at or removed is not ours
  for (const auto& entry : fs::directory_iterator(fs::temp_directory_path(), ignored)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("lockstep-whole-") && !name.starts_with("lockstep-postgres-")) continue;
    if (!entry.is_directory(ignored) || !is_left(entry.path())) continue;
    end_database(entry.path());
    unmount_below(entry.path());
    fs::remove_all(entry.path(), ignored);
    ++count;
  }
  return count;
}

int run_and_clean_up(const std::function<int()>& work) {
  remove_leftovers();
  sigset_t waited, before;
  sigemptyset(&waited);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&waited, number);
  sigprocmask(SIG_BLOCK, &waited, &before);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(125);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    const int code = work();
    std::fflush(nullptr);
    _exit(code);
  }
  if (child < 0) return 125;
  int status = 0;
  int number = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    const int got = sigwaitinfo(&waited, nullptr);
    if (got < 0 || got == SIGCHLD) continue;
    number = got;
    ::kill(child, SIGKILL);
  }
  remove_leftovers();
  if (number != 0) return 128 + number;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace lockstep::tests
