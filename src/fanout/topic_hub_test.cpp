#include "fanout/topic_hub.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <vector>

namespace lockstep::fanout {
namespace {

std::shared_ptr<const Message> event(Seq seq, const std::string& source = "acme", std::size_t size = 10) {
  auto message = std::make_shared<Message>();
  message->seq = seq;
  message->source = SourceId(source);
  message->topics = {source, "*"};
  message->text = std::string(size, 'x');
  return message;
}

// A reader: what it was given, and how much it still takes.
struct Reader {
  std::vector<Seq> seen;
  std::size_t room = 1'000'000;
  std::optional<Seq> full_after;
  bool allowed = true;

  Listener listener() {
    return {[this](const Message&) { return allowed; },
            [this](const Message& one) {
              if (room == 0) return Delivered::full;
              --room;
              seen.push_back(one.seq);
              return Delivered::yes;
            },
            [this](Seq last) { full_after = last; }};
  }
};

HubLimits limits(std::size_t messages, std::size_t bytes = 1 << 20, std::size_t subscriptions = 100) {
  return {messages, bytes, subscriptions};
}

TEST(TopicHub, DeliversWhatIsKeptAndThenWhatComes) {
  TopicHub hub;
  for (Seq seq = 1; seq <= 3; ++seq) hub.publish(event(seq));
  Reader reader;
  ASSERT_TRUE(hub.subscribe("acme", 1, reader.listener()));
  hub.publish(event(4));
  EXPECT_EQ(reader.seen, (std::vector<Seq>{2, 3, 4}));
}

TEST(TopicHub, TellsAGapInsteadOfHidingIt) {  // P1
  TopicHub hub(limits(2));
  for (Seq seq = 1; seq <= 5; ++seq) hub.publish(event(seq));
  EXPECT_EQ(hub.replayable_after("acme"), 3u);
  Reader reader;
  EXPECT_FALSE(hub.subscribe("acme", 2, reader.listener()));
  EXPECT_TRUE(reader.seen.empty());
  EXPECT_TRUE(hub.subscribe("acme", 3, reader.listener()));
  EXPECT_EQ(reader.seen, (std::vector<Seq>{4, 5}));
}

TEST(TopicHub, WhatWasBeforeTheStartIsAGap) {
  TopicHub hub;
  hub.start_at(100);
  Reader reader;
  EXPECT_FALSE(hub.subscribe("acme", 99, reader.listener()));
  EXPECT_TRUE(hub.subscribe("acme", 100, reader.listener()));
  hub.publish(event(101));
  EXPECT_EQ(reader.seen, (std::vector<Seq>{101}));
}

TEST(TopicHub, AReaderAheadOfThePublisherGetsNothingTwice) {
  TopicHub hub;
  hub.publish(event(1));
  Reader reader;
  ASSERT_TRUE(hub.subscribe("acme", 3, reader.listener()));  // it has read 2 and 3 from the journal already
  for (Seq seq = 2; seq <= 4; ++seq) hub.publish(event(seq));
  EXPECT_EQ(reader.seen, (std::vector<Seq>{4}));
}

TEST(TopicHub, KeepsBoundedBytes) {  // O3
  TopicHub hub(limits(1000, 3 * 430));
  for (Seq seq = 1; seq <= 20; ++seq) hub.publish(event(seq, "acme", 30));
  EXPECT_EQ(hub.replayable_after("acme"), 17u);
}

TEST(TopicHub, ASlowReaderIsSetAsideAndTheOthersAreNot) {
  TopicHub hub;
  Reader slow;
  slow.room = 2;
  Reader quick;
  ASSERT_TRUE(hub.subscribe("acme", 0, slow.listener()));
  ASSERT_TRUE(hub.subscribe("acme", 0, quick.listener()));
  for (Seq seq = 1; seq <= 5; ++seq) hub.publish(event(seq));
  EXPECT_EQ(slow.full_after, 2u);
  EXPECT_EQ(slow.seen, (std::vector<Seq>{1, 2}));
  EXPECT_EQ(quick.seen.size(), 5u);
  EXPECT_EQ(hub.subscriptions(), 1u);
}

TEST(TopicHub, AReaderTooSlowForTheReplayIsSetAsideToo) {
  TopicHub hub;
  for (Seq seq = 1; seq <= 5; ++seq) hub.publish(event(seq));
  Reader slow;
  slow.room = 2;
  EXPECT_TRUE(hub.subscribe("acme", 0, slow.listener()));
  EXPECT_EQ(slow.full_after, 2u);
  EXPECT_EQ(hub.subscriptions(), 0u);
}

TEST(TopicHub, RefusesBeyondItsLimit) {
  TopicHub hub(limits(10, 100000, 1));
  Reader a;
  Reader b;
  const auto first = hub.subscribe("acme", 0, a.listener());
  ASSERT_TRUE(first);
  EXPECT_TRUE(hub.full());
  EXPECT_FALSE(hub.subscribe("acme", 0, b.listener()));
  hub.unsubscribe(*first);
  EXPECT_TRUE(hub.subscribe("acme", 0, b.listener()));
}

TEST(TopicHub, ASlowReaderGoesOnWhereItStands) {
  TopicHub hub;
  Reader slow;
  slow.room = 2;
  ASSERT_TRUE(hub.subscribe("acme", 0, slow.listener()));
  for (Seq seq = 1; seq <= 5; ++seq) hub.publish(event(seq));
  slow.room = 10;
  ASSERT_TRUE(hub.subscribe("acme", *slow.full_after, slow.listener()));
  hub.publish(event(6));
  EXPECT_EQ(slow.seen, (std::vector<Seq>{1, 2, 3, 4, 5, 6}));
}

TEST(TopicHub, RightsAreAskedForEachMessage) {  // P2
  TopicHub hub;
  Reader reader;
  ASSERT_TRUE(hub.subscribe("acme", 0, reader.listener()));
  hub.publish(event(1));
  reader.allowed = false;
  hub.publish(event(2));
  EXPECT_EQ(reader.seen, (std::vector<Seq>{1}));
}

TEST(TopicHub, EachTopicHasItsOwnListeners) {
  TopicHub hub;
  Reader acme;
  Reader all;
  ASSERT_TRUE(hub.subscribe("acme", 0, acme.listener()));
  ASSERT_TRUE(hub.subscribe("*", 0, all.listener()));
  hub.publish(event(1));
  hub.publish(event(2, "other"));
  EXPECT_EQ(acme.seen, (std::vector<Seq>{1}));
  EXPECT_EQ(all.seen, (std::vector<Seq>{1, 2}));
  EXPECT_TRUE(hub.listened("acme"));
  EXPECT_FALSE(hub.listened("other"));
}

TEST(TopicHub, WhatHasNoSequenceIsNotKept) {
  TopicHub hub;
  Reader there;
  ASSERT_TRUE(hub.subscribe("acme", 0, there.listener()));
  hub.publish(event(0));
  Reader late;
  ASSERT_TRUE(hub.subscribe("acme", 0, late.listener()));
  EXPECT_EQ(there.seen.size(), 1u);
  EXPECT_TRUE(late.seen.empty());
  EXPECT_EQ(hub.last_seq(), 0u);
}

TEST(TopicHub, WhatWasPassedOverIsAGapOfItsTopicOnly) {  // P1
  TopicHub hub;
  hub.publish(event(1));
  hub.pass_over("acme", 2);
  hub.publish(event(2, "other"));
  hub.publish(event(3));
  Reader reader;
  EXPECT_FALSE(hub.subscribe("acme", 1, reader.listener()));
  EXPECT_TRUE(hub.subscribe("acme", 2, reader.listener()));
  EXPECT_EQ(reader.seen, (std::vector<Seq>{3}));
  EXPECT_TRUE(hub.subscribe("other", 1, reader.listener()));
}

TEST(TopicHub, TopicsWithoutListenersAndMessagesCostNothing) {  // O3
  TopicHub hub(limits(2));
  for (Seq seq = 1; seq <= 100; ++seq) hub.publish(event(seq, "tenant" + std::to_string(seq)));
  EXPECT_EQ(hub.topics(), 3u);
  Reader reader;
  const auto id = hub.subscribe("room", 100, reader.listener());
  hub.unsubscribe(*id);
  EXPECT_EQ(hub.topics(), 3u);
}

TEST(TopicHub, AListenerMayLeaveAndOthersJoinWhileItIsCalled) {
  TopicHub hub;
  Reader second;
  std::optional<SubscriptionId> first;
  std::size_t called = 0;
  Listener leaving;
  leaving.wants = [](const Message&) { return true; };
  leaving.deliver = [&](const Message& one) {
    ++called;
    hub.unsubscribe(*first);
    hub.subscribe("acme", one.seq, second.listener());
    return Delivered::yes;
  };
  first = hub.subscribe("acme", 0, std::move(leaving));
  hub.publish(event(1));
  hub.publish(event(2));
  EXPECT_EQ(called, 1u);
  EXPECT_EQ(second.seen, (std::vector<Seq>{2}));
}

TEST(Message, IsWrappedOnceForEachProtocol) {
  const Message message;
  int made = 0;
  const auto make = [&] {
    ++made;
    return wire::text_frame("x");
  };
  const std::shared_ptr<const std::string> first = message.frame("sse", make).bytes();
  message.frame("socket.io /", make);
  EXPECT_EQ(message.frame("sse", make).bytes(), first);
  EXPECT_EQ(made, 2);
  for (int i = 0; i < 100; ++i) message.frame("client " + std::to_string(i), make);  // O3
  EXPECT_EQ(message.frames(), 8u);
}

// Whatever is published, evicted and subscribed in whatever order: a reader that resumes from what it has, and reads
// the journal when told of a gap, ends with every event of its source, once, in order.
TEST(TopicHubProperty, NoHoleNoDuplicateNoForeignEvent) {
  rc::check([] {
    TopicHub hub(limits(*rc::gen::inRange<std::size_t>(1, 8), *rc::gen::inRange<std::size_t>(410, 2000)));
    std::vector<std::shared_ptr<const Message>> journal;
    Reader reader;
    Seq after = 0;
    std::optional<SubscriptionId> subscription;
    const auto sync_up = [&] {
      if (!reader.seen.empty()) after = std::max(after, reader.seen.back());
    };
    const auto resume = [&] {
      sync_up();
      subscription = hub.subscribe("acme", after, reader.listener());
      if (subscription) return;
      for (const auto& one : journal) {  // the journal fills the gap
        if (one->seq > after && one->source.str() == "acme") reader.seen.push_back(one->seq);
      }
      after = journal.empty() ? after : journal.back()->seq;
      subscription = hub.subscribe("acme", after, reader.listener());
      RC_ASSERT(subscription.has_value());
    };
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 10));
    Seq seq = 0;
    for (const int step : steps) {
      if (step < 7) {
        auto one = event(seq += static_cast<Seq>(1 + step % 2), step % 3 == 0 ? "other" : "acme",
                         5 + static_cast<std::size_t>(step) * 7);
        journal.push_back(one);
        hub.publish(std::move(one));
      } else if (step == 7) {
        if (subscription) hub.unsubscribe(*subscription);
        subscription.reset();
        sync_up();
      } else if (!subscription) {
        resume();
      }
    }
    if (subscription) hub.unsubscribe(*subscription);
    resume();
    std::vector<Seq> expected;
    for (const auto& one : journal) {
      if (one->source.str() == "acme") expected.push_back(one->seq);
    }
    RC_ASSERT(reader.seen == expected);
  });
}

}  // namespace
}  // namespace lockstep::fanout
