#include "app/commands/command_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/ports/data_folder.hpp"
#include "store/temporary_folder.hpp"

namespace lockstep::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

template <class T>
T now(Task<T> task) {
  std::optional<T> result;
  TaskScope tasks;
  const auto keep = [](Task<T> inner, std::optional<T>* out) -> Task<void> {
    T value = co_await inner;
    out->emplace(std::move(value));
  };
  tasks.spawn(keep(std::move(task), &result));
  LOCKSTEP_ASSERT(result, "these ports answer at once");
  return std::move(*result);
}

class CommandStateTest : public ::testing::Test {
 protected:
  store::TemporaryFolder folder;
  const std::string data = (folder.path() / "data").string();
  const ServerConfig server_config = [this] {
    ServerConfig out;
    out.data_folder = data;
    return out;
  }();

  static SystemConfig system(const char* name, JsonObject settings) {
    SystemConfig out;
    out.connector = "fakecrm";
    out.settings.source = SourceId("acme");
    out.settings.system = SystemName(name);
    out.settings.settings = std::move(settings);
    return out;
  }
  static SystemConfig oauth() { return system("crm", {{"oauth", JsonObject{{"client_id", "c"}}}}); }
};

TEST_F(CommandStateTest, TokensOfOneCommandAreThereForTheNextAndForTheServer) {
  {
    CommandState command(server_config);
    auto port = command.state_of(oauth());
    ASSERT_TRUE(port);
    EXPECT_EQ(now((*port)->get("secret/oauth")).value(), Json(nullptr));
    ASSERT_TRUE(now((*port)->put("secret/oauth", JsonObject{{"refresh_token", "second"}})));
    EXPECT_EQ(now((*port)->get("secret/oauth")).value(), Json(JsonObject({{"refresh_token", "second"}})));
  }
  {
    CommandState command(server_config);
    auto port = command.state_of(oauth());
    ASSERT_TRUE(port);
    EXPECT_EQ(string_member(now((*port)->get("secret/oauth")).value(), "refresh_token"), "second");
    auto other = command.state_of(system("other", oauth().settings.settings));
    ASSERT_TRUE(other) << "one store serves all systems";
    EXPECT_EQ(now((*other)->get("secret/oauth")).value(), Json(nullptr));
  }
  auto opened = open_sealed_store(server_config);
  ASSERT_TRUE(opened);
  sync::StateRow row{SourceId("acme"), SystemName("crm"), "connector/secret/oauth", {}};
  row.value = opened->store->open_reader()->state(row.source, row.system, row.key).value();
  EXPECT_THAT(to_text(row.value), Not(HasSubstr("second")));
  EXPECT_EQ(string_member(opened->vault->open(row).value(), "refresh_token"), "second");
}

TEST_F(CommandStateTest, OAuthIsRefusedWhileAServerHoldsTheStore) {
  ASSERT_TRUE(make_data_folder(data));
  auto server = store::open_sqlite_store({.path = store_file(data)});
  ASSERT_TRUE(server);
  CommandState command(server_config);
  const auto refused = command.state_of(oauth());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("acme / crm uses OAuth"));
  EXPECT_TRUE(command.state_of(system("db", {{"url", "postgres://h/d"}}))) << "others need no store";
  server->reset();
  EXPECT_TRUE(command.state_of(oauth())) << "the server has stopped";
}

TEST_F(CommandStateTest, WhatAnotherSystemNotesIsThereForTheServer) {
  const SystemConfig db = system("db", {{"url", "postgres://h/d"}});
  {
    CommandState command(server_config);
    auto port = command.state_of(db);
    ASSERT_TRUE(port);
    EXPECT_EQ(now((*port)->get("missed")).value(), Json(nullptr));
    ASSERT_TRUE(now((*port)->put("catalog", "fields")));
    EXPECT_EQ(now((*port)->get("catalog")).value(), Json("fields"));
    EXPECT_FALSE(std::filesystem::exists(data)) << "what lasts as long as the command makes nothing";
    ASSERT_TRUE(now((*port)->put("missed", "a slot was made")));
  }
  auto server = store::open_sqlite_store({.path = store_file(data)});
  ASSERT_TRUE(server);
  const auto kept = (*server)->open_reader()->state(SourceId("acme"), SystemName("db"), "connector/missed");
  EXPECT_EQ(kept.value(), Json("a slot was made"));
  EXPECT_TRUE(
      (*server)->open_reader()->state(SourceId("acme"), SystemName("db"), "connector/catalog").value().is_null());
  CommandState command(server_config);
  auto port = command.state_of(db);
  ASSERT_TRUE(port);
  EXPECT_FALSE(now((*port)->put("missed", "again"))) << "a server holds the store";
  EXPECT_TRUE(now((*port)->put("catalog", "fields"))) << "and the rest does not need it";
}

}  // namespace
}  // namespace lockstep::app
