#include "app/ports/sealed_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "app/ports/data_folder.hpp"
#include "store/temporary_folder.hpp"

namespace lockstep::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kKeyOne(64, '1');
const std::string kKeyTwo(64, '2');
const Json kTokens = JsonObject{{"access_token", "the-access-token"}, {"refresh_token", "the-refresh-token"}};

sync::StateRow row_of(const char* system, std::string key = "connector/secret/oauth", Json value = {}) {
  return {SourceId("acme"), SystemName(system), std::move(key), std::move(value)};
}

class SealedStoreTest : public ::testing::Test {
 protected:
  SealedStoreTest() { config.data_folder = (folder.path() / "data").string(); }

  Result<SealedStore> open() const { return open_sealed_store(config); }

  static sync::StateRow kept(const SealedStore& opened, sync::StateRow row) {
    row.value = opened.store->open_reader()->state(row.source, row.system, row.key).value();
    return row;
  }
  // Writes the rows as they are.
  static void write(store::Store& store, std::vector<sync::StateRow> rows) {
    sync::Batch batch;
    batch.state = std::move(rows);
    ASSERT_TRUE(store.commit(batch));
  }
  void keep_tokens(const char* system) const {
    const auto opened = open();
    ASSERT_TRUE(opened) << opened.error().message;
    write(*opened->store, {opened->vault->seal(row_of(system, "connector/secret/oauth", kTokens))});
  }
  Json tokens(const char* system) const {
    const auto opened = open();
    if (!opened) return Json(opened.error().message);
    const auto value = opened->vault->open(kept(*opened, row_of(system)));
    return value ? *value : Json(value.error().message);
  }
  // Everything that lies in the data folder, but for the key.
  std::string disk() const {
    std::ostringstream out;
    for (const auto& entry : std::filesystem::directory_iterator(config.data_folder)) {
      if (entry.path().filename() != "secret.key") out << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    }
    return out.str();
  }

  store::TemporaryFolder folder;
  ServerConfig config;
};

TEST_F(SealedStoreTest, TheDiskHoldsNoSecretAndTheKeyFileOpensItAgain) {
  keep_tokens("crm");
  EXPECT_THAT(disk(), AllOf(HasSubstr("connector/secret/oauth"), Not(HasSubstr("the-access-token")),
                            Not(HasSubstr("the-refresh-token"))));
  EXPECT_TRUE(std::filesystem::exists(key_file(config.data_folder)));
  EXPECT_EQ(tokens("crm"), kTokens);
}

TEST_F(SealedStoreTest, OtherStateStaysReadable) {
  const auto opened = open();
  ASSERT_TRUE(opened);
  const sync::StateRow cursor = row_of("crm", "connector/cursor", Json("page 2"));
  EXPECT_EQ(opened->vault->seal(cursor), cursor);
  EXPECT_EQ(opened->vault->open(cursor), cursor.value);
  EXPECT_TRUE(opened->vault->seal(row_of("crm")).value.is_null()) << "null erases a row";
  EXPECT_EQ(opened->vault->open(row_of("crm")), Json()) << "no row";
}

TEST_F(SealedStoreTest, ARowOpensInItsOwnPlaceOnly) {
  const auto opened = open();
  ASSERT_TRUE(opened);
  const sync::StateRow sealed = opened->vault->seal(row_of("crm", "connector/secret/oauth", kTokens));
  EXPECT_EQ(opened->vault->open(sealed), kTokens);
  std::vector<sync::StateRow> moved(3, sealed);
  moved[0].source = SourceId("other");
  moved[1].system = SystemName("crm2");
  moved[2].key = "connector/secret/other";
  for (const sync::StateRow& row : moved) {
    const auto value = opened->vault->open(row);
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().kind, ErrorKind::unauthorized);
  }
  // Neither does what somebody else wrote there.
  EXPECT_FALSE(opened->vault->open(row_of("crm", "connector/secret/oauth", kTokens)));
  EXPECT_FALSE(opened->vault->open(row_of("crm", "connector/secret/oauth", Json("text"))));
}

TEST_F(SealedStoreTest, SecretsOfOlderVersionsAreSealedAndLeaveNoTrace) {
  ASSERT_TRUE(make_data_folder(config.data_folder));
  {
    const auto store = store::open_sqlite_store({.path = store_file(config.data_folder)});
    ASSERT_TRUE(store);
    write(**store, {row_of("crm", "connector/oauth", kTokens), row_of("crm", "connector/oauth2", Json("no token"))});
  }
  EXPECT_THAT(disk(), HasSubstr("the-refresh-token"));
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_THAT(disk(), Not(HasSubstr("the-refresh-token"))) << "while the store is open";
  EXPECT_TRUE(kept(*opened, row_of("crm", "connector/oauth")).value.is_null());
  EXPECT_EQ(kept(*opened, row_of("crm", "connector/oauth2")).value, Json("no token"));
  EXPECT_EQ(opened->vault->open(kept(*opened, row_of("crm"))), kTokens);
}

