// Random batches, fitting and not, applied to both stores: every answer must be the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "store/memory_store.hpp"
#include "store/sqlite_store.hpp"
#include "store/store_sample.hpp"
#include "store/temporary_folder.hpp"

namespace lockstep::store {
namespace {

// Few names, so that rows meet; some batches are made not to fit.
class BatchMaker {
 public:
  explicit BatchMaker(std::uint64_t seed) : random_(seed) {}

  sync::Batch make(Store& store) {
    sync::Batch batch;
    batch.first_seq = store.last_seq().value() + 1;
    if (one_in(25)) batch.first_seq += 1;
    std::map<std::pair<SourceId, RecordId>, std::uint64_t> revisions;
    for (std::uint64_t n = below(4); n > 0; --n) {
      sync::Record record = sample::record(id().str(), 1);
      record.source = source();
      record.entity = EntityName(one_in(3) ? "order" : "contact");
      record.deleted = one_in(4);
      record.fields["note"].value = Json(one_in(2) ? "Größe" : "plain");
      auto& revision = revisions[{record.source, record.id}];
      if (revision == 0) {
        if (const auto stored = store.record(record.source, record.id).value()) revision = stored->revision;
      }
      record.revision = ++revision;
      if (one_in(40)) record.revision += below(3);
      batch.records.push_back(std::move(record));
    }
    for (std::uint64_t n = below(3); n > 0; --n) {
      batch.markers.push_back({source(), system(), one_in(15) ? "again" : "d" + std::to_string(random_.next()), now()});
    }
    for (std::uint64_t n = below(5), seq = batch.first_seq; n > 0; --n, ++seq) {
      batch.journal.push_back(sample::entry(seq, one_in(5) ? "" : id().str()));
      batch.journal.back().source = source();
      batch.journal.back().at = now();
    }
    make_rows(batch);
    return batch;
  }

  Time now() { return sample::at(static_cast<int>(++clock_)); }
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  SourceId source() { return one_in(3) ? sample::other : sample::source; }
  SystemName system() { return one_in(2) ? sample::crm : sample::db; }
  RecordId id() { return RecordId("r" + std::to_string(below(12))); }
  std::string key() { return "k" + std::to_string(below(4)); }

 private:
  void make_rows(sync::Batch& batch) {
    for (std::uint64_t n = below(3); n > 0; --n) {
      batch.links.push_back({{source(), system(), "contact", key()}, id()});
      batch.links_erased.push_back({source(), system(), "contact", key()});
      batch.matches.push_back({{source(), sample::contact, key()}, id()});
      batch.matches_erased.push_back({{source(), sample::contact, key()}, id()});
    }
    for (std::uint64_t n = below(4); n > 0; --n) {
      sync::OutboxRow row = sample::outbox(id().str(), system(), sample::at(static_cast<int>(below(50))));
      row.key.source = source();
      row.state = static_cast<sync::OutboxState>(below(6));
      row.work = static_cast<sync::WorkClass>(below(5));
      row.since = sample::at(static_cast<int>(below(50)));
      row.error_kind = static_cast<ErrorKind>(below(9));
      row.attempts = static_cast<std::uint32_t>(below(5));
      if (row.state == sync::OutboxState::blocked) row.waits_for = key();
      batch.outbox.push_back(row);
      batch.outbox_erased.push_back({source(), system(), id()});
    }
    for (std::uint64_t n = below(3); n > 0; --n) {
      sync::InboxRow row = sample::inbox(below(40), static_cast<sync::InboxKind>(below(4)));
      row.change.source = source();
      row.change.system = system();
      row.waits_for = key();
      batch.inbox.push_back(row);
      batch.inbox_erased.push_back(below(40));
      batch.conflicts.push_back(sample::conflict(below(40), id().str(), one_in(2) ? "email" : "phone", one_in(2)));
      batch.conflicts.back().source = source();
      if (one_in(3)) {
        batch.conflicts.back().decided_by = "ann";
        batch.conflicts.back().decided_at = sample::at(static_cast<int>(below(50)));
        batch.conflicts.back().decision = below(40);
      }
      batch.state.push_back({source(), system(), key(), one_in(3) ? Json() : Json(below(100))});
    }
  }

  SeededRandom random_;
  std::uint64_t clock_ = 0;
};

template <class T>
std::vector<T> all_pages(const std::function<Page<T>(const PageRequest&)>& read, std::size_t limit) {
  std::vector<T> items;
  PageRequest request{"", limit};
  do {
    Page<T> page = read(request);
    EXPECT_LE(page.items.size(), limit);
    items.insert(items.end(), page.items.begin(), page.items.end());
    request.after = page.next;
  } while (!request.after.empty());
  return items;
}

class Comparison {
 public:
  Comparison(Store& a, Store& b) : a_(a), b_(b), read_a_(a.open_reader()), read_b_(b.open_reader()) {}

