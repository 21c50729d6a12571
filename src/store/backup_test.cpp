#include "store/backup.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "store/sqlite_database.hpp"
#include "store/sqlite_store.hpp"
#include "store/store_sample.hpp"
#include "store/temporary_folder.hpp"

namespace lockstep::store {
namespace {

class BackupTest : public testing::Test {
 protected:
  TemporaryFolder folder;
  std::filesystem::path file = folder.path() / "store.db";
  std::filesystem::path copy = folder.path() / "copy.db";
  std::filesystem::path aside = folder.path() / "store.db.old";

  std::unique_ptr<SqliteStore> open() {
    auto store = open_sqlite_store({.path = file});
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
};

TEST_F(BackupTest, ACopyIsOneStateWhileCommitsGoOn) {
  auto store = open();
  ASSERT_TRUE(store->commit(sample::batch(1, "r1", 1, "d1")));
  std::atomic<Seq> committed = store->last_seq().value();
  std::atomic<bool> enough = false;
  std::thread writer([&] {
    for (int i = 2; !enough; ++i) {
      const Seq next = store->last_seq().value() + 1;
      ASSERT_TRUE(store->commit(sample::batch(next, "r" + std::to_string(i), 1, "d" + std::to_string(i))));
      committed = store->last_seq().value();
    }
  });
  while (committed < 50) std::this_thread::yield();
  const Seq before = committed;
  const auto done = back_up(file, copy);
  const Seq after = committed;
  enough = true;
  writer.join();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_GE(done->last_seq, before);
  EXPECT_LE(done->last_seq, after + 1);
  EXPECT_EQ(std::filesystem::status(copy).permissions() & std::filesystem::perms::mask,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto copied = open_sqlite_store({.path = copy});
  ASSERT_TRUE(copied);
  EXPECT_EQ((*copied)->last_seq().value(), done->last_seq);
  EXPECT_EQ((*copied)->open_reader()->counts(sample::source).value().records, done->records);
}

TEST_F(BackupTest, NothingIsOverwritten) {
  auto store = open();
  std::ofstream(copy) << "mine";
  EXPECT_EQ(back_up(file, copy).error().kind, ErrorKind::conflict);
  EXPECT_EQ(std::filesystem::file_size(copy), 4u);
}

TEST_F(BackupTest, ARestoredStoreReadsBackWhatWasWaiting) {
  {
    auto store = open();
    sync::Batch batch;
    for (const sync::OutboxState state : {sync::OutboxState::waiting, sync::OutboxState::claimed,
                                          sync::OutboxState::blocked, sync::OutboxState::dead}) {
      sync::OutboxRow row = sample::outbox("r" + std::to_string(batch.outbox.size()), sample::crm, sample::at(1));
      row.state = state;
      batch.outbox.push_back(row);
    }
    ASSERT_TRUE(store->commit(batch));
    ASSERT_TRUE(back_up(file, copy));
    ASSERT_TRUE(store->commit(sample::batch(1, "later", 1, "d1")));
    EXPECT_EQ(restore(copy, file, aside).error().kind, ErrorKind::unavailable) << "a store in use is left alone";
  }
  ASSERT_TRUE(restore(copy, file, aside));
  auto store = open();
  EXPECT_EQ(store->last_seq().value(), 0u);
  const auto rows = store->open_reader()->outbox(sample::source, {}, {}).value().items;
  ASSERT_EQ(rows.size(), 4u);
  for (const sync::OutboxRow& row : rows) {
    const bool dead = row.key.record == RecordId("r3");
    EXPECT_EQ(row.state, dead ? sync::OutboxState::dead : sync::OutboxState::unknown) << row.key.record.str();
  }
  EXPECT_TRUE(std::filesystem::exists(aside)) << "what was there is kept";
}

TEST_F(BackupTest, WhatIsNoBackupIsRefusedAndNothingMoves) {
  {
    open();
  }
  std::ofstream(copy) << "no database at all, but long enough to look like one";
  EXPECT_FALSE(restore(copy, file, aside));
  std::filesystem::remove(copy);
  {
    auto other = Database::open(copy, Database::Mode::read_write, std::chrono::milliseconds(0));
    ASSERT_TRUE((*other)->execute("CREATE TABLE theirs (x)"));
  }
  EXPECT_EQ(restore(copy, file, aside).error().kind, ErrorKind::invalid);
  EXPECT_FALSE(std::filesystem::exists(aside));
  EXPECT_NE(open(), nullptr);
}

}  // namespace
}  // namespace lockstep::store
