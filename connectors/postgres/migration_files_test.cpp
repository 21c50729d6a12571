#include "connectors/postgres/migration_files.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "connectors/postgres/test_database.hpp"

namespace lockstep::postgres {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class MigrationFilesTest : public TestDatabase {
 protected:
  void SetUp() override {
    TestDatabase::SetUp();
    if (IsSkipped()) return;
    folder_ = std::filesystem::path(testing::TempDir()) / ("migrations-" + name_ + "-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    Settings settings;
    settings.url = url("postgres");
    auto opened = Session::open(settings, SessionKind::sql);
    ASSERT_TRUE(opened);
    session_ = std::move(*opened);
  }
  void TearDown() override {
    session_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
    TestDatabase::TearDown();
  }
  void file(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  Result<std::vector<std::string>> run(const std::string& source = "s",
                                       std::map<std::string, std::string, std::less<>> variables = {}) {
    Settings settings;
    settings.migrations = folder_.string();
    settings.variables = std::move(variables);
    return run_migration_files(*session_, settings, SourceId(source));
  }

  std::filesystem::path folder_;
  std::unique_ptr<Session> session_;
};

TEST_F(MigrationFilesTest, InTheOrderOfTheirNamesAndOnceEach) {
  file("0002_rows.sql", "INSERT INTO a VALUES (1); INSERT INTO a VALUES (2)");
  file("0001_table.sql", "CREATE TABLE a (x int)");
  file("notes.txt", "no SQL");
  auto done = run();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(*done, ElementsAre("run 0001_table.sql", "run 0002_rows.sql"));
  done = run("another");
  ASSERT_TRUE(done);
  EXPECT_THAT(*done, IsEmpty());
  EXPECT_EQ(sql("SELECT count(*) FROM a"), "2");
  file("0002_rows.sql", "INSERT INTO a VALUES (3)");  // changed: runs again
  done = run();
  ASSERT_TRUE(done);
  EXPECT_THAT(*done, ElementsAre("run 0002_rows.sql"));
  EXPECT_EQ(sql("SELECT count(*) FROM a"), "3");
}

TEST_F(MigrationFilesTest, AMistakeNamesFileAndLineAndUndoesAll) {
  file("0001_table.sql", "CREATE TABLE a (x int)");
  file("0002_bad.sql", "-- ä comment\nINSERT INTO a VALUES (1);\nINSERT INTO nowhere VALUES (1);\n");
  const auto done = run();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("0002_bad.sql, line 3: SQLSTATE 42P01"));
  EXPECT_EQ(sql("SELECT to_regclass('a') IS NULL AND to_regclass('lockstep.migrations') IS NULL"), "t");
  file("0002_bad.sql", "SELECT 1");
  EXPECT_TRUE(run());
}

TEST_F(MigrationFilesTest, AFileMayNotEndTheTransaction) {
  file("0001.sql", "SELECT 1; COMMIT");
  const auto done = run();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("0001.sql ends the transaction"));
}

TEST_F(MigrationFilesTest, FilesForEachSourceAreToldWhichAndWithWhat) {
  file("0001_table.sql", "CREATE TABLE a (id text PRIMARY KEY, name text)");
  file(
      "0002_row.each.sql",
      "INSERT INTO a VALUES (current_setting('lockstep.source'), current_setting('lockstep.name')) ON CONFLICT (id) DO "
      "UPDATE SET name = excluded.name");
  auto done = run("one", {{"name", "O'Neil"}});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(*done, ElementsAre("run 0001_table.sql", "run 0002_row.each.sql for one"));
  EXPECT_THAT(*run("two", {{"name", "Two"}}), ElementsAre("run 0002_row.each.sql for two"));
  EXPECT_THAT(*run("one", {{"name", "O'Neil"}}), IsEmpty());
  EXPECT_THAT(*run("one", {{"name", "New"}}), ElementsAre("run 0002_row.each.sql for one"));
  EXPECT_EQ(sql("SELECT string_agg(id || '=' || name, ' ' ORDER BY id) FROM a"), "one=New two=Two");
}

TEST_F(MigrationFilesTest, AFolderThatIsNotThereIsSaid) {
  std::filesystem::remove_all(folder_);
  const auto done = run();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::invalid);
  EXPECT_THAT(done.error().message, HasSubstr("can not be read"));
}

// As migrate and every start do it: before the tables of the mapping are looked at.
TEST_F(MigrationFilesTest, TheConnectorRunsThemBeforeItsOwn) {
  file("0001_table.sql",
       "CREATE TABLE contacts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, email text, score numeric, "
       "tags "
       "text[], at timestamptz, big text, visits bigint, extra jsonb)");
  open({{"migrations", folder_.string()}});
  EXPECT_EQ(done_.front(), "run 0001_table.sql");
  EXPECT_EQ(std::ranges::count_if(done_, [](const auto& step) { return step.starts_with("create table"); }), 0);
}

}  // namespace
}  // namespace lockstep::postgres
