#include "simulation/watched_connector.hpp"

#include <gtest/gtest.h>

#include "hub/fake_system.hpp"

namespace lockstep::simulation {
namespace {

class WatchedConnectorTest : public testing::Test {
 protected:
  connector::ManualLoop loop;
  TaskScope tasks;
  std::vector<std::string> unread, written;
  WatchedConnector watched{
      std::make_unique<hub::FakeSystem>(loop),
      loop.clock(),
      {[this](const connector::WriteRequest& request) { written.push_back(request.external_id); },
       [this](const connector::WriteRequest& request) { unread.push_back(request.record.str()); }}};

  template <class T>
  static Task<void> ended(Task<T> task) {
    co_await std::move(task);
  }
  template <class T>
  void run(Task<T> task) {
    tasks.spawn(ended(std::move(task)));
    loop.settle();
  }
  void write(const char* record) {
    connector::WriteRequest request;
    request.record = RecordId(record);
    request.object = "thing";
    request.external_id = std::string("of ") + record;
    request.document = JsonObject{{"name", record}};
    run(watched.write({request}));
  }
  void pull() {
    connector::PullRequest request;
    request.object = "thing";
    run(watched.pull(request));
  }
};

TEST_F(WatchedConnectorTest, TellsOfWritesBeforeAnythingWasRead) {
  run(watched.start());
  write("a");
  pull();
  write("b");
  EXPECT_EQ(unread, std::vector<std::string>{"a"});
  EXPECT_EQ(written, (std::vector<std::string>{"of a", "of b"}));
  run(watched.start());
  write("c");
  EXPECT_EQ(unread, (std::vector<std::string>{"a", "c"})) << "each start begins anew";
}

TEST_F(WatchedConnectorTest, WhatCanNotBeReadForAMinuteHoldsNothingUp) {
  run(watched.start());
  loop.run_for(WatchedConnector::kReadWithin);
  write("a");
  EXPECT_TRUE(unread.empty());
}

}  // namespace
}  // namespace lockstep::simulation
