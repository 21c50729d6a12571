// Event streams through the whole gateway: resume, catch-up from the journal, slow readers, rights, keep-alive.
#include <rapidcheck.h>

#include "gateway/gateway_world.hpp"

namespace lockstep::gateway {
namespace {

const std::string kEvents = "/api/v1/sources/acme/events";

// The sequences in a stream's text; checks the framing on the way.
std::vector<Seq> sequences(const std::string& text) {
  std::vector<Seq> out;
  std::size_t at = 0;
  while ((at = text.find("id: ", at)) != std::string::npos) {
    const Seq seq = std::stoull(text.substr(at + 4));
    const std::size_t line = text.find("\ndata: {", at);
    const std::size_t end = text.find("\n\n", at);
    EXPECT_LT(line, end);
    const Result<Json> data = parse_json(text.substr(line + 7, end - line - 7));
    EXPECT_EQ(data ? data->at("seq").to_number<Seq>() : 0, seq) << text.substr(at, 200);
    out.push_back(seq);
    at = end;
  }
  return out;
}

TEST(EventStreams, StartsLiveWithoutASequence) {
  World world;
  world.create("acme", "before@example.com");
  const Answer stream = world.call("viewer", "GET", kEvents);
  EXPECT_EQ(stream.response->headers.get("Content-Type"), "text/event-stream");
  EXPECT_TRUE(sequences(stream.body->text).empty());
  EXPECT_TRUE(stream.body->text.starts_with("retry: "));
  world.create("acme", "after@example.com");
  EXPECT_FALSE(sequences(stream.body->text).empty());
}

TEST(EventStreams, ResumesAfterAnySequence) {  // P1
  World world;
  for (int i = 0; i < 8; ++i) world.create(i % 2 == 0 ? "acme" : "other", "p" + std::to_string(i) + "@example.com");
  const std::vector<Seq> all = world.journal_of("acme");
  for (Seq after = 0; after <= world.hub->events().last_seq(); ++after) {
    const Answer stream = world.call("viewer", "GET", kEvents, "", {{"Last-Event-ID", std::to_string(after)}});
    ASSERT_TRUE(stream.body) << after;
    std::vector<Seq> expected;
    std::ranges::copy_if(all, std::back_inserter(expected), [&](Seq seq) { return seq > after; });
    EXPECT_EQ(sequences(stream.body->text), expected) << "after " << after;
  }
}

TEST(EventStreams, RefusesSequencesThatMakeNoSense) {
  World world;
  EXPECT_EQ(world.call("viewer", "GET", kEvents, "", {{"Last-Event-ID", "seven"}}).status(), 422u);
  EXPECT_EQ(world.call("viewer", "GET", kEvents + "?after=-1").status(), 422u);
  EXPECT_EQ(world.call("viewer", "GET", kEvents + "?after=99999999999999999999").status(), 422u);
  EXPECT_EQ(world.call("viewer", "GET", kEvents + "?after=5000").status(), 409u) << "from another store";
}

TEST(EventStreams, OnlyWhatTheCallerMaySee) {  // P2
  World world;
  const Answer own = world.call("viewer", "GET", "/api/v1/events");
  const Answer everything = world.call("admin", "GET", "/api/v1/events");
  world.create("other", "secret@example.com");
  world.create("acme", "known@example.com");
  EXPECT_EQ(own.body->text.find("\"other\""), std::string::npos);
  EXPECT_EQ(own.body->text.find("secret"), std::string::npos);
  EXPECT_NE(everything.body->text.find("\"other\""), std::string::npos);
  EXPECT_EQ(sequences(own.body->text), world.journal_of("acme"));
}

TEST(EventStreams, EndsWhenTheKeyIsTakenAway) {  // P2
  World world;
  const Answer stream = world.call("viewer", "GET", kEvents);
  const Answer narrowed = world.call("admin", "GET", "/api/v1/events");
  world.access.callers.erase("viewer");
  world.access.callers["admin"] = {"key admin", {}, {{SourceId("acme"), Role::viewer}}};
  world.loop.run_for(std::chrono::seconds(16));
  EXPECT_TRUE(stream.body->closed);
  EXPECT_FALSE(narrowed.body->closed);
  const std::size_t before = narrowed.body->text.size();
  world.access.callers["boss"] = {"key boss", Role::admin, {}};
  world.call("boss", "POST", "/api/v1/sources/other/records",
             R"({"entity":"contact","fields":{"email":"x@example.com"}})");
  EXPECT_EQ(narrowed.body->text.substr(before).find("\"other\""), std::string::npos);
}

TEST(EventStreams, SaysThatItLives) {
  World world;
  const Answer stream = world.call("viewer", "GET", kEvents);
  world.loop.run_for(std::chrono::seconds(31));
  EXPECT_NE(stream.body->text.find(": still here\n\n"), std::string::npos);
}

TEST(EventStreams, ASlowReaderIsClosedAndResumesWithoutAHole) {
  World world;
  const Answer stream = world.call("viewer", "GET", kEvents + "?after=0");
  stream.body->reading = false;
  stream.body->pending_limit = 1500;
  for (int i = 0; i < 10; ++i) world.create("acme", "p" + std::to_string(i) + "@example.com");
  EXPECT_TRUE(stream.body->closed);
  std::vector<Seq> seen = sequences(stream.body->text);
  const std::vector<Seq> all = world.journal_of("acme");
  ASSERT_LT(seen.size(), all.size());
  const Answer again =
      world.call("viewer", "GET", kEvents, "", {{"Last-Event-ID", std::to_string(seen.empty() ? 0 : seen.back())}});
  const std::vector<Seq> rest = sequences(again.body->text);
  seen.insert(seen.end(), rest.begin(), rest.end());
  EXPECT_EQ(seen, all);
}

TEST(EventStreams, AClosedReaderIsForgotten) {
  World world;
  const Answer stream = world.call("viewer", "GET", kEvents);
  ASSERT_EQ(world.hub->events().subscriptions(), 1u);
  stream.body->gone();
  EXPECT_EQ(world.hub->events().subscriptions(), 0u);
  world.gateway->close_streams();
}

TEST(EventStreams, CloseStreamsEndsThemAll) {
  World world;
  const Answer a = world.call("viewer", "GET", kEvents);
  const Answer b = world.call("admin", "GET", "/api/v1/events");
  world.gateway->close_streams();
  EXPECT_TRUE(a.body->closed);
  EXPECT_TRUE(b.body->closed);
  EXPECT_EQ(world.hub->events().subscriptions(), 0u);
}

// A hub that has forgotten what is in the journal (after a restart): the gap is read from the store, in pieces, while
// new events come in.
TEST(EventStreams, ReadsTheJournalWhereMemoryDoesNotReach) {
  World world;
  sync::Batch batch;
  batch.first_seq = world.hub->events().last_seq() + 1;
  for (Seq i = 0; i < 1200; ++i) {
    sync::JournalEntry entry;
    entry.seq = batch.first_seq + i;
    entry.source = SourceId(i % 3 == 0 ? "other" : "acme");
    entry.kind = "change";
    entry.body = Json(std::string(400, 'x'));
    batch.journal.push_back(std::move(entry));
  }
  ASSERT_TRUE(world.store.commit(batch));
  world.hub->events().start_at(batch.first_seq + 1199);
  const auto stream = world.send("viewer", "GET", kEvents + "?after=0");
  world.loop.settle();
  world.create("acme", "meanwhile@example.com");
  world.settle();
  EXPECT_EQ(sequences(stream->body->text), world.journal_of("acme"));
}

// P1: the journal is pruned; a reader that resumes from before that is told, and then gets what there is.
TEST(EventStreams, WhatTheJournalHasPrunedIsAGap) {
  World world;
  sync::Batch batch;
  batch.first_seq = 1;
  for (Seq seq = 1; seq <= 10; ++seq) {
    sync::JournalEntry entry;
    entry.seq = seq;
    entry.at = Time(std::chrono::seconds(seq));
    entry.source = SourceId("acme");
    entry.kind = "change";
    batch.journal.push_back(std::move(entry));
  }
  ASSERT_TRUE(world.store.commit(batch));
  world.hub->events().start_at(10);
  ASSERT_TRUE(world.store.prune(Time(), Time(std::chrono::seconds(6)), 100));
  const auto resume = [&](Seq after) {
    return world.call("viewer", "GET", kEvents, "", {{"Last-Event-ID", std::to_string(after)}}).body->text;
  };
  for (const Seq after : {0, 3, 4}) {
    const std::string text = resume(after);
    const std::string gap = "id: 5\nevent: gap\ndata: {\"from\":" + std::to_string(after + 1) + ",\"to\":5}\n\n";
    const std::size_t at = text.find(gap);
    ASSERT_NE(at, std::string::npos) << text;
    EXPECT_EQ(sequences(text.substr(at + gap.size())), (std::vector<Seq>{6, 7, 8, 9, 10}));
  }
  for (const Seq after : {5, 7, 10}) EXPECT_EQ(resume(after).find("gap"), std::string::npos) << after;
  ASSERT_TRUE(world.store.prune(Time(), Time(std::chrono::seconds(100)), 100));
  EXPECT_NE(resume(7).find("data: {\"from\":8,\"to\":10}"), std::string::npos) << "also when nothing is left";
  EXPECT_EQ(resume(10).find("gap"), std::string::npos);
  const Answer stream = world.call("viewer", "GET", kEvents + "?after=7");
  world.create("acme", "after@example.com");
  EXPECT_NE(stream.body->text.find("id: 11\n"), std::string::npos) << "and it goes on";
}

}  // namespace
}  // namespace lockstep::gateway
