#include "store/sqlite_store.hpp"

#include <sys/stat.h>

#include <fstream>

#include "store/sqlite_schema.hpp"
#include "store/store_work_contract.hpp"
#include "store/temporary_folder.hpp"

namespace lockstep::store {
namespace {

std::unique_ptr<SqliteStore> open_at(const std::filesystem::path& path) {
  auto opened = open_sqlite_store({.path = path});
  EXPECT_TRUE(opened) << opened.error().message;
  return opened ? std::move(*opened) : nullptr;
}

class SqliteFixture {
 public:
  Store& store() { return *store_; }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<SqliteStore> store_ = open_at(folder_.path() / "store.db");
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, StoreContract, SqliteFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, StoreWorkContract, SqliteFixture);

class SqliteStoreTest : public testing::Test {
 protected:
  std::filesystem::path path() const { return folder_.path() / "store.db"; }
  Error refused(const SqliteSettings& settings) {
    auto opened = open_sqlite_store(settings);
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }
  void execute(const std::string& sql) {
    auto database = Database::open(path(), Database::Mode::read_write, std::chrono::milliseconds(0));
    ASSERT_TRUE(database) << database.error().message;
    const auto done = (*database)->execute(sql);
    ASSERT_TRUE(done) << done.error().message;
  }

  TemporaryFolder folder_;
};

TEST_F(SqliteStoreTest, EverythingIsThereAfterReopening) {
  sync::Batch batch = sample::batch(1, "r1", 1, "d1");
  batch.outbox = {sample::outbox("r1", sample::db, sample::at(5))};
  ASSERT_TRUE(open_at(path())->commit(batch));
  const auto store = open_at(path());
  EXPECT_EQ(store->last_seq().value(), 1u);
  EXPECT_TRUE(store->seen(sample::source, sample::crm, "d1").value());
  EXPECT_EQ(store->record(sample::source, RecordId("r1")).value(), batch.records[0]);
  EXPECT_EQ(store->outbox(batch.outbox[0].key).value(), batch.outbox[0]);
  ASSERT_TRUE(store->commit(sample::batch(2, "r1", 2, "d2")));
  EXPECT_EQ(store->open_reader()->counts(sample::source).value().records, 1u);
}

TEST_F(SqliteStoreTest, TheSequenceGoesOnWhenTheJournalIsPrunedAway) {
  {
    const auto store = open_at(path());
    ASSERT_TRUE(store->commit(sample::batch(1, "r1", 1, "d1")));
    EXPECT_EQ(store->prune(sample::at(100), sample::at(100), 10).value(), 2u);
  }
  EXPECT_EQ(open_at(path())->last_seq().value(), 1u);
}

TEST_F(SqliteStoreTest, ASecondStoreOnTheSameFileIsRefused) {
  const auto first = open_at(path());
  const Error error = refused({.path = path()});
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
  EXPECT_THAT(error.message, testing::HasSubstr("in use by process " + std::to_string(::getpid())));
}

TEST_F(SqliteStoreTest, AnOldFileIsMigratedAndKeepsItsRows) {
  {
    auto database = Database::open(path(), Database::Mode::read_write, std::chrono::milliseconds(0));
    ASSERT_TRUE(database);
    ASSERT_TRUE(migrate(**database, 1));
    const std::string body = sync::encode_record(sample::record("r1", 4));
    ASSERT_TRUE((*database)->execute(
        "INSERT INTO source (name, records) VALUES ('location-1', 1); UPDATE meta SET value = 41"));
    ASSERT_TRUE(
        (*database)->run("INSERT INTO record (source, id, entity, deleted, revision, head, body) VALUES (1, 'r1', "
                         "'contact', 0, 4, 0, ?1)",
                         body));
    EXPECT_EQ((*database)->read_integer("PRAGMA user_version").value(), 1);
    EXPECT_EQ((*database)->read_integer("SELECT count(*) FROM sqlite_schema WHERE name = 'record_by_entity'").value(),
              0);
  }
  const auto store = open_at(path());
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->last_seq().value(), 41u);
  const auto reader = store->open_reader();
  const RecordFilter contacts{.entity = sample::contact, .query = "", .deleted = false};
  EXPECT_THAT(reader->list(sample::source, contacts, {}).value().items, testing::ElementsAre(sample::record("r1", 4)));
  ASSERT_TRUE(store->commit(sample::batch(42, "r1", 5, "d1")));
  auto database = Database::open(path(), Database::Mode::read_only, std::chrono::milliseconds(0));
  EXPECT_EQ((*database)->read_integer("PRAGMA user_version").value(), schema_version);
}

TEST_F(SqliteStoreTest, ANewerFileIsRefusedAndLeftAlone) {
  open_at(path());
  execute("PRAGMA user_version = 99");
  const Error error = refused({.path = path()});
  EXPECT_EQ(error.kind, ErrorKind::invalid);
  EXPECT_THAT(error.message, testing::AllOf(testing::HasSubstr("version 99"),
                                            testing::HasSubstr("up to version " + std::to_string(schema_version)),
                                            testing::HasSubstr("use a newer Lockstep")));
}

TEST_F(SqliteStoreTest, AnotherProgramsFileIsRefusedAndLeftAlone) {
  execute("CREATE TABLE theirs (x)");
  const auto before = std::filesystem::file_size(path());
  EXPECT_EQ(refused({.path = path()}).kind, ErrorKind::invalid);
  EXPECT_EQ(std::filesystem::file_size(path()), before);
  EXPECT_FALSE(std::filesystem::exists(path().string() + "-wal"));
}

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsCorrupt) {
  std::ofstream(path()) << std::string(8192, 'x');
  EXPECT_EQ(refused({.path = path()}).kind, ErrorKind::corrupt);
}