  void compare_all() {
    EXPECT_EQ(a_.last_seq().value(), b_.last_seq().value());
    same([](Reader& r) { return r.last_seq().value(); });
    same([](Reader& r) { return r.journal(SourceId(), 3, 1'000).value(); });
    for (const SourceId& source : {sample::source, sample::other}) {
      compare_lists(source);
      compare_rows(source);
    }
    for (Seq seq = 0; seq < 40; ++seq) {
      EXPECT_EQ(a_.inbox(seq).value(), b_.inbox(seq).value());
      for (const char* field : {"email", "phone"})
        EXPECT_EQ(a_.conflict(sample::source, seq, field).value(), b_.conflict(sample::source, seq, field).value());
    }
  }

 private:
  template <class Read>
  void same(Read read) {
    EXPECT_EQ(read(*read_a_), read(*read_b_));
  }

  void compare_lists(const SourceId& source) {
    same([&](Reader& r) { return r.journal(source, 0, 1'000).value(); });
    for (const char* query : {"", "gRÖSSE", "größe", "example"}) {
      for (const char* entity : {"", "order"}) {
        RecordFilter filter{.entity = {}, .query = query, .deleted = query[0] == '\0'};
        if (entity[0] != '\0') filter.entity = EntityName(entity);
        same([&](Reader& r) {
          return all_pages<sync::Record>([&](const PageRequest& page) { return r.list(source, filter, page).value(); },
                                         3);
        });
      }
    }
    for (const auto state : {std::optional<sync::OutboxState>(), std::optional(sync::OutboxState::dead),
                             std::optional(sync::OutboxState::waiting), std::optional(sync::OutboxState::discarded)}) {
      const OutboxFilter filter{.system = state ? std::optional<SystemName>() : std::optional(sample::db),
                                .state = state};
      same([&](Reader& r) {
        return all_pages<sync::OutboxRow>(
            [&](const PageRequest& page) { return r.outbox(source, filter, page).value(); }, 2);
      });
    }
    same([&](Reader& r) {
      return all_pages<sync::InboxRow>([&](const PageRequest& page) { return r.inbox(source, page).value(); }, 3);
    });
    for (const bool open_only : {false, true}) {
      same([&](Reader& r) {
        return all_pages<sync::ConflictRow>(
            [&](const PageRequest& page) { return r.conflicts(source, open_only, page).value(); }, 2);
      });
    }
    same([&](Reader& r) {
      const Counts c = r.counts(source).value();
      return std::vector{c.records, c.tombstones, c.outbox_waiting, c.outbox_dead, c.inbox, c.conflicts_open};
    });
  }

  void compare_rows(const SourceId& source) {
    for (int i = 0; i < 12; ++i) {
      const RecordId id("r" + std::to_string(i));
      EXPECT_EQ(a_.record(source, id).value(), b_.record(source, id).value());
      EXPECT_EQ(a_.open_conflicts(source, id).value(), b_.open_conflicts(source, id).value());
      same([&](Reader& r) { return r.history(source, id, 5).value(); });
      same([&](Reader& r) { return r.outbox_of(source, id).value(); });
    }
    for (const SystemName& system : {sample::crm, sample::db}) {
      EXPECT_EQ(a_.seen(source, system, "again").value(), b_.seen(source, system, "again").value());
      EXPECT_EQ(a_.claims(source, system, sample::contact).value(), b_.claims(source, system, sample::contact).value());
      same([&](Reader& r) { return r.outbox_due(source, system, sample::at(30), 5).value(); });
      same([&](Reader& r) { return r.outbox_misdated(source, system, sample::at(0), sample::at(20), 5).value(); });
      same([&](Reader& r) { return r.inbox_fetches(source, system, 3).value(); });
      for (int i = 0; i < 4; ++i) {
        const std::string key = "k" + std::to_string(i);
        EXPECT_EQ(a_.linked({source, system, "contact", key}).value(),
                  b_.linked({source, system, "contact", key}).value());
        same([&](Reader& r) { return r.state(source, system, key).value(); });
      }
    }
    for (int i = 0; i < 4; ++i) {
      const std::string key = "k" + std::to_string(i);
      EXPECT_EQ(a_.matching({source, sample::contact, key}).value(),
                b_.matching({source, sample::contact, key}).value());
      EXPECT_EQ(a_.inbox_waiting(source, key).value(), b_.inbox_waiting(source, key).value());
      EXPECT_EQ(a_.outbox_waiting(source, key).value(), b_.outbox_waiting(source, key).value());
    }
  }

  Store& a_;
  Store& b_;
  std::unique_ptr<Reader> read_a_;
  std::unique_ptr<Reader> read_b_;
};

TEST(StoreEquality, RandomBatchesGiveEqualAnswers) {
  int cases = 0;
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 24 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TemporaryFolder folder;
    MemoryStore memory;
    const auto sqlite = open_sqlite_store({.path = folder.path() / "store.db"});
    ASSERT_TRUE(sqlite) << sqlite.error().message;
    Comparison comparison(memory, **sqlite);
    BatchMaker maker(seed);
    for (int step = 0; step < 50 && !testing::Test::HasFailure(); ++step, ++cases) {
      SCOPED_TRACE("step " + std::to_string(step));
      const sync::Batch batch = maker.make(memory);
      const Result<void> a = memory.commit(batch);
      const Result<void> b = (*sqlite)->commit(batch);
      ASSERT_EQ(a.has_value(), b.has_value()) << (a ? "sqlite: " + b.error().message : "memory: " + a.error().message);
      if (!a) {
        ++refused;
        EXPECT_EQ(a.error().kind, b.error().kind);
      }
      if (maker.one_in(15)) {
        const Time before = sample::at(static_cast<int>(maker.below(150)));
        EXPECT_EQ(memory.prune(before, before, 20).value(), (*sqlite)->prune(before, before, 20).value());
      }
      if (step % 5 == 4 || !a) comparison.compare_all();
    }
  }
  EXPECT_GE(cases, 1'000);
  EXPECT_GT(refused, 50) << "batches that do not fit are part of the test";
}

}  // namespace
}  // namespace lockstep::store
