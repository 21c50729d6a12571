// Everything that can happen to the engine, as values. A batch of inputs is applied in order, in one transaction.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/business.hpp"
#include "sync/record.hpp"

namespace lockstep::sync {

enum class ChangeKind { upserted, deleted };

enum class Extent {
  full,     // a mapped field missing from the document is absent in the system
  partial,  // a field missing from the document says nothing
  sparse,   // a field missing from the document is empty or was left out: the object must be read to know
};

enum class Via { webhook, poll, capture, fetch, scan };

// One observation from a system: "these fields of this object now have these values", or "it is gone".
struct Change {
  SourceId source;
  SystemName system;
  std::string object;
  std::string external_id;
  ChangeKind kind = ChangeKind::upserted;
  Extent extent = Extent::full;
  Version version = 0;  // grows with each state of the object; 0: not known, and what an event then shows is read first
  Via via = Via::webhook;
  Json document;         // in the system's shape: a JSON object
  std::string delivery;  // the delivery's id for dedupe (A3), "" when it has none
  std::string actor;     // who made it, when the system says so
  std::string job;       // the job that brought it in, "" when none did: everything a job has done can be undone
  Seq answers = 0;       // the inbox row of kind fetch that this reading answers, 0 for none

  friend bool operator==(const Change&, const Change&) = default;
};

enum class EditBy {
  person,
  program,  // a record of the program's own doings: also where people may edit nothing
};

// An edit of a record through the API or the console. Values are canonical, not yet normalized.
struct Edit {
  SourceId source;
  EntityName entity;
  RecordId record;  // empty: create a new one with the id `new_record`
  RecordId new_record;
  Fields fields;
  bool remove = false;
  std::optional<std::uint64_t> expected_revision;  // If-Match
  std::string actor;
  std::string delivery;     // Idempotency-Key
  std::string fingerprint;  // of what is asked; the same delivery with another one is refused
  EditBy by = EditBy::person;
  // Of somebody who has only these businesses in the source: nothing that is another's, and no field that its entity
  // does not leave to them.
  std::optional<Businesses> within = {};

  friend bool operator==(const Edit&, const Edit&) = default;
};

enum class WriteKind { create, update, remove };

// Said durably before a write is sent: after a crash it is read back instead of sent again (X1, X2), and what the system
// shows of it in the meantime is known to be an echo (E1).
struct Claim {
  SourceId source;
  SystemName system;
  RecordId record;
  WriteKind write = WriteKind::update;
  std::string external_id;  // of the object to be written; empty for creates
  Fields values;            // canonical, as they will be sent

  friend bool operator==(const Claim&, const Claim&) = default;
};

enum class OutcomeKind {
  applied,       // the system holds it now
  retry,         // certainly not applied; try again
  rejected,      // never will be: dead letter, shown to a person
  unauthorized,  // pause the connection
  not_found,     // the object is gone
  conflict,      // the object changed under us: `state` holds what is there, when known
  duplicate,     // a create met an existing object: `external_id` names it, when known
  unknown,       // may have been applied: read back before anything is written again (X2)
};

// What became of one write.
struct WriteOutcome {
  SourceId source;
  SystemName system;
  RecordId record;
  WriteKind write = WriteKind::update;
  OutcomeKind kind = OutcomeKind::applied;
  std::string external_id;
  Fields written;                   // canonical values that it has taken; of a failure: what was done before it
  std::optional<Json> state;        // what the system holds now, in its shape, when it said so
  bool read_later = false;          // `state` was read after the write, so it may show an edit made in between
  Extent extent = Extent::partial;  // of `state`
  Version version = 0;
  std::string reason;   // for people: why it failed
  bool outage = false;  // retry, unknown: the whole system does not answer; that is not held against this write
  std::optional<std::chrono::milliseconds> retry_after;
  Duration latency{0};  // of the call

  friend bool operator==(const WriteOutcome&, const WriteOutcome&) = default;
};

// An operator asks to try a dead or waiting write again, now.
struct Retry {
  SourceId source;
  SystemName system;
  RecordId record;
  std::string actor;

  friend bool operator==(const Retry&, const Retry&) = default;
};

// What must be written to a system is worked out again: the mapping has changed, or a row turned out to be empty.
struct Replan {
  SourceId source;
  SystemName system;
  RecordId record;

  friend bool operator==(const Replan&, const Replan&) = default;
};

// A dead write is given up for good. The row stays and says so: what the system holds still differs from the record.
struct Discard {
  SourceId source;
  SystemName system;
  RecordId record;
  std::string reason;
  std::string actor;

  friend bool operator==(const Discard&, const Discard&) = default;
};

// What to do about fields that somebody has changed since.
enum class ChangedSince {
  refuse,     // `conflict`, naming them; nothing is done
  leave,      // the others are still done
  overwrite,  // they are set all the same
};

// What one journal entry did is turned back, as an edit like any other: the same outbox, quota and merge.
struct Undo {
  struct Step {
    std::string field;
    std::optional<Json> from;  // nullopt: the record had no value; it becomes null
    Json to;

    friend bool operator==(const Step&, const Step&) = default;
  };
  SourceId source;
  RecordId record;
  Seq undoes = 0;
  std::vector<Step> steps;
  bool restore = false;  // the entry was a delete: the record is brought back, and made again where it is gone
  SystemName system;     // of a delete that only one system did
  ChangedSince changed = ChangedSince::refuse;
  std::string actor;
  std::string job;
  std::optional<Businesses> within = {};  // as in Edit

  friend bool operator==(const Undo&, const Undo&) = default;
};

// A person decides a conflict, open or not, whoever has won.
struct Override {
  enum class Take { mine, theirs, base, value };
  SourceId source;
  Seq conflict = 0;
  std::string field;
  Take take = Take::mine;
  Json value;  // Take::value
  ChangedSince changed = ChangedSince::refuse;
  std::string actor;

  friend bool operator==(const Override&, const Override&) = default;
};

// A person decides a held field or an identity conflict.
struct Resolve {
  SourceId source;
  RecordId record;
  std::string field;
  Json value;
  std::string actor;
  Seq conflict = 0;  // the one that it is about, 0: the open ones of the field

  friend bool operator==(const Resolve&, const Resolve&) = default;
};

// An object that waits in the inbox is looked at again: what it waited for has come, or a person has decided.
struct Replay {
  Seq inbox = 0;
  // Identity conflicts: the record it is, or empty with `as_new` for a new one.
  RecordId record;
  bool as_new = false;
  std::string actor;

  friend bool operator==(const Replay&, const Replay&) = default;
};

using Input = std::variant<Change, Edit, Claim, WriteOutcome, Retry, Replan, Resolve, Replay, Discard, Undo, Override>;

}  // namespace lockstep::sync
