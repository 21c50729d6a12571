// The commands that work with files and systems.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/commands/check.hpp"
#include "app/commands/fake_context.hpp"
#include "app/commands/init.hpp"
#include "app/commands/migrate.hpp"
#include "app/commands/schema.hpp"
#include "app/commands/starter.hpp"

namespace lockstep::app {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Level = connector::CheckLine::Level;
namespace fs = std::filesystem;

constexpr const char* good = R"(version: 1
sources:
  - id: acme
    systems:
      crm: {connector: fakecrm, location_id: abcd, token: {env: GHL_TOKEN}}
      db: {connector: fakedb, url: {env: DATABASE_URL}}
    entities:
      contact: {fields: {email: email}, systems: {crm: {object: contact, fields: "*"}, db: {object: contacts, fields: "*"}}}
)";

class CommandsTest : public ::testing::Test {
 protected:
  FakeContext fake;

  CommandsTest() {
    fake.environment.files["lockstep.yaml"] = good;
    fake.environment.variables = {{"GHL_TOKEN", "pit-x"}, {"DATABASE_URL", "postgres://u:p@h/d"}};
    fake.systems.checks["crm"] = std::vector<connector::CheckLine>{{Level::ok, "may read contacts", ""}};
    fake.systems.checks["db"] = std::vector<connector::CheckLine>{{Level::ok, "may write contacts", ""}};
    fake.systems.migrations["crm"] = std::vector<std::string>{};
    fake.systems.migrations["db"] = std::vector<std::string>{"created table contacts"};
  }
};

TEST_F(CommandsTest, CheckIsFineWhenAllIs) {
  EXPECT_EQ(fake.run(add_check, "check"), ExitCode::ok);
  EXPECT_THAT(fake.out(), HasSubstr("acme / crm  (fakecrm)\n  ok      may read contacts\n"));
  EXPECT_THAT(fake.out(), HasSubstr("lockstep.yaml is fine\n"));
  EXPECT_THAT(fake.err(), IsEmpty());
}

TEST_F(CommandsTest, CheckFailsWhenASystemRefuses) {
  fake.systems.checks["crm"] =
      std::vector<connector::CheckLine>{{Level::warning, "tags are read only", "ask for a scope"},
                                        {Level::problem, "may not write contacts", "give it contacts.write"}};
  EXPECT_EQ(fake.run(add_check, "check"), ExitCode::failed);
  EXPECT_THAT(fake.out(), HasSubstr("  problem may not write contacts\n          give it contacts.write\n"));
  EXPECT_THAT(fake.out(), HasSubstr("1 problem\n"));
}

TEST_F(CommandsTest, CheckFailsWhenASystemCannotBeReachedAndLooksAtTheOthers) {
  fake.systems.checks["crm"] = fail(ErrorKind::unavailable, "connection refused");
  EXPECT_EQ(fake.run(add_check, "check"), ExitCode::failed);
  EXPECT_THAT(fake.out(), HasSubstr("  problem connection refused\n"));
  EXPECT_THAT(fake.out(), HasSubstr("may write contacts"));
}

