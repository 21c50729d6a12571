// The working copy of one batch: what the engine has read and changed, on top of a Lookup. finish() compares each
// record before and after, and derives links, match keys and the outbox from the difference.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "sync/batch.hpp"
#include "sync/hlc.hpp"
#include "sync/plan.hpp"
#include "sync/schema.hpp"

namespace lockstep::sync {

class Workspace {
 public:
  Workspace(const Catalog& catalog, Lookup& lookup, Time now, Seq last_seq);

  Time now() const { return now_; }
  const Catalog& catalog() const { return catalog_; }

  // nullptr: there is none. The pointer stays valid; change the record through it and call touch().
  Result<Record*> record(const SourceId& source, const RecordId& id);
  Record& create(const SourceId& source, const EntityName& entity, RecordId id);
  // The record was changed and is written with the batch. `cause` is the journal entry that says why.
  void touch(const Record& record, Seq cause, WorkClass work);
  // That it has, or will have after this batch when the batch has changed it.
  std::uint64_t revision(const Record& record);

  // What was changed goes out after `time` without further changes, five times that at most.
  void settle(const Record& record, Duration time);

  // What the system lacks of the record, as it stands in this batch.
  Result<Fields> planned(const Record& record, const EntitySchema& entity, const SystemBinding& binding);
  // The record itself is as it was, but what it waited for may have come: its outbox rows are planned again.
  void replan(const Record& record);

  Result<bool> seen(const SourceId& source, const SystemName& system, const std::string& delivery);
  void mark(const SourceId& source, const SystemName& system, const std::string& delivery);

  // nullopt: never heard of. An empty id: known to be gone, belongs to no record.
  Result<std::optional<RecordId>> linked(const LinkKey& key);
  void link(const LinkKey& key, const RecordId& record);
  Result<std::vector<RecordId>> matching(const MatchKey& key);

  Result<std::optional<OutboxRow>> outbox(const OutboxKey& key);
  void put_outbox(OutboxRow row);
  void erase_outbox(const OutboxKey& key);
  Result<std::vector<OutboxRow>> claims(const SourceId& source, const SystemName& system, const EntityName& entity);

  Result<std::optional<InboxRow>> inbox(Seq seq);
  Result<std::vector<InboxRow>> inbox_waiting(const SourceId& source, const std::string& waits_for);
  Result<std::vector<InboxRow>> inbox_waiting_under(const SourceId& source, const std::string& prefix);
  std::uint64_t inbox_changes() const { return inbox_changes_; }  // made here so far
  Result<std::vector<OutboxRow>> outbox_waiting(const SourceId& source, const std::string& waits_for);
  void put_inbox(InboxRow row);
  void erase_inbox(Seq seq);

  Result<std::vector<ConflictRow>> open_conflicts(const SourceId& source, const RecordId& record);
  Result<std::optional<ConflictRow>> conflict(const SourceId& source, Seq seq, const std::string& field);
  void put_conflict(ConflictRow row);

  // The sequence that the next journal entry will have.
  Seq next_seq() const { return batch_.first_seq + batch_.journal.size(); }
  JournalEntry& journal(JournalEntry entry);

  TargetState target(const SourceId& source, const EntityName& entity, const RecordId& record,
                     const SystemName& system);

  // Derives links, match keys and outbox rows, and gives the batch away.
  Result<Batch> finish();

 private:
  struct Entry {
    Record now;
    std::optional<Record> before;  // as stored
    bool touched = false;
    bool replan = false;
    Duration settle{0};
    Seq cause = 0;
    WorkClass work = WorkClass::backfill;
    std::vector<MatchKey> keys;  // under which it can be found at this moment
  };

  Entry& entry_of(const Record& record);
  void index(Entry& entry);
  Result<void> finish_record(Entry& entry);
  void note_holdings(const EntitySchema& entity, const Entry& entry);
  static void note_owners(const EntitySchema& entity, const Entry& entry, const Link* before, const Link* after,
                          Holding& into);
  Result<Plan> plan_of(const EntitySchema& entity, const SystemBinding& binding, const Record& record);
  Result<void> plan_system(const EntitySchema& entity, const SystemBinding& binding, Entry& entry);

  const Catalog& catalog_;
  Lookup& lookup_;
  Time now_;
  Batch batch_;
  std::optional<Error> failure_;  // of a lookup inside a callback that can not return one
  std::map<std::pair<SourceId, RecordId>, std::unique_ptr<Entry>> records_;
  std::map<std::string, bool> markers_;
  std::map<LinkKey, RecordId> links_;
  std::map<MatchKey, std::map<RecordId, bool>> matches_;  // true: added in this batch, false: removed
  std::map<OutboxKey, std::optional<OutboxRow>> outbox_;
  std::map<Seq, std::optional<InboxRow>> inbox_;
  std::uint64_t inbox_changes_ = 0;
  std::map<std::pair<Seq, std::string>, ConflictRow> conflicts_;
};

// Earlier in the list is more urgent.
WorkClass more_urgent(WorkClass a, WorkClass b);

}  // namespace lockstep::sync
