#include "fanout/event_stream.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <vector>

namespace lockstep::fanout {
namespace {

Event event(Seq seq, const std::string& source = "acme", std::size_t size = 10) {
  return {seq, SourceId(source), std::make_shared<const std::string>(size, 'x')};
}

// A reader: what it was given, and how much it still takes.
struct Reader {
  std::vector<Seq> seen;
  std::size_t room = 1'000'000;
  bool dropped = false;
  SourceId only;

  Subscriber subscriber() {
    return {[this](const SourceId& source) { return only.empty() || source == only; },
            [this](const Event& one) {
              if (room == 0) return Delivered::full;
              --room;
              seen.push_back(one.seq);
              return Delivered::yes;
            },
            [this] { dropped = true; }};
  }
};

TEST(EventStream, DeliversWhatIsKeptAndThenWhatComes) {
  EventStream stream;
  for (Seq seq = 1; seq <= 3; ++seq) stream.publish(event(seq));
  Reader reader;
  ASSERT_TRUE(stream.subscribe(1, reader.subscriber()));
  stream.publish(event(4));
  EXPECT_EQ(reader.seen, (std::vector<Seq>{2, 3, 4}));
}

TEST(EventStream, TellsAGapInsteadOfHidingIt) {  // P1
  EventStream stream(2);
  for (Seq seq = 1; seq <= 5; ++seq) stream.publish(event(seq));
  EXPECT_EQ(stream.first_kept(), 4u);
  Reader reader;
  EXPECT_FALSE(stream.subscribe(2, reader.subscriber()));
  EXPECT_TRUE(reader.seen.empty());
  EXPECT_TRUE(stream.subscribe(3, reader.subscriber()));
  EXPECT_EQ(reader.seen, (std::vector<Seq>{4, 5}));
}

TEST(EventStream, WhatWasBeforeTheStartIsAGap) {
  EventStream stream;
  stream.start_at(100);
  Reader reader;
  EXPECT_FALSE(stream.subscribe(99, reader.subscriber()));
  EXPECT_TRUE(stream.subscribe(100, reader.subscriber()));
  stream.publish(event(101));
  EXPECT_EQ(reader.seen, (std::vector<Seq>{101}));
}

TEST(EventStream, AReaderAheadOfThePublisherGetsNothingTwice) {
  EventStream stream;
  stream.publish(event(1));
  Reader reader;
  ASSERT_TRUE(stream.subscribe(3, reader.subscriber()));  // it has read 2 and 3 from the journal already
  for (Seq seq = 2; seq <= 4; ++seq) stream.publish(event(seq));
  EXPECT_EQ(reader.seen, (std::vector<Seq>{4}));
}

TEST(EventStream, KeepsBoundedBytes) {  // O3
  EventStream stream(1000, 100);
  for (Seq seq = 1; seq <= 20; ++seq) stream.publish(event(seq, "acme", 30));
  EXPECT_EQ(stream.first_kept(), 18u);
}

TEST(EventStream, ASlowReaderIsDroppedAndTheOthersAreNot) {
  EventStream stream;
  Reader slow;
  slow.room = 2;
  Reader quick;
  ASSERT_TRUE(stream.subscribe(0, slow.subscriber()));
  ASSERT_TRUE(stream.subscribe(0, quick.subscriber()));
  for (Seq seq = 1; seq <= 5; ++seq) stream.publish(event(seq));
  EXPECT_TRUE(slow.dropped);
  EXPECT_EQ(slow.seen, (std::vector<Seq>{1, 2}));
  EXPECT_EQ(quick.seen.size(), 5u);
  EXPECT_EQ(stream.subscribers(), 1u);
}

TEST(EventStream, AReaderTooSlowForTheReplayIsDroppedToo) {
  EventStream stream;
  for (Seq seq = 1; seq <= 5; ++seq) stream.publish(event(seq));
  Reader slow;
  slow.room = 2;
  EXPECT_TRUE(stream.subscribe(0, slow.subscriber()));
  EXPECT_TRUE(slow.dropped);
  EXPECT_EQ(stream.subscribers(), 0u);
}

TEST(EventStream, RefusesBeyondItsLimit) {
  EventStream stream(10, 1000, 1);
  Reader a;
  Reader b;
  const auto first = stream.subscribe(0, a.subscriber());
  ASSERT_TRUE(first);
  EXPECT_TRUE(stream.full());
  EXPECT_FALSE(stream.subscribe(0, b.subscriber()));
  stream.unsubscribe(*first);
  EXPECT_TRUE(stream.subscribe(0, b.subscriber()));
}

// Whatever is published, evicted and subscribed in whatever order: a reader that resumes from what it has, and reads
// the journal when told of a gap, ends with every event of its source, once, in order.
TEST(EventStreamProperty, NoHoleNoDuplicateNoForeignEvent) {
  rc::check([] {
    EventStream stream(*rc::gen::inRange<std::size_t>(1, 8), *rc::gen::inRange<std::size_t>(10, 200));
    std::vector<Event> journal;
    Reader reader;
    reader.only = SourceId("acme");
    Seq after = 0;
    std::optional<SubscriptionId> subscription;
    const auto sync_up = [&] {
      if (!reader.seen.empty()) after = std::max(after, reader.seen.back());
    };
    const auto resume = [&] {
      sync_up();
      subscription = stream.subscribe(after, reader.subscriber());
      if (subscription) return;
      for (const Event& one : journal) {  // the journal fills the gap
        if (one.seq > after && one.source == reader.only) reader.seen.push_back(one.seq);
      }
      after = journal.empty() ? after : journal.back().seq;
      subscription = stream.subscribe(after, reader.subscriber());
      RC_ASSERT(subscription.has_value());
    };
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 10));
    Seq seq = 0;
    for (const int step : steps) {
      if (step < 7) {
        Event one = event(seq += static_cast<Seq>(1 + step % 2), step % 3 == 0 ? "other" : "acme",
                          5 + static_cast<std::size_t>(step) * 7);
        journal.push_back(one);
        stream.publish(std::move(one));
      } else if (step == 7) {
        if (subscription) stream.unsubscribe(*subscription);
        subscription.reset();
        sync_up();
      } else if (!subscription) {
        resume();
      }
    }
    if (subscription) stream.unsubscribe(*subscription);
    resume();
    std::vector<Seq> expected;
    for (const Event& one : journal) {
      if (one.source == reader.only) expected.push_back(one.seq);
    }
    RC_ASSERT(reader.seen == expected);
  });
}

}  // namespace
}  // namespace lockstep::fanout
