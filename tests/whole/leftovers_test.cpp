// What a killed program has left is removed by the next one, what others use is not.
#include "tests/support/leftovers.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/support/installation.hpp"
#include "tests/support/owner.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/small_disk.hpp"

namespace lockstep::tests {
namespace {

using Die = std::function<void(const std::string&)>;

// In a process of its own, which kills itself without any clean-up; what it told at last.
std::string last_words(const std::function<void(const Die&)>& work) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) return "";
  const pid_t child = fork();
  if (child == 0) {
    work([&](const std::string& told) {
      const bool written = write(pipe_ends[1], told.data(), told.size()) == static_cast<ssize_t>(told.size());
      raise(written ? SIGKILL : SIGTERM);
    });
    _exit(1);
  }
  close(pipe_ends[1]);
  char text[1'000];
  const ssize_t got = read(pipe_ends[0], text, sizeof text);
  close(pipe_ends[0]);
  waitpid(child, nullptr, 0);
  return {text, static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

TEST(Leftovers, AKilledProgramsFolderAndDiskAreRemoved) {
  const TestFolder ours;
  const std::filesystem::path left = last_words([](const Die& die) {
    const TestFolder folder;
    const SmallDisk disk(folder.path() / "data", std::size_t{1} << 20);
    std::ofstream(folder.path() / "data" / "file") << "x";
    die(folder.path().string());
  });
  ASSERT_TRUE(std::filesystem::exists(left / "data" / "file"));
  EXPECT_GE(remove_leftovers(), 1U);
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(ours.path()));
}

TEST(Leftovers, AKilledProgramsDatabaseIsEnded) {
  if (!PostgresCluster::installed()) GTEST_SKIP() << "no PostgreSQL 15 on this machine";
  const std::filesystem::path socket = last_words([](const Die& die) {
    const PostgresCluster cluster;
    die(cluster.socket());
  });
  std::ifstream file(socket.parent_path() / "data" / "postmaster.pid");
  pid_t server = 0;
  ASSERT_TRUE(file >> server);
  const std::string mark = process_mark(server);
  ASSERT_FALSE(mark.empty()) << "it runs on";
  EXPECT_GE(remove_leftovers(), 1U);
  EXPECT_NE(process_mark(server), mark);
  EXPECT_FALSE(std::filesystem::exists(socket.parent_path()));
}

TEST(Leftovers, ASignalEndsTheWorkAndWhatItLeft) {
  const TestFolder ours;
  const pid_t runner = fork();
  if (runner == 0) {
    _exit(run_and_clean_up([&] {
      const TestFolder folder;
      std::ofstream(ours.path() / "told") << folder.path().string() << std::flush;
      pause(std::chrono::minutes(5));
      return 0;
    }));
  }
  std::string left;
  EXPECT_TRUE(eventually(std::chrono::seconds(20), [&] {
    std::ifstream file(ours.path() / "told");
    return static_cast<bool>(std::getline(file, left)) && std::filesystem::exists(left);
  }));
  ::kill(runner, SIGTERM);
  int status = 0;
  waitpid(runner, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGTERM);
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(ours.path()));
}

}  // namespace
}  // namespace lockstep::tests
