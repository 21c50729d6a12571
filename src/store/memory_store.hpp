// A store that keeps everything in maps: for the simulator and for tests. It answers exactly as the SQLite store
// does, except that nothing outlives it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <tuple>
#include <utility>

#include "store/store.hpp"

namespace lockstep::store {

// What a memory store holds. One writer; readers on other threads take the lock shared.
struct MemoryTables {
  using RecordKey = std::pair<SourceId, RecordId>;
  using MarkerKey = std::tuple<SourceId, SystemName, std::string>;
  using OutboxOrder = std::tuple<SourceId, RecordId, SystemName>;
  using ConflictOrder = std::tuple<SourceId, Seq, std::string>;
  using StateKey = std::tuple<SourceId, SystemName, std::string>;

  mutable std::shared_mutex mutex;
  Seq last_seq = 0;
  std::set<MarkerKey> markers;
  std::deque<sync::Marker> markers_by_arrival;
  std::map<RecordKey, sync::Record> records;
  std::map<sync::LinkKey, RecordId> links;
  std::map<sync::MatchKey, std::set<RecordId>> matches;
  std::map<Seq, sync::JournalEntry> journal;
  std::map<RecordKey, std::set<Seq>> journal_by_record;
  std::map<OutboxOrder, sync::OutboxRow> outbox;
  std::map<Seq, sync::InboxRow> inbox;
  std::map<ConflictOrder, sync::ConflictRow> conflicts;
  std::map<StateKey, Json> state;
};

class MemoryStore : public Store {
 public:
  Result<void> commit(const sync::Batch& batch) override;
  std::unique_ptr<Reader> open_reader() override;
  Result<std::size_t> prune(Time markers_before, Time journal_before, std::size_t limit) override;

  Result<Seq> last_seq() override;
  Result<bool> seen(const SourceId& source, const SystemName& system, const std::string& delivery) override;
  Result<std::optional<sync::Record>> record(const SourceId& source, const RecordId& id) override;
  Result<std::optional<RecordId>> linked(const sync::LinkKey& key) override;
  Result<std::vector<RecordId>> matching(const sync::MatchKey& key) override;
  Result<std::optional<sync::OutboxRow>> outbox(const sync::OutboxKey& key) override;
  Result<std::vector<sync::OutboxRow>> claims(const SourceId& source, const SystemName& system,
                                              const EntityName& entity) override;
  Result<std::optional<sync::InboxRow>> inbox(Seq seq) override;
  Result<std::vector<sync::InboxRow>> inbox_waiting(const SourceId& source, const std::string& waits_for) override;
  Result<std::vector<sync::InboxRow>> inbox_waiting_under(const SourceId& source, const std::string& prefix) override;
  Result<std::vector<sync::OutboxRow>> outbox_waiting(const SourceId& source, const std::string& waits_for) override;
  Result<std::vector<sync::ConflictRow>> open_conflicts(const SourceId& source, const RecordId& record) override;
  Result<std::optional<sync::ConflictRow>> conflict(const SourceId& source, Seq seq, const std::string& field) override;

 private:
  Result<void> check(const sync::Batch& batch) const;
  void apply(const sync::Batch& batch);
  template <class Fits>
  std::vector<sync::InboxRow> waiting_where(const SourceId& source, std::size_t limit, Fits fits) const;

  MemoryTables tables_;
};

}  // namespace lockstep::store
