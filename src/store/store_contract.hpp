// The contract of every store as tests: one body, run against each implementation.
//
// A test file describes its implementation with a Fixture type and instantiates the suite:
//   struct MyFixture {
//     Store& store();  // empty at first
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(My, StoreContract, MyFixture);
// What waits (outbox, inbox, conflicts, state) is in store_work_contract.hpp, a second suite for the same fixture.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "store/limits.hpp"
#include "store/store_sample.hpp"

namespace lockstep::store {

template <class Fixture>
class StoreContract : public testing::Test {
 protected:
  Store& store() { return fixture_.store(); }
  void commit(const sync::Batch& batch) {
    const Result<void> done = store().commit(batch);
    ASSERT_TRUE(done) << done.error().message;
  }
  ErrorKind refused(const sync::Batch& batch) {
    const Result<void> done = store().commit(batch);
    EXPECT_FALSE(done) << "the batch should not fit";
    return done ? ErrorKind::invalid : done.error().kind;
  }

  Fixture fixture_;
};

TYPED_TEST_SUITE_P(StoreContract);

TYPED_TEST_P(StoreContract, AnEmptyStoreAnswersWithNothing) {
  Store& store = this->store();
  const auto reader = store.open_reader();
  EXPECT_EQ(store.last_seq().value(), 0u);
  EXPECT_FALSE(store.seen(sample::source, sample::crm, "d1").value());
  EXPECT_FALSE(store.record(sample::source, RecordId("r1")).value());
  EXPECT_EQ(reader->last_seq().value(), 0u);
  EXPECT_EQ(reader->first_seq().value(), 1u);
  EXPECT_FALSE(reader->record(sample::source, RecordId("r1")).value());
  EXPECT_TRUE(reader->list(sample::source, {}, {}).value().items.empty());
  EXPECT_TRUE(reader->journal(SourceId(), 0, 10).value().empty());
  EXPECT_TRUE(reader->state(sample::source, sample::crm, "cursor").value().is_null());
  EXPECT_EQ(reader->counts(sample::source).value().records, 0u);
}

TYPED_TEST_P(StoreContract, ABatchIsThereAfterCommit) {
  sync::Batch batch;
  batch.first_seq = 1;
  batch.markers = {{sample::source, sample::crm, "d1", sample::at(1)}};
  batch.records = {sample::record("r1", 1)};
  batch.links = {{{sample::source, sample::crm, "contact", "c1"}, RecordId("r1")}};
  batch.matches = {{{sample::source, sample::contact, "email=a@x"}, RecordId("r1")}};
  batch.journal = {sample::entry(1, "r1")};
  batch.outbox = {sample::outbox("r1", sample::db, sample::at(5))};
  batch.inbox = {sample::inbox(1, sync::InboxKind::identity)};
  batch.conflicts = {sample::conflict(1, "r1", "email", true)};
  batch.state = {{sample::source, sample::crm, "cursor", Json("page 2")}};
  this->commit(batch);

  Store& store = this->store();
  EXPECT_EQ(store.last_seq().value(), 1u);
  EXPECT_TRUE(store.seen(sample::source, sample::crm, "d1").value());
  EXPECT_FALSE(store.seen(sample::source, sample::db, "d1").value());
  EXPECT_FALSE(store.seen(sample::other, sample::crm, "d1").value());
  EXPECT_EQ(store.record(sample::source, RecordId("r1")).value(), batch.records[0]);
  EXPECT_FALSE(store.record(sample::other, RecordId("r1")).value());
  EXPECT_EQ(store.linked(batch.links[0].key).value(), RecordId("r1"));
  EXPECT_EQ(store.matching(batch.matches[0].key).value(), std::vector{RecordId("r1")});
  EXPECT_EQ(store.outbox(batch.outbox[0].key).value(), batch.outbox[0]);
  EXPECT_EQ(store.inbox(1).value(), batch.inbox[0]);
  EXPECT_EQ(store.open_conflicts(sample::source, RecordId("r1")).value(), batch.conflicts);

  const auto reader = store.open_reader();
  EXPECT_EQ(reader->last_seq().value(), 1u);
  EXPECT_EQ(reader->record(sample::source, RecordId("r1")).value(), batch.records[0]);
  EXPECT_EQ(reader->linked(batch.links[0].key).value(), RecordId("r1"));
  EXPECT_EQ(reader->journal(sample::source, 0, 10).value(), batch.journal);
  EXPECT_EQ(reader->history(sample::source, RecordId("r1"), 10).value(), batch.journal);
  EXPECT_EQ(reader->outbox_of(sample::source, RecordId("r1")).value(), batch.outbox);
  EXPECT_EQ(reader->inbox(sample::source, {}).value().items, batch.inbox);
  EXPECT_EQ(reader->conflicts(sample::source, true, {}).value().items, batch.conflicts);
  EXPECT_EQ(reader->state(sample::source, sample::crm, "cursor").value(), Json("page 2"));
}

// A1, A3: a batch that does not fit leaves nothing, whatever part of it does not fit.
TYPED_TEST_P(StoreContract, AConflictingBatchLeavesNothing) {
  sync::Batch first = sample::batch(1, "r1", 1, "d1");
  this->commit(first);

  sync::Batch wrong_seq = sample::batch(3, "r2", 1, "d2");
  sync::Batch marker_again = sample::batch(2, "r2", 1, "d1");
  sync::Batch marker_twice = sample::batch(2, "r2", 1, "d2");
  marker_twice.markers.push_back(marker_twice.markers.front());
  sync::Batch revision_behind = sample::batch(2, "r1", 1, "d2");
  sync::Batch revision_ahead = sample::batch(2, "r1", 3, "d2");
  sync::Batch revision_of_new = sample::batch(2, "r2", 2, "d2");
  for (sync::Batch* batch :
       {&wrong_seq, &marker_again, &marker_twice, &revision_behind, &revision_ahead, &revision_of_new}) {
    // A second, fitting record in front: it must not stay either. The source is new as well.
    batch->records.insert(batch->records.begin(), sample::record("r9", 1));
    batch->state = {{sample::other, sample::crm, "cursor", Json(1)}};
    EXPECT_EQ(this->refused(*batch), ErrorKind::conflict);
  }
  const auto reader = this->store().open_reader();
  EXPECT_EQ(this->store().last_seq().value(), 1u);
  EXPECT_EQ(reader->last_seq().value(), 1u);
  EXPECT_FALSE(this->store().seen(sample::source, sample::crm, "d2").value());
  EXPECT_FALSE(reader->record(sample::source, RecordId("r9")).value());
  EXPECT_FALSE(reader->record(sample::source, RecordId("r2")).value());
  EXPECT_EQ(reader->record(sample::source, RecordId("r1")).value(), first.records[0]);
  EXPECT_TRUE(reader->state(sample::other, sample::crm, "cursor").value().is_null());
  EXPECT_EQ(reader->counts(sample::source).value().records, 1u);
  EXPECT_EQ(reader->journal(SourceId(), 0, 10).value().size(), 1u);

  this->commit(sample::batch(2, "r1", 2, "d2"));  // and the store is as usable as before
  sync::Batch other;
  other.state = {{sample::other, sample::crm, "cursor", Json(1)}};
  this->commit(other);
  EXPECT_EQ(reader->state(sample::other, sample::crm, "cursor").value(), Json(1));
  using Rows = std::vector<sync::StateRow>;
  EXPECT_EQ(reader->states("cur").value(), Rows({{sample::other, sample::crm, "cursor", Json(1)}}));
  EXPECT_EQ(reader->states("cursors").value(), Rows());
}

TYPED_TEST_P(StoreContract, JournalEntriesMustBeConsecutive) {
  sync::Batch batch;
  batch.first_seq = 1;
  batch.journal = {sample::entry(1, "r1"), sample::entry(3, "r1")};
  EXPECT_EQ(this->refused(batch), ErrorKind::invalid);
  batch.journal[1].seq = 2;
  this->commit(batch);
  EXPECT_EQ(this->store().last_seq().value(), 2u);
  sync::Batch again = batch;
  EXPECT_EQ(this->refused(again), ErrorKind::conflict);
}

TYPED_TEST_P(StoreContract, ARecordMayChangeTwiceInABatch) {
  sync::Batch batch = sample::batch(1, "r1", 1, "d1");
  batch.records.push_back(sample::record("r1", 2));
  this->commit(batch);
  EXPECT_EQ(this->store().record(sample::source, RecordId("r1")).value()->revision, 2u);
  EXPECT_EQ(this->store().open_reader()->counts(sample::source).value().records, 1u);
}

TYPED_TEST_P(StoreContract, LinksAndMatchesAreErasedBeforeTheyArePut) {
  const sync::LinkKey key{sample::source, sample::crm, "contact", "c1"};
  const sync::MatchKey match{sample::source, sample::contact, "email=a@x"};
  sync::Batch batch;
  batch.links = {{key, RecordId("r1")}};
  batch.matches = {{match, RecordId("r2")}, {match, RecordId("r1")}};
  this->commit(batch);
  EXPECT_EQ(this->store().matching(match).value(), (std::vector{RecordId("r1"), RecordId("r2")}));

  sync::Batch moved;
  moved.links_erased = {key};
  moved.links = {{key, RecordId("r2")}};
  moved.matches_erased = {{match, RecordId("r1")}};
  this->commit(moved);
  EXPECT_EQ(this->store().linked(key).value(), RecordId("r2"));
  EXPECT_EQ(this->store().matching(match).value(), std::vector{RecordId("r2")});

  sync::Batch gone;
  gone.links_erased = {key};
  this->commit(gone);
  EXPECT_FALSE(this->store().linked(key).value());
}

TYPED_TEST_P(StoreContract, RecordsAreListedPageByPage) {
  sync::Batch batch;
  for (int i = 0; i < 25; ++i) {
    sync::Record record = sample::record("r" + std::to_string(100 + i), 1);
    if (i % 5 == 0) record.entity = EntityName("order");
    if (i % 10 == 0) record.deleted = true;
    if (i == 7) record.fields["name"].value = Json("Ñandú \"Müller\" <7>");
    batch.records.push_back(record);
  }
  batch.records.push_back(sample::record("r100", 1));
  batch.records.back().source = sample::other;
  this->commit(batch);
  const auto reader = this->store().open_reader();
  const auto all_of = [&](RecordFilter filter, std::size_t limit) {
    std::vector<std::string> ids;
    PageRequest request{"", limit};
    for (int pages = 0; pages < 50; ++pages) {
      const auto page = reader->list(sample::source, filter, request).value();
      EXPECT_LE(page.items.size(), limit);
      for (const auto& record : page.items) ids.push_back(record.id.str());
      if (page.next.empty()) break;
      request.after = page.next;
    }
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    return ids;
  };
  for (const std::size_t limit : {1, 2, 7, 22, 25, 100}) {
    EXPECT_EQ(all_of({}, limit).size(), 22u) << limit;
    EXPECT_EQ(all_of({.entity = {}, .query = "", .deleted = true}, limit).size(), 25u) << limit;
    EXPECT_EQ(all_of({.entity = EntityName("order"), .query = "", .deleted = false}, limit).size(), 2u) << limit;
  }
  EXPECT_THAT(all_of({.entity = {}, .query = "ÑANDÚ", .deleted = false}, 3), testing::ElementsAre("r107"));
  EXPECT_THAT(all_of({.entity = {}, .query = "\"müLLER\" <", .deleted = false}, 3), testing::ElementsAre("r107"));
  EXPECT_THAT(all_of({.entity = {}, .query = "no such text", .deleted = false}, 3), testing::IsEmpty());
  EXPECT_TRUE(all_of({.entity = {}, .query = "contact", .deleted = false}, 3).empty())
      << "names of entities are no values";
}

TYPED_TEST_P(StoreContract, AListOfBusinessesHasTheirsOnly) {
  sync::Batch batch;
  const std::vector<std::string> owners = {"cafe", "cafe \"7\"", "salon", "", "cafeteria"};
  for (std::size_t i = 0; i < 20; ++i) {
    sync::Record record = sample::record("r" + std::to_string(100 + i), 1);
    record.fields["owner"].value = i % 5 == 3 ? Json() : Json(owners[i % 5]);
    record.fields["name"].value = Json(i % 2 == 0 ? "cafe" : "salon");  // what is said elsewhere does not count
    if (i >= 15) record.entity = EntityName("order");
    record.deleted = i == 5;
    batch.records.push_back(record);
  }
  this->commit(batch);
  const auto reader = this->store().open_reader();
  const auto of = [&](OwnedBy owned, RecordFilter filter = {}) {
    filter.owned = std::move(owned);
    std::vector<std::string> ids;
    const auto page = reader->list(sample::source, filter, {"", 100}).value();
    for (const auto& record : page.items) ids.push_back(record.id.str());
    return ids;
  };
  const std::map<EntityName, std::string> contacts{{sample::contact, "owner"}};
  EXPECT_THAT(of({contacts, {"cafe"}}), testing::ElementsAre("r100", "r110"));
  EXPECT_THAT(of({contacts, {"cafe"}}, {.entity = {}, .query = "", .deleted = true}),
              testing::ElementsAre("r100", "r105", "r110"));
  EXPECT_THAT(of({contacts, {"cafe \"7\""}}), testing::ElementsAre("r101", "r106", "r111"));
  EXPECT_THAT(of({contacts, {"cafe", "salon"}}, {.entity = EntityName("order"), .query = "", .deleted = false}),
              testing::IsEmpty())
      << "the entity does not say whose it is";
  EXPECT_THAT(of({{{sample::contact, std::string(sync::kOwnId)}}, {"r102", "r115"}}), testing::ElementsAre("r102"));
  EXPECT_THAT(of({contacts, {}}), testing::IsEmpty());
  EXPECT_THAT(of({{}, {"cafe"}}), testing::IsEmpty());
}

TYPED_TEST_P(StoreContract, AFilteredListReadsABoundedNumberOfRecords) {
  sync::Batch batch;
  const std::size_t total = limits::list_scan + 10;
  for (std::size_t i = 0; i < total; ++i) {
    sync::Record record;
    record.id = RecordId(std::to_string(100'000 + i));
    record.source = sample::source;
    record.entity = sample::contact;
    record.revision = 1;
    record.fields["name"].value = Json(i + 1 == total ? "needle" : "hay");
    batch.records.push_back(std::move(record));
  }
  this->commit(batch);
  const auto reader = this->store().open_reader();
  const RecordFilter filter{.entity = {}, .query = "needle", .deleted = false};
  const auto first = reader->list(sample::source, filter, {"", 10}).value();
  EXPECT_TRUE(first.items.empty());
  ASSERT_FALSE(first.next.empty()) << "there is more to look at";
  const auto second = reader->list(sample::source, filter, {first.next, 10}).value();
  EXPECT_EQ(second.items.size(), 1u);
  EXPECT_TRUE(second.next.empty());
}

TYPED_TEST_P(StoreContract, RecordsComeInTheOrderAsked) {
  sync::Batch batch;
  batch.records = {sample::record("a", 1), sample::record("b", 1), sample::record("c", 1)};
  this->commit(batch);
  const auto reader = this->store().open_reader();
  const auto found = reader->records(sample::source, {RecordId("c"), RecordId("x"), RecordId("a")}).value();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].id.str(), "c");
  EXPECT_EQ(found[1].id.str(), "a");
  const std::vector<RecordId> too_many(limits::record_ids + 1, RecordId("a"));
  EXPECT_EQ(reader->records(sample::source, too_many).error().kind, ErrorKind::invalid);
}

TYPED_TEST_P(StoreContract, TheJournalIsReadForwardAndHistoryBackward) {
  sync::Batch early;  // names a record that is not stored yet
  early.first_seq = 1;
  early.journal = {sample::entry(1, "r1"), sample::entry(2, ""), sample::entry(3, "r2")};
  this->commit(early);
  sync::Batch stored;
  stored.first_seq = 4;
  stored.records = {sample::record("r1", 1)};
  stored.journal = {sample::entry(4, "r1"), sample::entry(5, "r2"), sample::entry(6, "r1")};
  stored.journal[1].source = sample::other;
  this->commit(stored);
  sync::Batch about;  // journals about a record without changing it
  about.first_seq = 7;
  about.journal = {sample::entry(7, "r1")};
  this->commit(about);

  const auto reader = this->store().open_reader();
  const auto seqs = [](const std::vector<sync::JournalEntry>& entries) {
    std::vector<Seq> out;
    for (const auto& entry : entries) out.push_back(entry.seq);
    return out;
  };
  EXPECT_THAT(seqs(reader->journal(SourceId(), 0, 100).value()), testing::ElementsAre(1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(seqs(reader->journal(SourceId(), 2, 3).value()), testing::ElementsAre(3, 4, 5));
  EXPECT_THAT(seqs(reader->journal(sample::source, 2, 100).value()), testing::ElementsAre(3, 4, 6, 7));
  EXPECT_THAT(seqs(reader->journal(sample::other, 0, 100).value()), testing::ElementsAre(5));
  EXPECT_THAT(seqs(reader->history(sample::source, RecordId("r1"), 100).value()), testing::ElementsAre(7, 6, 4, 1));
  EXPECT_THAT(seqs(reader->history(sample::source, RecordId("r1"), 2).value()), testing::ElementsAre(7, 6));
  EXPECT_THAT(seqs(reader->history(sample::source, RecordId("r2"), 100).value()), testing::ElementsAre(3));
  EXPECT_THAT(seqs(reader->history(sample::source, RecordId(""), 100).value()), testing::IsEmpty());
  EXPECT_EQ(reader->journal(sample::other, 0, 1).value().front(), stored.journal[1]);
}

TYPED_TEST_P(StoreContract, TombstonesAreCountedApart) {
  this->commit(sample::batch(1, "r1", 1, "d1"));
  this->commit(sample::batch(2, "r2", 1, "d2"));
  sync::Batch gone = sample::batch(3, "r1", 2, "d3");
  gone.records[0].deleted = true;
  this->commit(gone);
  const auto reader = this->store().open_reader();
  EXPECT_EQ(reader->counts(sample::source).value().records, 1u);
  EXPECT_EQ(reader->counts(sample::source).value().tombstones, 1u);
  this->commit(sample::batch(4, "r1", 3, "d4"));
  EXPECT_EQ(reader->counts(sample::source).value().records, 2u);
  EXPECT_EQ(reader->counts(sample::source).value().tombstones, 0u);
  EXPECT_EQ(reader->counts(sample::other).value().records, 0u);
}

TYPED_TEST_P(StoreContract, PruningTakesTheOldEndAndNeverTheSequence) {
  for (int i = 1; i <= 10; ++i) {
    sync::Batch batch =
        sample::batch(static_cast<Seq>(i), "r1", static_cast<std::uint64_t>(i), "d" + std::to_string(i));
    batch.markers[0].at = batch.journal[0].at = sample::at(i);
    this->commit(batch);
  }
  Store& store = this->store();
  const auto reader = store.open_reader();
  EXPECT_EQ(reader->first_seq().value(), 1u);
  EXPECT_EQ(store.prune(sample::at(4), sample::at(6), 100).value(), 3u + 5u);
  EXPECT_EQ(reader->first_seq().value(), 6u);
  EXPECT_FALSE(store.seen(sample::source, sample::crm, "d3").value());
  EXPECT_TRUE(store.seen(sample::source, sample::crm, "d4").value());
  EXPECT_EQ(reader->journal(SourceId(), 0, 100).value().front().seq, 6u);
  EXPECT_EQ(reader->history(sample::source, RecordId("r1"), 100).value().size(), 5u);
  EXPECT_EQ(store.prune(sample::at(100), sample::at(100), 3).value(), 3u) << "at most as many as asked";
  while (store.prune(sample::at(100), sample::at(100), 3).value() != 0) {
  }
  EXPECT_TRUE(reader->history(sample::source, RecordId("r1"), 100).value().empty());
  EXPECT_EQ(store.last_seq().value(), 10u);
  EXPECT_EQ(reader->first_seq().value(), 11u);
}

TYPED_TEST_P(StoreContract, AnotherThreadSeesWholeBatchesOnly) {
  constexpr int batches = 200;
  std::atomic<bool> stop = false;
  std::atomic<int> torn = 0;
  std::atomic<int> reads = 0;
  const auto reader = this->store().open_reader();
  std::thread watcher([&] {
    // Every batch changes both records and adds an entry for each: the counts of one read always fit.
    Seq last = 0;
    while (!stop) {
      const auto both = reader->records(sample::source, {RecordId("a"), RecordId("b")});
      const auto seq = reader->last_seq();
      if (!both || !seq || (both->size() == 2 && both->at(0).revision != both->at(1).revision) || both->size() == 1 ||
          *seq < last)
        ++torn;
      if (seq) last = *seq;
      ++reads;
    }
  });
  for (int i = 1; i <= batches || reads < 20; ++i) {
    const auto revision = static_cast<std::uint64_t>(i);
    sync::Batch batch;
    batch.first_seq = 2 * revision - 1;
    batch.records = {sample::record("a", revision), sample::record("b", revision)};
    batch.journal = {sample::entry(batch.first_seq, "a"), sample::entry(batch.first_seq + 1, "b")};
    this->commit(batch);
    if (this->HasFatalFailure()) break;
  }
  stop = true;
  watcher.join();
  EXPECT_EQ(torn, 0);
}

REGISTER_TYPED_TEST_SUITE_P(StoreContract, AnEmptyStoreAnswersWithNothing, ABatchIsThereAfterCommit,
                            AConflictingBatchLeavesNothing, JournalEntriesMustBeConsecutive,
                            ARecordMayChangeTwiceInABatch, LinksAndMatchesAreErasedBeforeTheyArePut,
                            RecordsAreListedPageByPage, AListOfBusinessesHasTheirsOnly,
                            AFilteredListReadsABoundedNumberOfRecords, RecordsComeInTheOrderAsked,
                            TheJournalIsReadForwardAndHistoryBackward, TombstonesAreCountedApart,
                            PruningTakesTheOldEndAndNeverTheSequence, AnotherThreadSeesWholeBatchesOnly);

}  // namespace lockstep::store
