// A private PostgreSQL server for tests: a new cluster in a temporary directory, on a unix socket only, started on
// demand and removed at the end. Debian's binaries of PostgreSQL 15; when the tests run as root the server runs as the
// user postgres, because it refuses root. A second one can follow the first as its standby and take over.
#pragma once

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/owner.hpp"

namespace lockstep::tests {

class PostgresCluster {
 public:
  static constexpr const char* binaries = "/usr/lib/postgresql/15/bin";

  static bool installed() { return std::filesystem::exists(std::string(binaries) + "/initdb"); }

  // `options`: lines for postgresql.conf beside "wal_level = logical".
  explicit PostgresCluster(const std::vector<std::string>& options = {}) {
    if (!make_directory()) return;
    if (run({"initdb", "-D", data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"}) !=
        0)
      return;
    // The port only names the socket's file: nothing listens on the network.
    std::string config =
        "listen_addresses = ''\nunix_socket_directories = '" + directory_ + "'\nport = 5432\n" +
        "wal_level = logical\nmax_wal_senders = 20\nmax_replication_slots = 50\nfsync = on\nshared_buffers = 32MB\n";
    for (const auto& option : options) config += option + "\n";
    started_ = append_config(config) && start();
  }

  // Only a place, until it follows another.
  struct Empty {};
  explicit PostgresCluster(Empty) { make_directory(); }

  // What it held goes; it becomes a streaming standby of `primary`, which it may have been itself before.
  bool follow(const PostgresCluster& primary) {
    if (started_) stop("immediate");
    std::error_code ignored;  // pg_basebackup says when something is left
    std::filesystem::remove_all(data(), ignored);
    started_ = run({"pg_basebackup", "-d", primary.url(), "-D", data(), "-R", "-X", "stream", "-c", "fast",
                    "--no-sync"}) == 0 &&
               append_config("unix_socket_directories = '" + directory_ + "'") && start();
    return started_;
  }
  // Takes writes when this returns true.
  bool promote() { return run({"pg_ctl", "-D", data(), "-w", "-t", "60", "promote"}) == 0; }

  ~PostgresCluster() {
    if (started_) stop("immediate");
    std::error_code ignored;
    if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
  }

  PostgresCluster(const PostgresCluster&) = delete;
  PostgresCluster& operator=(const PostgresCluster&) = delete;

  bool started() const { return started_; }
  // What the server and the tools said, for messages of failed tests.
  std::string log() const {
    std::ifstream file(directory_ + "/log");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string url(const std::string& database = "postgres", const std::string& user = "postgres") const {
    return "host=" + directory_ + " port=5432 dbname=" + database + " user=" + user;
  }
  // Whichever of the two takes writes.
  std::string url_with(const PostgresCluster& other, const std::string& database = "postgres") const {
    return "host=" + directory_ + "," + other.directory_ + " port=5432,5432 dbname=" + database +
           " user=postgres target_session_attrs=read-write";
  }
  std::string socket() const { return directory_ + "/.s.PGSQL.5432"; }

  bool start() {
    return run({"pg_ctl", "-D", data(), "-l", directory_ + "/server.log", "-w", "-t", "60", "start"}) == 0;
  }
  // "fast" ends sessions in order, "immediate" is a crash.
  bool stop(const std::string& mode = "fast") {
    return run({"pg_ctl", "-D", data(), "-m", mode, "-w", "-t", "60", "stop"}) == 0;
  }
  // SIGKILL to the server's first process; the others end when they notice.
  bool kill() {
    std::ifstream file(data() + "/postmaster.pid");
    pid_t server = 0;
    return file >> server && server > 1 && ::kill(server, SIGKILL) == 0;
  }

 private:
  bool make_directory() {
    char name[] = "/tmp/lockstep-postgres-XXXXXX";
    if (mkdtemp(name) == nullptr) return false;
    directory_ = name;
    note_owner(directory_);
    if (geteuid() != 0) return true;
    const passwd* user = getpwnam("postgres");
    return user != nullptr && chown(name, user->pw_uid, user->pw_gid) == 0;
  }

  bool append_config(const std::string& lines) const {
    std::ofstream config(data() + "/postgresql.conf", std::ios::app);
    config << lines << "\n";
    config.close();
    return config.good();
  }

  std::string data() const { return directory_ + "/data"; }

  int run(std::vector<std::string> command) const {
    command[0] = std::string(binaries) + "/" + command[0];
    if (geteuid() == 0)
      command.insert(command.begin(),
                     {"/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"});
    const pid_t child = fork();
    if (child == 0) {
      const int out = open((directory_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
      dup2(out, 1);
      dup2(out, 2);
      if (chdir("/") != 0) _exit(126);
      std::vector<char*> arguments;
      for (auto& word : command) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      execv(arguments[0], arguments.data());
      _exit(127);
    }
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string directory_;
  bool started_ = false;
};

}  // namespace lockstep::tests
