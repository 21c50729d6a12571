#include "app/run/private_postgres.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace lockstep::app {
namespace {

constexpr const char* kPrograms = "/usr/lib/postgresql/15/bin/";

}  // namespace

Result<std::unique_ptr<PrivatePostgres>> PrivatePostgres::start(const std::string& folder) {
  std::unique_ptr<PrivatePostgres> cluster(new PrivatePostgres(folder));
  if (!std::filesystem::exists(std::string(kPrograms) + "initdb")) {
    return fail(ErrorKind::unavailable, "PostgreSQL 15 is not installed: apt-get install postgresql-15");
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (geteuid() == 0) {
    const passwd* user = getpwnam("postgres");
    if (user == nullptr || chown(folder.c_str(), user->pw_uid, user->pw_gid) != 0) {
      return fail(ErrorKind::unavailable, "run as root, the demo needs the user 'postgres' for PostgreSQL");
    }
  }
  LOCKSTEP_CHECK(cluster->run(
      "initdb", {"-D", folder + "/cluster", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"}));
  std::ofstream settings(folder + "/cluster/postgresql.conf", std::ios::app);
  // The port only names the socket's file: nothing listens on the network.
  settings << "listen_addresses = ''\nunix_socket_directories = '" << folder
           << "'\nport = 5432\nwal_level = logical\nshared_buffers = 32MB\n";
  settings.close();
  LOCKSTEP_CHECK(
      cluster->run("pg_ctl", {"-D", folder + "/cluster", "-l", folder + "/server.log", "-w", "-t", "60", "start"}));
  return cluster;
}

PrivatePostgres::~PrivatePostgres() {
  const Result<void> stopped = run("pg_ctl", {"-D", folder_ + "/cluster", "-m", "immediate", "-w", "-t", "20", "stop"});
  static_cast<void>(stopped);  // it never came up, or is gone already: either way nothing is left to stop
}

std::string PrivatePostgres::connection() const {
  return "host=" + folder_ + " port=5432 dbname=postgres user=postgres";
}

Result<void> PrivatePostgres::run(const std::string& program, const std::vector<std::string>& arguments) const {
  const std::string path = kPrograms + program;
  std::vector<char*> argv{const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const passwd* user = geteuid() == 0 ? getpwnam("postgres") : nullptr;
  const std::string log = folder_ + "/tools.log";
  const pid_t child = fork();
  if (child == 0) {
    const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (output >= 0) {
      dup2(output, STDOUT_FILENO);
      dup2(output, STDERR_FILENO);
    }
    if (user != nullptr && (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
      _exit(126);
    if (chdir("/") != 0) _exit(126);
    setsid();  // Ctrl-C ends the demo, which then stops the server
    execv(path.c_str(), argv.data());
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return fail(ErrorKind::unavailable, program + " failed: see " + log);
  }
  return {};
}

}  // namespace lockstep::app