TEST_F(CommandsTest, CheckLooksAtTheTablesOfMembers) {
  fake.environment.files["lockstep.yaml"] =
      std::string(good) +
      "access: {members: [{system: db, table: user_sources, user: user_id, source: source_id, role: role}]}\n";
  fake.systems.tables.insert_or_assign("user_sources",
                                       std::vector<std::string>{R"({"user":"ann","source":"acme","role":"owner"})",
                                                                R"({"user":"ann","source":"acme","role":null})",
                                                                R"({"user":"bob","source":"acme","role":"viewer"})"});
  EXPECT_EQ(fake.run(add_check, "check"), ExitCode::ok) << fake.err();
  EXPECT_THAT(fake.out(), HasSubstr("  ok      members in user_sources: 2 in 3 rows\n"));
  EXPECT_THAT(fake.out(), HasSubstr("lockstep.yaml is fine\n"));
  fake.systems.tables.insert_or_assign("user_sources",
                                       std::vector<std::string>{R"({"user":"ann","source":"acme","role":"admin"})",
                                                                R"({"user":null,"source":"acme","role":"owner"})",
                                                                R"({"user":"bob","source":"acmee","role":"viewer"})"});
  EXPECT_EQ(fake.run(add_check, "check"), ExitCode::ok);
  EXPECT_THAT(fake.out(), HasSubstr("  ok      members in user_sources: 0 in 3 rows\n"));
  EXPECT_THAT(fake.out(), HasSubstr("  warning members in user_sources: 2 rows give no right\n"));
  EXPECT_THAT(fake.out(),
              HasSubstr("  warning members in user_sources: 1 rows name a source that is not configured\n"));
  EXPECT_THAT(fake.out(), HasSubstr("lockstep.yaml is fine, 2 warnings\n"));
  fake.systems.tables.insert_or_assign("user_sources", fail(ErrorKind::not_found, "no such relation"));
  EXPECT_EQ(fake.run(add_check, "check"), ExitCode::failed);
  EXPECT_THAT(fake.out(), HasSubstr("  problem members in user_sources: no such relation\n"));
}

TEST_F(CommandsTest, CheckTellsMistakesFromAMissingEnvironment) {
  fake.environment.variables.clear();
  EXPECT_EQ(fake.run(add_check, "check"), ExitCode::bad_environment);
  fake.environment.files["lockstep.yaml"] = std::string(good) + "servr: {}\n";
  EXPECT_EQ(fake.run(add_check, "check"), ExitCode::bad_input);
  EXPECT_THAT(fake.err(), HasSubstr("lockstep.yaml:9:1: unknown key \"servr\"; did you mean \"server\"?\n"));
  EXPECT_EQ(fake.run(add_check, "check --config missing.yaml"), ExitCode::bad_input);
  EXPECT_EQ(fake.run(add_check, "check --colour"), ExitCode::bad_input);
}

TEST_F(CommandsTest, CheckOfflineAsksNoSystem) {
  fake.systems.checks.clear();
  EXPECT_EQ(fake.run(add_check, "check --offline"), ExitCode::ok);
}

TEST_F(CommandsTest, CheckSpeaksJson) {
  EXPECT_EQ(fake.run(add_check, "check --json"), ExitCode::ok);
  const auto answer = parse_json(fake.out());
  ASSERT_TRUE(answer) << fake.out();
  EXPECT_EQ(answer->at("systems").at(0).at("lines").at(0).at("level"), "ok");
}

TEST_F(CommandsTest, CheckSpeaksJsonAboutProblems) {
  fake.environment.files["lockstep.yaml"] = std::string(good) + "servr: {}\n";
  EXPECT_EQ(fake.run(add_check, "check --json"), ExitCode::bad_input);
  const auto answer = parse_json(fake.out());
  ASSERT_TRUE(answer) << fake.out();
  EXPECT_EQ(answer->at("problems").at(0).at("line"), 9);
  EXPECT_EQ(answer->at("problems").at(0).at("kind"), "mistake");
}

TEST_F(CommandsTest, MigrateSaysWhatItDid) {
  EXPECT_EQ(fake.run(add_migrate, "migrate"), ExitCode::ok);
  EXPECT_EQ(fake.out(), "acme / crm\n  nothing to do\nacme / db\n  created table contacts\n");
}

TEST_F(CommandsTest, MigrateGoesOnAfterAFailure) {
  fake.systems.migrations["crm"] = fail(ErrorKind::unauthorized, "token refused");
  EXPECT_EQ(fake.run(add_migrate, "migrate"), ExitCode::failed);
  EXPECT_THAT(fake.err(), HasSubstr("acme / crm: token refused"));
  EXPECT_THAT(fake.out(), HasSubstr("created table contacts"));
}

