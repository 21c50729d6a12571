#include "connector/capture_link.hpp"

#include <gtest/gtest.h>

#include "connector/contract.hpp"

namespace lockstep::connector {
namespace {

std::vector<sync::Change> one_change() {
  sync::Change change;
  change.external_id = "a";
  return {change};
}

TEST(CaptureLink, DeliversOnTheLoopAndBringsTheAnswerBack) {
  TestLoop loop;
  RecordingSink sink;
  const auto link = std::make_shared<CaptureLink>(loop, sink);
  link->deliver(7, one_change());
  EXPECT_TRUE(sink.seen.empty()) << "only the loop's thread calls the sink";
  ASSERT_TRUE(loop.run_until([&] { return !sink.seen.empty(); }));
  EXPECT_EQ(link->wait(-1, std::chrono::seconds(10)), CaptureLink::Woke::by_link);
  const auto acks = link->take_acks();
  ASSERT_EQ(acks.size(), 1U);
  EXPECT_EQ(acks.front().delivery, 7U);
  EXPECT_TRUE(acks.front().durable);
  EXPECT_EQ(link->wait(-1, std::chrono::milliseconds(0)), CaptureLink::Woke::by_time) << "taken";
}

TEST(CaptureLink, ABatchThatCouldNotBeCommittedSaysSo) {
  TestLoop loop;
  RecordingSink sink;
  sink.holding = true;
  const auto link = std::make_shared<CaptureLink>(loop, sink);
  link->deliver(1, one_change());
  ASSERT_TRUE(loop.run_until([&] { return !sink.held.empty(); }));
  EXPECT_TRUE(link->take_acks().empty()) << "not before the sink has answered";
  sink.held.front()(fail(ErrorKind::unavailable, "disk full"));
  EXPECT_FALSE(link->take_acks().at(0).durable);
}

TEST(CaptureLink, ALossIsAnsweredLikeADelivery) {
  TestLoop loop;
  RecordingSink sink;
  sink.holding = true;
  const auto link = std::make_shared<CaptureLink>(loop, sink);
  link->lost(3, "the slot is gone");
  ASSERT_TRUE(loop.run_until([&] { return !sink.held.empty(); }));
  EXPECT_EQ(sink.losses, std::vector<std::string>{"the slot is gone"});
  EXPECT_TRUE(link->take_acks().empty());
  sink.held.front()(Result<void>());
  const auto acks = link->take_acks();
  ASSERT_EQ(acks.size(), 1U);
  EXPECT_EQ(acks.front().delivery, 3U);
  EXPECT_TRUE(acks.front().durable);
}

TEST(CaptureLink, AfterStopTheSinkIsNotCalled) {
  TestLoop loop;
  RecordingSink sink;
  const auto link = std::make_shared<CaptureLink>(loop, sink);
  link->deliver(1, one_change());
  link->lost(2, "x");
  link->status("y");
  link->stop();
  EXPECT_TRUE(link->stopping());
  EXPECT_EQ(link->wait(-1, std::chrono::seconds(10)), CaptureLink::Woke::by_link);
  bool ran = false;
  loop.post([&] { ran = true; });
  ASSERT_TRUE(loop.run_until([&] { return ran; }));
  EXPECT_TRUE(sink.seen.empty());
  EXPECT_TRUE(sink.losses.empty());
  EXPECT_TRUE(sink.statuses.empty());
}

TEST(CaptureLink, TheSameStatusIsSaidOnce) {
  TestLoop loop;
  RecordingSink sink;
  const auto link = std::make_shared<CaptureLink>(loop, sink);
  link->status("a");
  link->status("a");
  link->status("b");
  ASSERT_TRUE(loop.run_until([&] { return sink.statuses.size() >= 2; }));
  EXPECT_EQ(sink.statuses, (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace lockstep::connector
