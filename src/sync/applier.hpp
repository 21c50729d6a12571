// How single inputs are applied within one batch. Split by kind of input: changes (apply_change.cpp, apply_merge.cpp, apply_gone.cpp, apply_filter.cpp),
// outcomes of writes (apply_outcome.cpp), edits (apply_edit.cpp), what people decide (apply_decision.cpp, apply_undo.cpp),
// what waited (apply_replay.cpp), what can not be applied (set_aside.cpp).
#pragma once

#include "sync/engine.hpp"

namespace lockstep::sync {

// An object that is to be read first, and can not be, does not hold writes longer. A call whose answer never comes takes
// half a minute; several in a row are to be survived.
inline constexpr Duration kHeldForReading = std::chrono::minutes(5);

inline LinkKey link_key(const Change& change) {
  return {change.source, change.system, change.object, change.external_id};
}

class Applier {
 public:
  Applier(Workspace& workspace, Expressions& expressions, HlcClock& hlc, Random& random, const EngineSettings& settings)
      : ws_(workspace), expressions_(expressions), hlc_(hlc), random_(random), settings_(settings) {}

  Result<Applied> apply(const Change& change);
  Result<Applied> apply(const Edit& edit);
  Result<Applied> apply(const Claim& claim);
  Result<Applied> apply(const WriteOutcome& outcome);
  Result<Applied> apply(const Retry& retry);
  Result<Applied> apply(const Replan& replan);
  Result<Applied> apply(const Resolve& resolve);
  Result<Applied> apply(const Replay& replay);
  Result<Applied> apply(const Discard& discard);
  Result<Applied> apply(const Undo& undo);
  Result<Applied> apply(const Override& choice);
  // In place of an input that apply() fails on, in a workspace of its own.
  Result<Applied> set_aside(const Input& input, const Error& error);

 private:
  // A change with all that is known about it.
  struct Observed {
    const Change& change;
    const EntitySchema& entity;
    const SystemBinding& binding;
    RecordId hint;        // the record that a person or the remote system named, may be empty
    bool as_new = false;  // a person decided that it is a new one
    Seq replays = 0;      // it was accepted before, as this journal entry, and had to wait
    Time since{};         // then: when it came

    // Says how the object is now; a reading that had to wait says how it was then.
    bool read_now() const { return change.via == Via::fetch && replays == 0; }
    // What is captured comes in order; what had to wait does not, and others may have passed it.
    bool in_order() const { return change.via == Via::capture && replays == 0; }
    WorkClass work() const { return change.via == Via::scan ? WorkClass::backfill : WorkClass::live; }
  };
  // What is shown by the objects of one kind that wait without a record, as of a number of changes to the inbox.
  struct Unrecognised {
    SourceId source;
    SystemName system;
    std::string object;
    std::uint64_t as_of = 0;
    std::vector<Fields> shown;
  };
  // What merging an observation did.
  struct Merged {
    JsonObject fields;  // name -> {from, to, rule}
    std::vector<ConflictRow> conflicts;
    bool canonical = false;  // a canonical value changed
    bool base = false;       // what the system holds changed
  };

  // --- changes
  Result<Applied> accept(const Change& change, const EntitySchema& entity, const std::vector<RecordId>& candidates);
  Result<Applied> observe(const Observed& seen);
  Result<Applied> observe_delete(const Observed& seen);
  Result<bool> told_late(const Observed& seen, const Fields& fields);
  Applied park_lost(const Observed& seen, const RecordId& record);
  Result<Applied> observe_unlinked(const Observed& seen, Fields fields);
  Result<Applied> observe_linked(const Observed& seen, Record& record, Fields fields);
  Result<std::optional<Applied>> waits_for_create(const Observed& seen, const Fields& fields,
                                                  const std::vector<MatchKey>& keys);
  Result<Record*> named_record(const Observed& seen);
  Result<std::string> awaited_create(const Change& change, const std::vector<OutboxRow>& claims);
  Result<void> named(const Change& change, const Record& record);
  Result<Applied> join(const Observed& seen, Record& record, const Fields& fields, std::string_view how);
  // Turns references from the system's ids into record ids, in place. Returns the key to wait for when one is not
  // known yet, or "" when all are resolved.
  Result<std::string> resolve_references(const Observed& seen, Fields& fields);
  Merged merge(const EntitySchema& entity, const SystemName& system, Record& record, Link& link, const Fields& fields);
  void remember_raw(const EntitySchema& entity, const SystemBinding& binding, const Json& document,
                    const Fields& fields, Link& link);
  // Of a link that is new: what the system did not show is empty there. A field that is mapped later is not known.
  static void know_the_rest(const SystemBinding& binding, Link& link);
  Result<bool> waits_for_outcome(const Change& change, const Record& record, const Link& link, const Fields& fields,
                                 const OutboxRow& row);
  Result<Applied> stale(const Observed& seen, Record& record, const Link& link, const Fields& fields);
  // Of an object that the binding's filter may leave out; nullopt: it is handled like any other.
  Result<std::optional<Applied>> filtered(const Observed& seen);
  Result<Applied> leave(const Observed& seen, const RecordId& id);
  Result<Applied> trailing(const Observed& seen, Record& record, const Fields& fields);
  Result<void> release(const SourceId& source, const SystemName& system, const std::string& object,
                       const std::string& external_id, const Record* record);
  Result<void> replan_blocked(const SourceId& source, const std::string& waits_for);
  Result<void> replay_waiting(const SourceId& source, const std::string& waits_for);
  Result<void> heard(const Change& change, const Applied& applied);
  Result<void> request_fetch(const Change& change, std::string reason, std::vector<RecordId> candidates);
  Result<Applied> read_first(const Observed& seen, std::string reason);
  Result<bool> join_records(const EntitySchema& entity, Record& into, Record& from);
  Result<void> ask_again(const Change& gone);
  Result<void> lose_object(const Observed& seen, Record& record, Link& link);

