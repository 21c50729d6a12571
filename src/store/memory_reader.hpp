// The read side of a memory store: any thread.
#pragma once

#include "store/memory_store.hpp"

namespace lockstep::store {

class MemoryReader final : public Reader {
 public:
  explicit MemoryReader(const MemoryTables& tables) : tables_(tables) {}

  Result<Seq> last_seq() override;
  Result<Seq> first_seq() override;
  Result<std::optional<sync::Record>> record(const SourceId& source, const RecordId& id) override;
  Result<std::vector<sync::Record>> records(const SourceId& source, const std::vector<RecordId>& ids) override;
  Result<Page<sync::Record>> list(const SourceId& source, const RecordFilter& filter, const PageRequest& page) override;
  Result<std::optional<RecordId>> linked(const sync::LinkKey& key) override;
  Result<std::vector<sync::JournalEntry>> journal(const SourceId& source, Seq after, std::size_t limit) override;
  Result<std::vector<sync::JournalEntry>> history(const SourceId& source, const RecordId& record,
                                                  std::size_t limit) override;
  Result<Page<sync::OutboxRow>> outbox(const SourceId& source, const OutboxFilter& filter,
                                       const PageRequest& page) override;
  Result<std::vector<sync::OutboxRow>> outbox_due(const SourceId& source, const SystemName& system, Time until,
                                                  std::size_t limit) override;
  Result<std::vector<sync::OutboxRow>> outbox_misdated(const SourceId& source, const SystemName& system, Time now,
                                                       Time after, std::size_t limit) override;
  Result<std::vector<sync::OutboxRow>> outbox_of(const SourceId& source, const RecordId& record) override;
  Result<Page<sync::InboxRow>> inbox(const SourceId& source, const PageRequest& page) override;
  Result<std::vector<sync::InboxRow>> inbox_fetches(const SourceId& source, const SystemName& system,
                                                    std::size_t limit) override;
  Result<Page<sync::ConflictRow>> conflicts(const SourceId& source, bool open_only, const PageRequest& page) override;
  Result<Json> state(const SourceId& source, const SystemName& system, const std::string& key) override;
  Result<std::vector<sync::StateRow>> states(const std::string& key_prefix) override;
  Result<Counts> counts(const SourceId& source) override;

 private:
  template <class Wanted>
  std::vector<sync::OutboxRow> lane_rows(const SourceId& source, const SystemName& system, std::size_t limit,
                                         Wanted wanted);

  const MemoryTables& tables_;
};

}  // namespace lockstep::store
