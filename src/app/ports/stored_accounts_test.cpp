#include "app/ports/stored_accounts.hpp"

#include <gtest/gtest.h>

#include "app/ports/data_folder.hpp"
#include "app/ports/sealed_store.hpp"
#include "connector/manual_loop.hpp"
#include "store/temporary_folder.hpp"

namespace lockstep::app {
namespace {

class StoredAccountsTest : public ::testing::Test {
 protected:
  StoredAccountsTest() { config.data_folder = (folder.path() / "data").string(); }

  void open() {
    accounts.reset();
    opened = {};
    auto made = open_sealed_store(config);
    ASSERT_TRUE(made) << made.error().message;
    opened = std::move(*made);
    access::AccountsParts parts{&loop, &log, &loop, {}, wire::kCheapestPassword};
    parts.put = [this](sync::StateRow row, access::Accounts::Done done) {
      sync::Batch batch;
      batch.state.push_back(std::move(row));
      done(opened.store->commit(batch));
    };
    auto ready = open_accounts(*opened.store, *opened.vault, std::move(parts));
    ASSERT_TRUE(ready) << ready.error().message;
    accounts = std::move(*ready);
  }
  std::string sign_in() {
    std::string token;
    accounts->sign_in("ada", "correct horse battery", {}, [&](Result<access::SignedIn> in) {
      ASSERT_TRUE(in) << in.error().message;
      token = in->token;
    });
    loop.settle();
    return token;
  }

  store::TemporaryFolder folder;
  ServerConfig config;
  connector::ManualLoop loop;
  SilentLog log;
  SealedStore opened;
  std::unique_ptr<access::Accounts> accounts;
};

TEST_F(StoredAccountsTest, OutliveTheProcessAndAnotherSealingKey) {
  config.sealing.key = std::string(64, '1');
  open();
  accounts->add("ada", "correct horse battery", access::Role::admin, {}, [](Result<void> made) { EXPECT_TRUE(made); });
  loop.settle();
  const std::string token = sign_in();
  open();
  EXPECT_TRUE(accounts->identify(token));
  config.sealing = {std::string(64, '2'), {std::string(64, '1')}};
  open();
  EXPECT_TRUE(accounts->identify(token)) << "the key of the sessions was sealed anew";
  config.sealing.old_keys.clear();
  open();
  EXPECT_TRUE(accounts->identify(token));
}

TEST_F(StoredAccountsTest, ALostKeySignsEverybodyOutAndNothingElse) {
  config.sealing.key = std::string(64, '1');
  open();
  accounts->add("ada", "correct horse battery", access::Role::admin, {}, [](Result<void> made) { EXPECT_TRUE(made); });
  loop.settle();
  const std::string token = sign_in();
  accounts.reset();
  opened = {};
  config.sealing.key = std::string(64, '3');
  EXPECT_FALSE(open_sealed_store(config)) << "it is said first";
  EXPECT_EQ(forget_lost_secrets(config), 1U);
  open();
  EXPECT_FALSE(accounts->identify(token));
  EXPECT_TRUE(accounts->identify(sign_in()));
}

TEST_F(StoredAccountsTest, NoRowOfTheStoreSignsAnybodyIn) {
  open();
  accounts->add("ada", "correct horse battery", access::Role::admin, {}, [](Result<void> made) { EXPECT_TRUE(made); });
  loop.settle();
  const std::string token = sign_in();
  const auto rows = opened.store->open_reader()->states("");
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->size(), 3U) << "the account, the session, the key";
  const std::string secret = token.substr(token.rfind('_') + 1);
  for (const sync::StateRow& row : *rows) {
    EXPECT_EQ(to_text(row.value).find(secret), std::string::npos) << row.key;
    EXPECT_EQ(to_text(row.value).find("correct horse"), std::string::npos) << row.key;
  }
}

}  // namespace
}  // namespace lockstep::app