TEST_F(CommandsTest, MigrateRefusesAnUnknownSource) {
  EXPECT_EQ(fake.run(add_migrate, "migrate --source nobody"), ExitCode::bad_input);
  EXPECT_THAT(fake.err(), HasSubstr("no source \"nobody\""));
}

TEST_F(CommandsTest, SchemaAndReferenceAreAboutTheSameKeys) {
  EXPECT_EQ(fake.run(add_schema, "schema"), ExitCode::ok);
  const auto schema = parse_json(fake.out());
  ASSERT_TRUE(schema);
  EXPECT_EQ(schema->at("$defs").at("connector_fakecrm").at("properties").at("token").at("writeOnly"), true);
  EXPECT_EQ(schema->at("$defs").at("connector_fakecrm").at("properties").at("page_size").at("default"), 100);
  FakeContext other;
  EXPECT_EQ(other.run(add_schema, "schema --reference"), ExitCode::ok);
  for (const auto& definition : schema->at("$defs").as_object()) {
    const auto* object = definition.value().as_object().if_contains("properties");
    if (object == nullptr) continue;
    for (const auto& key : object->as_object())
      EXPECT_THAT(other.out(), HasSubstr("| `" + std::string(key.key()) + "` |"));
  }
}

TEST_F(CommandsTest, InitWritesOnceAndNeverAgain) {
  const fs::path folder = fs::path(::testing::TempDir()) / ("lockstep-init-" + std::to_string(getpid()));
  fs::create_directories(folder);
  const std::string file = (folder / "lockstep.yaml").string();
  EXPECT_EQ(fake.run(add_init, "init --config " + file), ExitCode::ok);
  const auto written = ProcessEnvironment().file(file, 1 << 20);
  ASSERT_TRUE(written);
  EXPECT_EQ(*written, starter_config());
  std::ofstream(file) << "mine";
  EXPECT_EQ(fake.run(add_init, "init --config " + file), ExitCode::bad_input);
  EXPECT_THAT(fake.err(), HasSubstr("is there already"));
  EXPECT_EQ(*ProcessEnvironment().file(file, 1 << 20), "mine");
  EXPECT_EQ(fake.run(add_init, "init --config " + (folder / "no/such/folder/x").string()), ExitCode::bad_environment);
  fs::remove_all(folder);
}

TEST_F(CommandsTest, InitWritesARecipe) {
  const fs::path before = fs::current_path();
  const fs::path folder = fs::path(::testing::TempDir()) / ("lockstep-recipe-" + std::to_string(getpid()));
  fs::create_directories(folder);
  fs::current_path(folder);
  EXPECT_EQ(fake.run(add_init, "init --recipe"), ExitCode::ok);
  EXPECT_THAT(fake.out(), HasSubstr("crm-mirror\n"));
  EXPECT_EQ(fake.run(add_init, "init --recipe crm-mirror"), ExitCode::ok);
  for (const char* name : {"lockstep.yaml", "README.md", "migrations/0001_callers.sql"}) {
    const fs::path from = fs::path(LOCKSTEP_SOURCE_DIR) / "recipes/crm-mirror" / name;
    const auto written = ProcessEnvironment().file("crm-mirror/" + std::string(name), 1 << 20);
    ASSERT_TRUE(written) << name;
    EXPECT_EQ(*written, *ProcessEnvironment().file(from.string(), 1 << 20)) << name;
  }
  EXPECT_FALSE(fs::exists("crm-mirror/checklist.txt"));
  std::ofstream("crm-mirror/lockstep.yaml") << "mine";
  EXPECT_EQ(fake.run(add_init, "init --recipe crm-mirror"), ExitCode::bad_input);
  EXPECT_EQ(*ProcessEnvironment().file("crm-mirror/lockstep.yaml", 1 << 20), "mine");
  EXPECT_EQ(fake.run(add_init, "init --recipe nothing"), ExitCode::bad_input);
  EXPECT_THAT(fake.err(), HasSubstr("there is no recipe \"nothing\": crm-mirror"));
  fs::current_path(before);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace lockstep::app
