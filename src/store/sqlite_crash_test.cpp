// A1 and atomicity against a killed process: what was reported is there, and no half of a batch is.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.hpp"
#include "store/sqlite_store.hpp"
#include "store/store_sample.hpp"
#include "store/temporary_folder.hpp"

namespace lockstep::store {
namespace {

constexpr int rounds = 20;
constexpr std::size_t records_per_batch = 5;

SqliteSettings settings(const TemporaryFolder& folder) {
  // Small, so that kills meet checkpoints as well.
  return {.path = folder.path() / "store.db", .checkpoint_bytes = std::size_t{256} << 10};
}

// Batch n is marker "n", n-th revision of five records, and one journal entry for each.
sync::Batch numbered(std::uint64_t n) {
  sync::Batch batch;
  batch.first_seq = (n - 1) * records_per_batch + 1;
  batch.markers = {{sample::source, sample::crm, std::to_string(n), sample::at(1)}};
  for (std::size_t i = 0; i < records_per_batch; ++i) {
    batch.records.push_back(sample::record("r" + std::to_string(i), n));
    batch.journal.push_back(sample::entry(batch.first_seq + i, "r" + std::to_string(i)));
  }
  return batch;
}

[[noreturn]] void commit_until_killed(const TemporaryFolder& folder, int report) {
  auto store = open_sqlite_store(settings(folder));
  if (!store) ::_exit(2);
  std::uint64_t n = (*store)->last_seq().value() / records_per_batch;
  for (;;) {
    ++n;
    if (!(*store)->commit(numbered(n))) ::_exit(3);
    if (::write(report, &n, sizeof n) != sizeof n) ::_exit(4);
  }
}

// The number of whole batches in the store.
std::uint64_t check_whole(const TemporaryFolder& folder) {
  auto opened = open_sqlite_store(settings(folder));
  EXPECT_TRUE(opened) << opened.error().message;
  if (!opened) return 0;
  Store& store = **opened;
  const Seq last = store.last_seq().value();
  EXPECT_EQ(last % records_per_batch, 0u) << "half a batch";
  const std::uint64_t batches = last / records_per_batch;
  const auto reader = store.open_reader();
  for (std::size_t i = 0; i < records_per_batch && batches > 0; ++i) {
    const RecordId id("r" + std::to_string(i));
    EXPECT_EQ(store.record(sample::source, id).value(), sample::record(id.str(), batches));
    EXPECT_EQ(reader->history(sample::source, id, 10'000).value().size(), std::min<std::uint64_t>(batches, 10'000));
  }
  for (std::uint64_t n = 1; n <= batches; ++n)
    EXPECT_TRUE(store.seen(sample::source, sample::crm, std::to_string(n)).value()) << n;
  EXPECT_FALSE(store.seen(sample::source, sample::crm, std::to_string(batches + 1)).value());
  EXPECT_EQ(reader->counts(sample::source).value().records, batches > 0 ? records_per_batch : 0u);
  return batches;
}

TEST(SqliteCrash, WhatWasReportedIsThereAfterAKill) {
  TemporaryFolder folder;
  SeededRandom random(20'261'121);
  std::uint64_t total = 0;
  for (int round = 0; round < rounds && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      commit_until_killed(folder, ends[1]);
    }
    ::close(ends[1]);
    // The kill comes after a random number of reports, at whatever the child is doing by then.
    std::uint64_t reported = 0;
    std::uint64_t n = 0;
    std::uint64_t left = 1 + random.below(40);
    while (left > 0 && ::read(ends[0], &n, sizeof n) == sizeof n) reported = n, --left;
    for (volatile std::uint64_t spin = random.below(2'000'000); spin > 0;) spin = spin - 1;
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    while (::read(ends[0], &n, sizeof n) == sizeof n) reported = n;
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
    EXPECT_EQ(left, 0u);

    const std::uint64_t present = check_whole(folder);
    EXPECT_GE(present, reported) << "a reported batch is gone";
    EXPECT_LE(present, reported + 1) << "more than the one batch under way";
    total = present;
  }
  EXPECT_GE(total, static_cast<std::uint64_t>(rounds)) << "each round commits something";
}

}  // namespace
}  // namespace lockstep::store
