// The disk keeps what was synced, loses some of what was not, tears writes; SQLite on it survives every crash.
#include "simulation/sim_disk.hpp"

#include <gtest/gtest.h>

#include "simulation/sim_vfs.hpp"

namespace lockstep::simulation {
namespace {

TEST(SimDisk, SyncedWritesSurvive) {
  SeededRandom random(1);
  SimDisk disk(random);
  const auto file = disk.open("a");
  file->write(0, "hello");
  file->sync();
  for (int i = 0; i < 20; ++i) disk.lose_power();
  EXPECT_EQ(file->content(), "hello");
}

TEST(SimDisk, UnsyncedWritesMayBeLostOrTornAtSectors) {
  int kept = 0, lost = 0, torn = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SeededRandom random(seed);
    SimDisk disk(random);
    const auto file = disk.open("a");
    file->write(0, std::string(4 * kSectorBytes, 'a'));
    file->sync();
    file->write(0, std::string(4 * kSectorBytes, 'b'));
    disk.lose_power();
    std::size_t changed = 0;
    for (std::size_t sector = 0; sector < 4; ++sector) {
      const std::string bytes = file->content().substr(sector * kSectorBytes, kSectorBytes);
      const bool all_old = bytes == std::string(kSectorBytes, 'a');
      const bool all_new = bytes == std::string(kSectorBytes, 'b');
      ASSERT_TRUE(all_old || all_new) << "a sector is written whole or not at all";
      changed += all_new ? 1 : 0;
    }
    changed == 0 ? ++lost : changed == 4 ? ++kept : ++torn;
  }
  EXPECT_GT(kept, 0);
  EXPECT_GT(lost, 0);
  EXPECT_GT(torn, 0);
}

TEST(SimDisk, GrowthAndTruncationAreUndone) {
  bool shorter = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SeededRandom random(seed);
    SimDisk disk(random);
    const auto file = disk.open("a");
    file->write(0, "0123456789");
    file->sync();
    file->truncate(4);
    file->write(4, "xyz");
    disk.lose_power();
    const std::string& now = file->content();
    EXPECT_TRUE(now == "0123456789" || now == "0123" || now == "0123xyz" || now == "0123xyz789") << now;
    shorter = shorter || now.size() == 4;
  }
  EXPECT_TRUE(shorter);
}

struct Connection {
  sqlite3* raw = nullptr;
  Connection(const SimVfs& vfs, int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {
    EXPECT_EQ(sqlite3_open_v2("store.db", &raw, flags, vfs.name().c_str()), SQLITE_OK);
  }
  ~Connection() { sqlite3_close(raw); }
  int run(const std::string& sql) { return sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr); }
  std::int64_t number(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(raw, sql.c_str(), -1, &statement, nullptr), SQLITE_OK) << sqlite3_errmsg(raw);
    const int code = sqlite3_step(statement);
    EXPECT_EQ(code, SQLITE_ROW) << sqlite3_errmsg(raw);
    const std::int64_t out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return out;
  }
  std::string text(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(raw, sql.c_str(), -1, &statement, nullptr), SQLITE_OK);
    sqlite3_step(statement);
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    std::string out = bytes == nullptr ? "" : bytes;
    sqlite3_finalize(statement);
    return out;
  }
};

constexpr const char* kWal = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8";

TEST(SimVfs, SeveralConnectionsShareAFileInWalMode) {
  SeededRandom random(3);
  SimDisk disk(random);
  ManualClock clock;
  SimVfs vfs("sim-test-share", {{"", &disk}}, clock, 1);
  Connection writer(vfs);
  ASSERT_EQ(writer.run(std::string(kWal) + "; CREATE TABLE t (x)"), SQLITE_OK);
  Connection reader(vfs, SQLITE_OPEN_READONLY);
  ASSERT_EQ(reader.run("BEGIN"), SQLITE_OK);
  EXPECT_EQ(reader.number("SELECT count(*) FROM t"), 0);
  ASSERT_EQ(writer.run("INSERT INTO t VALUES (1)"), SQLITE_OK);
  EXPECT_EQ(reader.number("SELECT count(*) FROM t"), 0) << "its snapshot stands";
  ASSERT_EQ(reader.run("COMMIT"), SQLITE_OK);
  EXPECT_EQ(reader.number("SELECT count(*) FROM t"), 1);
  Connection second(vfs);
  ASSERT_EQ(second.run("BEGIN IMMEDIATE"), SQLITE_OK);
  EXPECT_EQ(writer.run("INSERT INTO t VALUES (2)"), SQLITE_BUSY) << "one writer at a time";
}

// A1 rests on this: whatever was committed is there after a crash at any operation, whole transactions only.
TEST(SimVfs, CommittedTransactionsSurviveALossOfPowerAtAnyOperation) {
  int crashes = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SeededRandom random(seed);
    SimDisk disk(random);
    ManualClock clock;
    std::int64_t committed = 0;
    bool tried_more = false;
    {
      SimVfs vfs("sim-test-crash", {{"", &disk}}, clock, seed);
      Connection writer(vfs);
      ASSERT_EQ(writer.run(std::string(kWal) + "; CREATE TABLE t (x, y)"), SQLITE_OK);
      const std::uint64_t crash_at = disk.operations() + random.below(120);
      disk.judge = [&](DiskOperation) {
        if (disk.operations() > crash_at) vfs.kill();
        return DiskVerdict::done;
      };
      for (int i = 0; i < 30 && !vfs.killed(); ++i) {
        const std::string rows = "INSERT INTO t VALUES (" + std::to_string(i) + ", randomblob(300))";
        const bool done = writer.run("BEGIN IMMEDIATE; " + rows + "; " + rows + "; COMMIT") == SQLITE_OK;
        if (done) ++committed;
        tried_more = !done;
      }
      crashes += vfs.killed() ? 1 : 0;
      vfs.kill();
      disk.judge = nullptr;
      disk.lose_power();
    }
    SimVfs vfs("sim-test-crash", {{"", &disk}}, clock, seed + 1);
    Connection after(vfs);
    EXPECT_EQ(after.text("PRAGMA integrity_check"), "ok") << "seed " << seed;
    const std::int64_t rows = after.number("SELECT count(*) FROM t");
    EXPECT_GE(rows, 2 * committed) << "seed " << seed;
    EXPECT_LE(rows, 2 * (committed + (tried_more ? 1 : 0))) << "seed " << seed;
    EXPECT_EQ(rows % 2, 0) << "half a transaction; seed " << seed;
  }
  EXPECT_GT(crashes, 200);
}

TEST(SimVfs, AFullDiskRefusesAndGoesOnWhenThereIsRoom) {
  SeededRandom random(5);
  SimDisk disk(random);
  ManualClock clock;
  SimVfs vfs("sim-test-full", {{"", &disk}}, clock, 1);
  Connection writer(vfs);
  ASSERT_EQ(writer.run(std::string(kWal) + "; CREATE TABLE t (x)"), SQLITE_OK);
  disk.judge = [](DiskOperation operation) {
    return operation == DiskOperation::write ? DiskVerdict::full : DiskVerdict::done;
  };
  EXPECT_EQ(writer.run("INSERT INTO t VALUES (1)"), SQLITE_FULL);
  disk.judge = nullptr;
  EXPECT_EQ(writer.run("INSERT INTO t VALUES (1)"), SQLITE_OK);
  EXPECT_EQ(writer.number("SELECT count(*) FROM t"), 1);
}

}  // namespace
}  // namespace lockstep::simulation