TEST_F(SealedStoreTest, AConfiguredKeyMakesNoFile) {
  config.sealing.key = kKeyOne;
  keep_tokens("crm");
  EXPECT_EQ(tokens("crm"), kTokens);
  EXPECT_FALSE(std::filesystem::exists(key_file(config.data_folder)));
}

TEST_F(SealedStoreTest, AnotherKeyIsRefusedAndChangesNothing) {
  config.sealing.key = kKeyOne;
  keep_tokens("crm");
  config.sealing.key = kKeyTwo;
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unauthorized);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("acme / crm"), HasSubstr("server.sealing.key is another one"),
                                             HasSubstr("old_keys"), HasSubstr("forget-secrets")));
  EXPECT_THAT(refused.error().message, Not(HasSubstr(kKeyOne)));
  config.sealing.key.clear();
  EXPECT_THAT(open().error().message, HasSubstr("there is no "));
  EXPECT_FALSE(std::filesystem::exists(key_file(config.data_folder))) << "no new key while an old one is missing";
  config.sealing.key = kKeyOne;
  EXPECT_EQ(tokens("crm"), kTokens);
}

TEST_F(SealedStoreTest, AMissingKeyFileIsAskedForAndNotMadeAnew) {
  keep_tokens("crm");
  const auto away = folder.path() / "away.key";
  std::filesystem::rename(key_file(config.data_folder), away);
  EXPECT_THAT(open().error().message, HasSubstr("there is no " + key_file(config.data_folder).string()));
  EXPECT_FALSE(std::filesystem::exists(key_file(config.data_folder)));
  std::filesystem::rename(away, key_file(config.data_folder));
  EXPECT_EQ(tokens("crm"), kTokens);
}

TEST_F(SealedStoreTest, ANewKeyTakesOverFromAnOldOne) {
  config.sealing.key = kKeyOne;
  keep_tokens("crm");
  config.sealing = {.key = kKeyTwo, .old_keys = {kKeyOne}};
  EXPECT_EQ(tokens("crm"), kTokens);
  config.sealing.old_keys.clear();
  EXPECT_EQ(tokens("crm"), kTokens) << "sealed anew at the first start";
  // Back to a file: it is made, since nothing is lost.
  config.sealing = {.key = "", .old_keys = {kKeyTwo}};
  EXPECT_EQ(tokens("crm"), kTokens);
  config.sealing.old_keys.clear();
  EXPECT_EQ(tokens("crm"), kTokens);
}

TEST_F(SealedStoreTest, WithALostKeyOnlyWhatItSealedIsForgotten) {
  config.sealing.key = kKeyOne;
  keep_tokens("crm");
  config.sealing = {.key = kKeyTwo, .old_keys = {kKeyOne}};
  {
    const auto opened = open();
    ASSERT_TRUE(opened);
    write(*opened->store, {row_of("crm", "connector/cursor", Json("page 2"))});
  }
  EXPECT_EQ(forget_lost_secrets(config).value(), 0U);
  EXPECT_EQ(tokens("crm"), kTokens);
  config.sealing = {.key = kKeyOne, .old_keys = {}};
  EXPECT_FALSE(open());
  EXPECT_EQ(forget_lost_secrets(config).value(), 1U);
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->vault->open(kept(*opened, row_of("crm"))), Json());
  EXPECT_EQ(kept(*opened, row_of("crm", "connector/cursor")).value, Json("page 2"));
}

TEST_F(SealedStoreTest, AChangedBoxIsNoticedAtTheStart) {
  keep_tokens("crm");
  {
    const auto opened = open();
    ASSERT_TRUE(opened);
    sync::StateRow row = kept(*opened, row_of("crm"));
    row.system = SystemName("crm2");  // swapped between two tenants, as somebody with the file could
    write(*opened->store, {row});
  }
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("acme / crm2"), HasSubstr("was changed")));
  EXPECT_EQ(forget_lost_secrets(config).value(), 1U);
  EXPECT_EQ(tokens("crm"), kTokens);
}

}  // namespace
}  // namespace lockstep::app
