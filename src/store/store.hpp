// The Store: one transaction per batch, and the reads that people and jobs need.
//
// A store belongs to one writer thread: commit() and the Lookup reads are called from there only, one at a time.
// The read side (Reader) may be used from any thread at the same time and sees committed data only.
// When commit() returns without error, the batch is on the disk and survives a crash of the machine (A1); when it
// returns an error, nothing of the batch is there. Invariants upheld here: A1, A3 and the atomicity all others rest on.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sync/batch.hpp"
#include "sync/business.hpp"

namespace lockstep::store {

// A page of a list ordered by a key; `after` is the last key of the page before, "" for the first.
struct PageRequest {
  std::string after;
  std::size_t limit = 100;
};

template <class T>
struct Page {
  std::vector<T> items;
  std::string next;  // "" at the end
};

// What belongs to some businesses: by entity the field that names the business (sync/business.hpp). Others have none.
struct OwnedBy {
  std::map<EntityName, std::string> fields;
  sync::Businesses businesses;
};

struct RecordFilter {
  std::optional<EntityName> entity;
  std::string query;     // case-blind substring of any field's text; "" for all
  bool deleted = false;  // tombstones too
  std::optional<OwnedBy> owned = {};
};

struct OutboxFilter {
  std::optional<SystemName> system;
  std::optional<sync::OutboxState> state;
};

struct Counts {
  std::uint64_t records = 0;
  std::uint64_t tombstones = 0;
  std::uint64_t outbox_waiting = 0;  // waiting, claimed, unknown or blocked
  std::uint64_t outbox_dead = 0;
  std::uint64_t inbox = 0;
  std::uint64_t conflicts_open = 0;
};

// Committed data, for the API, jobs and the dispatcher. Every method is one short read.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual Result<Seq> last_seq() = 0;
  // The oldest entry that the journal still holds; last_seq() + 1 when it holds none.
  virtual Result<Seq> first_seq() = 0;
  virtual Result<std::optional<sync::Record>> record(const SourceId& source, const RecordId& id) = 0;
  // Missing ones are left out; order is that of `ids`.
  virtual Result<std::vector<sync::Record>> records(const SourceId& source, const std::vector<RecordId>& ids) = 0;
  virtual Result<Page<sync::Record>> list(const SourceId& source, const RecordFilter& filter,
                                          const PageRequest& page) = 0;
  virtual Result<std::optional<RecordId>> linked(const sync::LinkKey& key) = 0;
  // Entries after `after`, oldest first, at most `limit`; of all sources when `source` is empty.
  virtual Result<std::vector<sync::JournalEntry>> journal(const SourceId& source, Seq after, std::size_t limit) = 0;
  // Newest first, at most `limit`.
  virtual Result<std::vector<sync::JournalEntry>> history(const SourceId& source, const RecordId& record,
                                                          std::size_t limit) = 0;
  virtual Result<Page<sync::OutboxRow>> outbox(const SourceId& source, const OutboxFilter& filter,
                                               const PageRequest& page) = 0;
  // Rows of one lane that are due (waiting, claimed or unknown) up to `until`, in order of due, at most `limit`.
  virtual Result<std::vector<sync::OutboxRow>> outbox_due(const SourceId& source, const SystemName& system, Time until,
                                                          std::size_t limit) = 0;
  // Those due after `after` that were put off later than `now`, by a clock that was ahead; in order of due.
  virtual Result<std::vector<sync::OutboxRow>> outbox_misdated(const SourceId& source, const SystemName& system,
                                                               Time now, Time after, std::size_t limit) = 0;
  virtual Result<std::vector<sync::OutboxRow>> outbox_of(const SourceId& source, const RecordId& record) = 0;
  virtual Result<Page<sync::InboxRow>> inbox(const SourceId& source, const PageRequest& page) = 0;
  // Rows of kind fetch, oldest first.
  virtual Result<std::vector<sync::InboxRow>> inbox_fetches(const SourceId& source, const SystemName& system,
                                                            std::size_t limit) = 0;
  virtual Result<Page<sync::ConflictRow>> conflicts(const SourceId& source, bool open_only,
                                                    const PageRequest& page) = 0;
  virtual Result<Json> state(const SourceId& source, const SystemName& system,
                             const std::string& key) = 0;  // null: none
  // Of all sources and systems, those whose key begins so. For the start, not for requests: it reads the whole table.
  virtual Result<std::vector<sync::StateRow>> states(const std::string& key_prefix) = 0;
  virtual Result<Counts> counts(const SourceId& source) = 0;
};

class Store : public sync::Lookup {
 public:
  // Commits the batch in one transaction. `conflict`: first_seq, a record's revision or a marker does not fit what
  // is stored; nothing was written, and the caller plans again. `exhausted`: no room (disk full). `corrupt`: the
  // store must not be used any further.
  // Erasures of a kind come before its puts; a put replaces the row with the same key (a conflict's key is its seq and
  // field).
  virtual Result<void> commit(const sync::Batch& batch) = 0;

  // A reader for other threads. Lives as long as the store.
  virtual std::unique_ptr<Reader> open_reader() = 0;

  // Removes dedupe markers and journal entries older than the given times; at most `limit` rows a call, so that
  // commits are not held up. Returns how many went.
  virtual Result<std::size_t> prune(Time markers_before, Time journal_before, std::size_t limit) = 0;
};

}  // namespace lockstep::store
