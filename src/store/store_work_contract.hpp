// The contract of every store, second part: what waits, and what connectors and jobs keep (see store_contract.hpp).
#pragma once

#include "store/store_contract.hpp"

namespace lockstep::store {

template <class Fixture>
class StoreWorkContract : public StoreContract<Fixture> {};

TYPED_TEST_SUITE_P(StoreWorkContract);

TYPED_TEST_P(StoreWorkContract, DueRowsComeInOrderOfDue) {
  sync::Batch batch;
  batch.outbox = {sample::outbox("r1", sample::db, sample::at(30)), sample::outbox("r2", sample::db, sample::at(10)),
                  sample::outbox("r3", sample::db, sample::at(20)), sample::outbox("r4", sample::db, sample::at(40)),
                  sample::outbox("r5", sample::crm, sample::at(5)), sample::outbox("r6", sample::db, sample::at(5)),
                  sample::outbox("r7", sample::db, sample::at(6)),  sample::outbox("r8", sample::db, sample::at(7))};
  batch.outbox[2].state = sync::OutboxState::claimed;
  batch.outbox[5].state = sync::OutboxState::dead;
  batch.outbox[6].state = sync::OutboxState::blocked;
  batch.outbox[7].state = sync::OutboxState::unknown;
  this->commit(batch);
  const auto reader = this->store().open_reader();
  const auto due = [&](int until, std::size_t limit) {
    std::vector<std::string> out;
    const auto rows = reader->outbox_due(sample::source, sample::db, sample::at(until), limit).value();
    for (const auto& row : rows) out.push_back(row.key.record.str());
    return out;
  };
  EXPECT_THAT(due(30, 10), testing::ElementsAre("r8", "r2", "r3", "r1"));
  EXPECT_THAT(due(29, 10), testing::ElementsAre("r8", "r2", "r3"));
  EXPECT_THAT(due(30, 1), testing::ElementsAre("r8"));
  EXPECT_THAT(due(6, 10), testing::IsEmpty());

  sync::Batch later;
  later.outbox = {batch.outbox[1]};
  later.outbox[0].due = sample::at(35);
  later.outbox[0].attempts = 3;
  later.outbox[0].error = "busy";
  later.outbox_erased = {batch.outbox[0].key, {sample::source, sample::db, RecordId("never there")}};
  this->commit(later);
  EXPECT_THAT(due(50, 10), testing::ElementsAre("r8", "r3", "r2", "r4"));
  EXPECT_EQ(this->store().outbox(batch.outbox[1].key).value(), later.outbox[0]);
  EXPECT_FALSE(this->store().outbox(batch.outbox[0].key).value());
}

TYPED_TEST_P(StoreWorkContract, RowsThatAnotherClockPutOffAreFound) {
  sync::Batch batch;
  for (const char* id : {"r1", "r2", "r3", "r4", "r5"})
    batch.outbox.push_back(sample::outbox(id, sample::db, sample::at(30)));
  batch.outbox[0].put_off(sample::at(21), std::chrono::seconds(20));
  batch.outbox[1].put_off(sample::at(20), std::chrono::seconds(20));
  batch.outbox[2].put_off(sample::at(25), std::chrono::seconds(5));
  batch.outbox[3].put_off(sample::at(40), std::chrono::seconds(0));
  batch.outbox[3].state = sync::OutboxState::unknown;
  batch.outbox[4].put_off(sample::at(40), std::chrono::seconds(0));
  batch.outbox[4].state = sync::OutboxState::dead;
  this->commit(batch);
  const auto reader = this->store().open_reader();
  const auto misdated = [&](int now, int after, std::size_t limit) {
    std::vector<std::string> out;
    const auto rows =
        reader->outbox_misdated(sample::source, sample::db, sample::at(now), sample::at(after), limit).value();
    for (const auto& row : rows) out.push_back(row.key.record.str());
    return out;
  };
  EXPECT_THAT(misdated(20, 20, 10), testing::ElementsAre("r3", "r4", "r1"));
  EXPECT_THAT(misdated(20, 30, 10), testing::ElementsAre("r4", "r1"));
  EXPECT_THAT(misdated(20, 30, 1), testing::ElementsAre("r4"));
  EXPECT_THAT(misdated(40, 20, 10), testing::IsEmpty());
}

TYPED_TEST_P(StoreWorkContract, TheOutboxIsListedAndCounted) {
  sync::Batch batch;
  for (int i = 0; i < 12; ++i) {
    sync::OutboxRow row =
        sample::outbox("r" + std::to_string(10 + i / 2), i % 2 == 0 ? sample::crm : sample::db, sample::at(i));
    row.state = static_cast<sync::OutboxState>(i % 5);
    batch.outbox.push_back(row);
  }
  this->commit(batch);
  const auto reader = this->store().open_reader();
  const auto all_of = [&](OutboxFilter filter, std::size_t limit) {
    std::vector<sync::OutboxRow> rows;
    PageRequest request{"", limit};
    for (int pages = 0; pages < 50; ++pages) {
      const auto page = reader->outbox(sample::source, filter, request).value();
      rows.insert(rows.end(), page.items.begin(), page.items.end());
      if (page.next.empty()) break;
      request.after = page.next;
    }
    return rows;
  };
  for (const std::size_t limit : {1, 5, 12, 50}) {
    EXPECT_EQ(all_of({}, limit), batch.outbox) << limit;
    EXPECT_EQ(all_of({.system = sample::crm, .state = {}}, limit).size(), 6u);
    EXPECT_EQ(all_of({.system = {}, .state = sync::OutboxState::dead}, limit).size(), 2u);
    EXPECT_EQ(all_of({.system = sample::db, .state = sync::OutboxState::dead}, limit).size(), 1u);
  }
  EXPECT_EQ(reader->outbox(sample::source, {}, {"nonsense", 1}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(reader->counts(sample::source).value().outbox_waiting, 10u);
  EXPECT_EQ(reader->counts(sample::source).value().outbox_dead, 2u);
}

TYPED_TEST_P(StoreWorkContract, ClaimsAndBlockedRowsAreFound) {
  sync::Batch batch;
  for (int i = 0; i < 10; ++i) {
    sync::OutboxRow row = sample::outbox("r" + std::to_string(i), sample::crm, sample::at(i));
    row.state = static_cast<sync::OutboxState>(i % 5);
    row.since = sample::at(100 - i);
    if (row.state == sync::OutboxState::blocked) row.waits_for = "crm/business/b1";
    if (row.in_flight()) row.sent = {{"email", "a@example.com"}, {"phone", nullptr}};
    row.creates = i != 6;
    batch.outbox.push_back(row);
  }
  this->commit(batch);
  const auto claims = this->store().claims(sample::source, sample::crm, sample::contact).value();
  ASSERT_EQ(claims.size(), 3u) << "an update is no create";
  EXPECT_EQ(claims[0], batch.outbox[1]);
  EXPECT_EQ(claims[2], batch.outbox[7]);
  EXPECT_EQ(this->store().outbox(batch.outbox[6].key).value(), batch.outbox[6]) << "what was sent is kept";
  EXPECT_TRUE(this->store().claims(sample::source, sample::db, sample::contact).value().empty());
  const auto blocked = this->store().outbox_waiting(sample::source, "crm/business/b1").value();
  ASSERT_EQ(blocked.size(), 2u);
  EXPECT_EQ(blocked[0], batch.outbox[8]) << "the one that waits longest comes first";
  EXPECT_EQ(blocked[1], batch.outbox[3]);
  EXPECT_TRUE(this->store().outbox_waiting(sample::source, "other").value().empty());
}

// Given up by a person: kept, not due, and neither waiting nor dead.
TYPED_TEST_P(StoreWorkContract, DiscardedRowsRest) {
  sync::Batch batch;
  batch.outbox = {sample::outbox("r1", sample::crm, sample::at(1)), sample::outbox("r2", sample::crm, sample::at(1))};
  batch.outbox[0].state = sync::OutboxState::dead;
  this->commit(batch);
  sync::Batch next;
  next.outbox = {batch.outbox[0]};
  next.outbox[0].state = sync::OutboxState::discarded;
  this->commit(next);
  const auto reader = this->store().open_reader();
  EXPECT_EQ(this->store().outbox(next.outbox[0].key).value(), next.outbox[0]);
  EXPECT_EQ(reader->outbox_of(sample::source, RecordId("r1")).value(), next.outbox);
  EXPECT_EQ(reader->outbox(sample::source, {.system = {}, .state = sync::OutboxState::discarded}, {}).value().items,
            next.outbox);
  EXPECT_EQ(reader->outbox_due(sample::source, sample::crm, Time::max(), 10).value().size(), 1u);
  EXPECT_EQ(reader->counts(sample::source).value().outbox_waiting, 1u);
  EXPECT_EQ(reader->counts(sample::source).value().outbox_dead, 0u);
  sync::Batch erased;
  erased.outbox_erased = {next.outbox[0].key};
  this->commit(erased);
  EXPECT_EQ(reader->counts(sample::source).value().outbox_waiting, 1u);
}

TYPED_TEST_P(StoreWorkContract, TheInboxIsFoundByWhatItWaitsFor) {
  sync::Batch batch;
  batch.inbox = {sample::inbox(1, sync::InboxKind::waiting), sample::inbox(2, sync::InboxKind::fetch),
                 sample::inbox(3, sync::InboxKind::waiting), sample::inbox(4, sync::InboxKind::identity),
                 sample::inbox(5, sync::InboxKind::fetch)};
  batch.inbox[0].waits_for = "k";
  batch.inbox[2].waits_for = "k";
  batch.inbox[3].candidates = {RecordId("a"), RecordId("b")};
  batch.inbox[4].waits_for = "r";
  this->commit(batch);
  const auto reader = this->store().open_reader();
  EXPECT_EQ(this->store().inbox_waiting(sample::source, "k").value(), (std::vector{batch.inbox[0], batch.inbox[2]}));
  EXPECT_EQ(this->store().inbox_waiting(sample::source, "r").value(), (std::vector{batch.inbox[4]}));
  EXPECT_TRUE(this->store().inbox_waiting(sample::other, "k").value().empty());
  batch.inbox[0].waits_for = "k a";
  batch.inbox[4].waits_for = "kk";
  sync::Batch renamed;
  renamed.inbox = {batch.inbox[0], batch.inbox[4]};
  this->commit(renamed);
  EXPECT_EQ(this->store().inbox_waiting_under(sample::source, "k").value(),
            (std::vector{batch.inbox[0], batch.inbox[2], batch.inbox[4]}));
  EXPECT_EQ(this->store().inbox_waiting_under(sample::source, "k ").value(), (std::vector{batch.inbox[0]}));
  EXPECT_TRUE(this->store().inbox_waiting_under(sample::other, "k").value().empty());
  EXPECT_EQ(reader->inbox_fetches(sample::source, sample::crm, 10).value(),
            (std::vector{batch.inbox[1], batch.inbox[4]}));
  EXPECT_EQ(reader->inbox_fetches(sample::source, sample::crm, 1).value().size(), 1u);
  EXPECT_TRUE(reader->inbox_fetches(sample::source, sample::db, 10).value().empty());
  EXPECT_EQ(this->store().inbox(4).value(), batch.inbox[3]);

  const auto first = reader->inbox(sample::source, {"", 3}).value();
  const auto second = reader->inbox(sample::source, {first.next, 3}).value();
  EXPECT_EQ(first.items.size() + second.items.size(), 5u);
  EXPECT_TRUE(second.next.empty());
  EXPECT_EQ(reader->inbox(sample::source, {"x", 3}).error().kind, ErrorKind::invalid);

  sync::Batch next;
  next.inbox_erased = {1, 2, 99};
  next.inbox = {batch.inbox[2]};
  next.inbox[0].reason = "still waiting";
  this->commit(next);
  EXPECT_EQ(this->store().inbox_waiting(sample::source, "k").value(), next.inbox);
  EXPECT_FALSE(this->store().inbox(1).value());
  EXPECT_EQ(reader->counts(sample::source).value().inbox, 3u);
}

TYPED_TEST_P(StoreWorkContract, ConflictsAreOpenUntilDecided) {
  sync::Batch batch;
  batch.conflicts = {sample::conflict(1, "r1", "email", true), sample::conflict(1, "r1", "phone", true),
                     sample::conflict(2, "r1", "name", false), sample::conflict(3, "r2", "name", true)};
  this->commit(batch);
  const auto reader = this->store().open_reader();
  EXPECT_EQ(reader->conflicts(sample::source, false, {}).value().items, batch.conflicts);
  EXPECT_EQ(this->store().open_conflicts(sample::source, RecordId("r1")).value(),
            (std::vector{batch.conflicts[0], batch.conflicts[1]}));
  EXPECT_EQ(reader->counts(sample::source).value().conflicts_open, 3u);

  sync::Batch decided;
  decided.conflicts = {batch.conflicts[0]};
  decided.conflicts[0].open = false;
  decided.conflicts[0].winner = sample::db;
  decided.conflicts[0].decided_by = "ann";
  decided.conflicts[0].decided_at = sample::at(9);
  decided.conflicts[0].decision = 7;
  this->commit(decided);
  EXPECT_EQ(this->store().conflict(sample::source, 1, "email").value(), decided.conflicts[0]);
  EXPECT_EQ(this->store().conflict(sample::source, 2, "name").value(), batch.conflicts[2]) << "closed ones too";
  EXPECT_FALSE(this->store().conflict(sample::source, 2, "email").value());
  EXPECT_FALSE(this->store().conflict(sample::other, 1, "email").value());
  EXPECT_EQ(this->store().open_conflicts(sample::source, RecordId("r1")).value(), std::vector{batch.conflicts[1]});
  const auto open = reader->conflicts(sample::source, true, {"", 1}).value();
  EXPECT_EQ(open.items, std::vector{batch.conflicts[1]});
  EXPECT_EQ(reader->conflicts(sample::source, true, {open.next, 1}).value().items, std::vector{batch.conflicts[3]});
  EXPECT_EQ(reader->conflicts(sample::source, false, {}).value().items.front(), decided.conflicts[0]);
  EXPECT_EQ(reader->counts(sample::source).value().conflicts_open, 2u);
  EXPECT_EQ(reader->conflicts(sample::source, false, {"?", 1}).error().kind, ErrorKind::invalid);
}

TYPED_TEST_P(StoreWorkContract, StateIsReplacedAndErasedByNull) {
  const auto reader = this->store().open_reader();
  for (const Json& value : {Json(JsonObject{{"page", 3}}), Json(""), Json(false), Json(0), Json()}) {
    sync::Batch batch;
    batch.state = {{sample::source, sample::crm, "cursor", value}, {sample::source, sample::crm, "kept", Json("x")}};
    this->commit(batch);
    EXPECT_EQ(reader->state(sample::source, sample::crm, "cursor").value(), value);
  }
  EXPECT_EQ(reader->state(sample::source, sample::crm, "kept").value(), Json("x"));
  EXPECT_TRUE(reader->state(sample::source, sample::db, "kept").value().is_null());
}

// A value that a store takes and does not give back makes the row, and with it the store, unreadable.
TYPED_TEST_P(StoreWorkContract, EveryEnumeratorIsGivenBack) {
  using enum sync::OutboxState;
  sync::Batch batch;
  const auto outbox_row = [&]() -> sync::OutboxRow& {
    return batch.outbox.emplace_back(
        sample::outbox("r" + std::to_string(batch.outbox.size()), sample::db, sample::at(1)));
  };
  for (const auto state : {waiting, claimed, unknown, blocked, dead}) outbox_row().state = state;
  for (const auto work : {sync::WorkClass::person, sync::WorkClass::live, sync::WorkClass::retry,
                          sync::WorkClass::verify, sync::WorkClass::backfill}) {
    outbox_row().work = work;
  }
  for (const auto kind :
       {ErrorKind::invalid, ErrorKind::unauthorized, ErrorKind::not_found, ErrorKind::conflict, ErrorKind::rate_limited,
        ErrorKind::unavailable, ErrorKind::maybe_applied, ErrorKind::exhausted, ErrorKind::corrupt}) {
    outbox_row().error_kind = kind;
  }
  const auto inbox_row = [&](sync::InboxKind kind) -> sync::InboxRow& {
    return batch.inbox.emplace_back(sample::inbox(batch.inbox.size() + 1, kind));
  };
  for (const auto kind :
       {sync::InboxKind::waiting, sync::InboxKind::fetch, sync::InboxKind::identity, sync::InboxKind::invalid}) {
    inbox_row(kind);
  }
  for (const auto kind : {sync::ChangeKind::upserted, sync::ChangeKind::deleted}) {
    inbox_row(sync::InboxKind::waiting).change.kind = kind;
  }
  for (const auto extent : {sync::Extent::full, sync::Extent::partial, sync::Extent::sparse}) {
    inbox_row(sync::InboxKind::waiting).change.extent = extent;
  }
  for (const auto via : {sync::Via::webhook, sync::Via::poll, sync::Via::capture, sync::Via::fetch, sync::Via::scan}) {
    inbox_row(sync::InboxKind::waiting).change.via = via;
  }
  this->commit(batch);
  for (const sync::OutboxRow& row : batch.outbox) {
    const auto stored = this->store().outbox(row.key);
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(*stored, row);
  }
  for (const sync::InboxRow& row : batch.inbox) {
    const auto stored = this->store().inbox(row.seq);
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(*stored, row);
  }
}

REGISTER_TYPED_TEST_SUITE_P(StoreWorkContract, DueRowsComeInOrderOfDue, RowsThatAnotherClockPutOffAreFound,
                            TheOutboxIsListedAndCounted, ClaimsAndBlockedRowsAreFound, TheInboxIsFoundByWhatItWaitsFor,
                            ConflictsAreOpenUntilDecided, StateIsReplacedAndErasedByNull, EveryEnumeratorIsGivenBack,
                            DiscardedRowsRest);

}  // namespace lockstep::store
