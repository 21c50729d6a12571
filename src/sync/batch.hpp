// What one transaction reads and writes. The engine asks a Lookup and fills a Batch; a store answers and commits.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sync/input.hpp"
#include "sync/record.hpp"

namespace lockstep::sync {

// How an input ended; accepted = applied + suppressed + parked + pending (A5).
enum class Disposition { applied, suppressed, parked, pending };

// One line of the journal, and at the same time one event of the stream: its sequence is the event's.
struct JournalEntry {
  Seq seq = 0;
  Time at;
  SourceId source;
  EntityName entity;        // may be empty
  RecordId record;          // may be empty
  SystemName system;        // where it came from or went to; may be empty
  std::string kind;         // "change", "edit", "write", "conflict", "identity", "dead", … (docs/formats/journal.md)
  std::string disposition;  // "applied", "suppressed", "parked", "pending", or "" for entries that accept nothing
  std::string reason;       // "echo", "stale", "duplicate delivery", …
  Json body;                // details: fields with from and to, external id, version, actor, latency

  friend bool operator==(const JournalEntry&, const JournalEntry&) = default;
};

struct LinkKey {
  SourceId source;
  SystemName system;
  std::string object;
  std::string external_id;

  friend auto operator<=>(const LinkKey&, const LinkKey&) = default;
};

struct LinkRow {
  LinkKey key;
  RecordId record;
  friend bool operator==(const LinkRow&, const LinkRow&) = default;
};

// One way to find a record by content: the entity, the rule's fields and their values, joined.
struct MatchKey {
  SourceId source;
  EntityName entity;
  std::string key;
  friend auto operator<=>(const MatchKey&, const MatchKey&) = default;
};

struct MatchRow {
  MatchKey key;
  RecordId record;
  friend auto operator<=>(const MatchRow&, const MatchRow&) = default;
};

// A delivery that has been accepted (A3).
struct Marker {
  SourceId source;
  SystemName system;
  std::string delivery;
  Time at;  // markers are kept for a configured time
  friend bool operator==(const Marker&, const Marker&) = default;
};

enum class OutboxState {
  waiting,    // due at `due`
  claimed,    // a write is on its way; after a crash it counts as unknown
  unknown,    // sent, outcome unknown: read back first
  blocked,    // waits for another record's link: `waits_for`
  dead,       // rejected for good or out of attempts: a person decides
  discarded,  // a person has given a dead one up: nothing is tried until the record changes or somebody retries
};

struct OutboxKey {
  SourceId source;
  SystemName system;
  RecordId record;
  friend auto operator<=>(const OutboxKey&, const OutboxKey&) = default;
};

enum class WorkClass { person, live, retry, verify, backfill };

// What still has to be written to a system. It says that, not what: the newest state is taken when it is sent.
struct OutboxRow {
  OutboxKey key;
  EntityName entity;
  OutboxState state = OutboxState::waiting;
  WorkClass work = WorkClass::live;
  Time due;
  Time put_off_at;  // when `due` was set: a clock that was ahead then may have been set back
  Time since;       // when it became pending
  Seq cause = 0;    // the journal entry that made it pending
  std::uint32_t attempts = 0;
  std::string error;  // of the last attempt
  ErrorKind error_kind = ErrorKind::unavailable;
  std::string waits_for;  // blocked: wait key of the link it needs
  // claimed, unknown: the write that is on its way or whose outcome nobody knows. What the system shows of it is our own
  // doing, whenever it comes (E1).
  Time claimed_at;  // when the attempt began; of one that ended unknown: when, for until then it may have been applied
  bool creates = false;  // it makes the object
  Fields sent;           // the canonical values that it carries

  bool in_flight() const { return state == OutboxState::claimed || state == OutboxState::unknown; }
  void put_off(Time now, Duration wait) {
    due = now + wait;
    put_off_at = now;
  }