  // --- edits
  // The answer to an edit whose delivery was accepted before; nullopt: it is new.
  // What Edit::within forbids.
  Result<std::optional<Applied>> beyond(const EntitySchema& entity, const Edit& edit);
  Result<std::optional<Applied>> repeated(const Edit& edit, const SystemName& app);
  Result<void> remember(const Edit& edit, const SystemName& app);
  // Sets what differs, as a person's edit that the next journal entry tells of; gives name -> {from, to}. Open conflicts
  // of a field that is set are decided by that.
  Result<JsonObject> set_fields(const SourceSchema& source, Record& record, Fields fields, const std::string& actor);
  Result<void> decide_conflicts(const SourceSchema& source, const Record& record, const std::string& field,
                                const Json& value, const std::string& actor);
  void decide(const SourceSchema& source, ConflictRow conflict, const Json& value, const std::string& actor);
  Result<std::optional<Applied>> bring_back(const EntitySchema& entity, const Undo& undo, Record& record);

  // --- outcomes
  Result<void> outcome_applied(const WriteOutcome& outcome, const EntitySchema& entity, const SystemBinding& binding,
                               Record& record, const Fields& sent);
  void know_written(const WriteOutcome& outcome, Record& record);
  Result<Fields> read_state(const WriteOutcome& outcome, const EntitySchema& entity, const SystemBinding& binding,
                            const Link& link);
  Result<void> absorb_state(const WriteOutcome& outcome, const EntitySchema& entity, const SystemBinding& binding,
                            Record& record, Link& link, const Fields& sent);
  Result<void> absorb_emptied(const WriteOutcome& outcome, const SystemBinding& binding, const Record& record,
                              Link& link, const Fields& shown, const Fields& sent);
  Result<std::string> doubted(const Change& shown, const Link& link);
  Result<bool> adopt_link(const WriteOutcome& outcome, const EntitySchema& entity, const SystemBinding& binding,
                          Record& record);
  // An object that our create has made and that can not be the record's.
  void note_stray(const WriteOutcome& outcome, const Record& record, std::string reason, std::string other);
  Result<bool> still_planned(const Claim& claim, const EntitySchema& entity, const SystemBinding& binding);
  Result<std::string> holds_back(const Claim& claim, const EntitySchema& entity, const SystemBinding& binding);
  Result<const std::vector<Fields>*> unrecognised(const Claim& claim, const EntitySchema& entity,
                                                  const SystemBinding& binding);
  Result<bool> waits_unrecognised(const Claim& claim, const EntitySchema& entity, const SystemBinding& binding);
  Result<bool> waits_for_reading(const Claim& claim, const SystemBinding& binding);
  Result<void> absorb_witnesses(const WriteOutcome& outcome, const EntitySchema& entity, const SystemBinding& binding,
                                const Record& record, Link& link, const Fields& sent);
  void retry_later(OutboxRow& row, const WriteOutcome& outcome);
  Result<void> revive(const EntitySchema& entity, Record& record);
  Result<void> meet_twin(const EntitySchema& entity, Record& record);
  static bool is_edit(const Json* base, const Json& value);
  static JsonObject shown_news(const Link& link, const Fields& fields);
  static bool shows_edit(const Link& link, const Fields& fields);
  std::chrono::milliseconds backoff(std::uint32_t attempts);

  // --- what can not be applied
  Result<Applied> set_aside(const Change& change, const Error& error);
  Result<void> give_up(const OutboxKey& key, const Error& error);

  // --- journal
  Applied note(Disposition disposition, std::string reason, JournalEntry entry, const Record* record);
  Applied note_change(const Observed& seen, Disposition disposition, std::string reason, const Record* record,
                      JsonObject fields);
  Applied park(const Observed& seen, InboxKind kind, std::string waits_for, std::string reason,
               std::vector<RecordId> candidates);
  Time came(const Observed& seen) { return seen.replays == 0 ? ws_.now() : seen.since; }
  Applied park_behind_write(const Observed& seen, const Record& record);
  void keep_conflicts(const Record& record, Merged& merged);

  // Later than all that the record knows.
  Stamp stamp(const Record& record, const SystemName& origin);

  Workspace& ws_;
  Expressions& expressions_;
  HlcClock& hlc_;
  Random& random_;
  const EngineSettings& settings_;
  Unrecognised unrecognised_;
  int depth_ = 0;  // of replays within one input
};

// "webhook", "poll", …
std::string_view to_string(Via via);
std::string_view to_string(Disposition disposition);
// Nothing was journalled; the caller must change the request.
Applied refused(ErrorKind kind, std::string message);
// Of an edit that the entity does not take; `field` may be "".
Applied takes_no_edits(const EntitySchema& entity, std::string_view field);
Applied not_left_to_businesses(std::string_view field);

}  // namespace lockstep::sync