TEST_F(SqliteStoreTest, AMissingFolderIsAPlainError) {
  const Error error = refused({.path = folder_.path() / "no" / "store.db"});
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
  EXPECT_THAT(error.message, testing::HasSubstr("No such file"));
}

TEST_F(SqliteStoreTest, TheFilesAreForTheOwnerOnly) {
  const auto store = open_at(path());
  ASSERT_TRUE(store->commit(sample::batch(1, "r1", 1, "d1")));
  for (const char* suffix : {"", "-wal", ".lock"}) {
    struct stat status = {};
    ASSERT_EQ(::stat((path().string() + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
  }
}

TEST_F(SqliteStoreTest, DamagedPagesAreReportedAndStopTheStore) {
  {
    const auto store = open_at(path());
    sync::Batch batch;
    for (int i = 0; i < 2'000; ++i) batch.records.push_back(sample::record("r" + std::to_string(i), 1));
    ASSERT_TRUE(store->commit(batch));
  }
  {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path()));
    const std::string garbage(4096, '\x5a');
    for (std::streamoff page = 60 * 4096; page + 4096 <= size; page += 4096) {
      file.seekp(page);
      file.write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
    }
  }
  const auto store = open_at(path());
  ASSERT_NE(store, nullptr);
  sync::Batch batch;
  for (int i = 0; i < 2'000; ++i) batch.records.push_back(sample::record("r" + std::to_string(i), 2));
  const auto done = store->commit(batch);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::corrupt);
  sync::Batch harmless;
  harmless.state = {{sample::source, sample::crm, "k", Json(1)}};
  EXPECT_EQ(store->commit(harmless).error().kind, ErrorKind::corrupt) << "nothing is written to a damaged store";
}

// A2 rests on this: no room is `exhausted`, nothing of the batch is there, and the store goes on when there is room.
TEST_F(SqliteStoreTest, AFullFileRefusesTheBatchAndStaysUsable) {
  SqliteSettings settings{.path = path()};
  settings.file_bytes_limit = std::size_t{1} << 20;
  Seq seq = 0;
  {
    auto opened = open_sqlite_store(settings);
    ASSERT_TRUE(opened) << opened.error().message;
    Store& store = **opened;
    const auto reader = store.open_reader();
    Result<void> done;
    while ((done = store.commit(sample::batch(seq + 1, "r" + std::to_string(seq), 1, "d" + std::to_string(seq)))))
      ASSERT_LT(++seq, 10'000u);
    EXPECT_EQ(done.error().kind, ErrorKind::exhausted) << done.error().message;
    EXPECT_GT(seq, 100u);
    EXPECT_EQ(reader->last_seq().value(), seq);
    EXPECT_EQ(reader->counts(sample::source).value().records, seq);
    EXPECT_FALSE(reader->record(sample::source, RecordId("r" + std::to_string(seq))).value());
    EXPECT_FALSE(store.seen(sample::source, sample::crm, "d" + std::to_string(seq)).value());
    ASSERT_TRUE(store.prune(sample::at(100'000), sample::at(100'000), 10'000)) << "old rows make room";
    ASSERT_TRUE(store.commit(sample::batch(seq + 1, "r" + std::to_string(seq), 1, "d" + std::to_string(seq))));
  }
  const auto store = open_at(path());
  EXPECT_EQ(store->last_seq().value(), seq + 1);
}

TEST_F(SqliteStoreTest, AForeignLockMakesACommitUnavailable) {
  const auto store = open_at(path());
  auto tool = Database::open(path(), Database::Mode::read_write, std::chrono::milliseconds(0));
  ASSERT_TRUE((*tool)->execute("BEGIN IMMEDIATE"));
  // The wait is long; the tool lets go while the commit waits, and the commit goes through.
  std::thread release([&] { EXPECT_TRUE((*tool)->execute("COMMIT")); });
  EXPECT_TRUE(store->commit(sample::batch(1, "r1", 1, "d1")));
  release.join();
}

TEST_F(SqliteStoreTest, ItKnowsItsSize) {
  const auto store = open_at(path());
  const std::uint64_t before = store->size_bytes().value();
  sync::Batch batch;
  for (int i = 0; i < 1'000; ++i) batch.records.push_back(sample::record("r" + std::to_string(i), 1));
  ASSERT_TRUE(store->commit(batch));
  EXPECT_GT(store->size_bytes().value(), before + 200'000);
}

}  // namespace
}  // namespace lockstep::store