  friend bool operator==(const OutboxRow&, const OutboxRow&) = default;
};

// A change that could not be applied yet: it waits for something, must be verified by reading the object, or asks a person.
enum class InboxKind {
  waiting,   // for `waits_for`
  fetch,     // the object must be read to know its state; `waits_for` names that reading
  identity,  // several records match: a person decides
  invalid,   // could not be mapped: a person decides
};

struct InboxRow {
  Seq seq = 0;  // its journal entry
  InboxKind kind = InboxKind::waiting;
  std::string waits_for;
  Change change;
  std::string reason;
  Time since;
  // Of a question of identity: which it may be. Of an input that waits for a create: the record, when the object shows
  // all that the create carries.
  std::vector<RecordId> candidates;
  friend bool operator==(const InboxRow&, const InboxRow&) = default;
};

// State that a connector or a job keeps: cursors, checkpoints, catalogs, tokens.
struct StateRow {
  SourceId source;
  SystemName system;
  std::string key;
  Json value;  // null erases
  friend bool operator==(const StateRow&, const StateRow&) = default;
};

// A field on which two systems differed (kept whoever won).
struct ConflictRow {
  Seq seq = 0;  // the journal entry
  SourceId source;
  EntityName entity;
  RecordId record;
  std::string field;
  Json base, mine, theirs;  // mine: canonical when it was met; theirs: the incoming value
  SystemName mine_origin, theirs_origin;
  std::string rule;   // "authority", "latest", "manual", "overwritten", "delete", "oscillation"
  SystemName winner;  // empty while open
  bool open = false;
  std::string decided_by;  // the person who has decided it, "" while none has
  Time decided_at;
  Seq decision = 0;  // the journal entry of that
  friend bool operator==(const ConflictRow&, const ConflictRow&) = default;
};

// What a system has come to hold of a record, and what it held before: for those who show its rows. Canonical values,
// references as the system's own ids. nullopt: nothing.
struct Holding {
  SourceId source;
  EntityName entity;
  RecordId record;
  SystemName system;
  std::string external_id;
  Seq cause = 0;  // the journal entry
  std::optional<Fields> before;
  std::optional<Fields> after;
  std::string business_before = {};  // whose it was and is (sync/business.hpp); "": nobody's
  std::string business_after = {};
};

// Everything that one transaction writes. All or nothing.
struct Batch {
  Seq first_seq = 0;  // journal entries are first_seq, first_seq+1, …; must continue the journal
  std::vector<Marker> markers;
  std::vector<Record> records;  // each at its new revision; the stored one must be one lower
  std::vector<LinkRow> links;
  std::vector<LinkKey> links_erased;
  std::vector<MatchRow> matches;
  std::vector<MatchRow> matches_erased;
  std::vector<JournalEntry> journal;
  std::vector<OutboxRow> outbox;
  std::vector<OutboxKey> outbox_erased;
  std::vector<InboxRow> inbox;
  std::vector<Seq> inbox_erased;
  std::vector<ConflictRow> conflicts;
  std::vector<StateRow> state;
  std::vector<Holding> holdings;  // not written: they follow from the records

  bool empty() const;
};

// What the engine may ask while it applies a batch. Answers are as of the last commit; the engine keeps what it
// changes itself. Errors are the store's.
class Lookup {
 public:
  virtual ~Lookup() = default;
  virtual Result<Seq> last_seq() = 0;
  virtual Result<bool> seen(const SourceId& source, const SystemName& system, const std::string& delivery) = 0;
  virtual Result<std::optional<Record>> record(const SourceId& source, const RecordId& id) = 0;
  virtual Result<std::optional<RecordId>> linked(const LinkKey& key) = 0;
  virtual Result<std::vector<RecordId>> matching(const MatchKey& key) = 0;
  virtual Result<std::optional<OutboxRow>> outbox(const OutboxKey& key) = 0;
  // Creates of one entity in one system that are claimed or unknown.
  virtual Result<std::vector<OutboxRow>> claims(const SourceId& source, const SystemName& system,
                                                const EntityName& entity) = 0;
  virtual Result<std::optional<InboxRow>> inbox(Seq seq) = 0;
  // Up to 1,000 inbox rows and outbox rows of the source that wait for this key, oldest first.
  virtual Result<std::vector<InboxRow>> inbox_waiting(const SourceId& source, const std::string& waits_for) = 0;
  // Those whose key begins so, up to 10,000.
  virtual Result<std::vector<InboxRow>> inbox_waiting_under(const SourceId& source, const std::string& prefix) = 0;
  virtual Result<std::vector<OutboxRow>> outbox_waiting(const SourceId& source, const std::string& waits_for) = 0;
  // Open conflicts of a record's field.
  virtual Result<std::vector<ConflictRow>> open_conflicts(const SourceId& source, const RecordId& record) = 0;
  virtual Result<std::optional<ConflictRow>> conflict(const SourceId& source, Seq seq, const std::string& field) = 0;
};

}  // namespace lockstep::sync
