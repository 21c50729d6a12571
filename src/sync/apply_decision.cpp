// What people decide: writes that are tried again or given up, conflicts.
#include <algorithm>

#include "sync/applier.hpp"
#include "sync/normalize.hpp"

namespace lockstep::sync {
namespace {

// Does a system whose value counts hold this one, as far as we know?
bool is_held(const EntitySchema& entity, const Record& record, const std::string& field, const Json& value) {
  return std::ranges::any_of(entity.systems, [&](const SystemBinding& binding) {
    const FieldBinding* bound = binding.find(field);
    const Link* link = record.link(binding.system);
    if (bound == nullptr || bound->direction == Direction::write || link == nullptr || !link->is_linked()) return false;
    const auto base = link->base.find(field);
    return base == link->base.end() ? value.is_null() : base->second == value;
  });
}

}  // namespace

Result<Applied> Applier::apply(const Retry& retry) {
  LOCKSTEP_TRY(row, ws_.outbox({retry.source, retry.system, retry.record}));
  if (!row) return refused(ErrorKind::not_found, "nothing waits to be written to " + retry.system.str());
  const bool resting = row->state == OutboxState::dead || row->state == OutboxState::discarded;
  if (!resting && row->state != OutboxState::waiting) {
    return refused(ErrorKind::conflict, "an attempt is on its way");
  }
  LOCKSTEP_TRY(record, ws_.record(retry.source, retry.record));
  // X2: what may have been applied is read back first.
  row->state = row->error_kind == ErrorKind::maybe_applied ? OutboxState::unknown : OutboxState::waiting;
  row->attempts = 0;
  row->due = ws_.now();
  row->work = WorkClass::person;
  row->error.clear();
  ws_.put_outbox(*row);
  JournalEntry entry;
  entry.source = retry.source;
  entry.system = retry.system;
  entry.kind = "retry";
  if (!retry.actor.empty()) entry.body = JsonObject{{"actor", retry.actor}};
  return note(Disposition::applied, "", std::move(entry), record);
}

Result<Applied> Applier::apply(const Replan& replan) {
  const OutboxKey key{replan.source, replan.system, replan.record};
  LOCKSTEP_TRY(row, ws_.outbox(key));
  LOCKSTEP_TRY(record, ws_.record(replan.source, replan.record));
  Applied out;
  out.record = replan.record;
  const SourceSchema* source = ws_.catalog().find(replan.source);
  const EntitySchema* entity = record == nullptr || source == nullptr ? nullptr : source->find(record->entity);
  if (entity == nullptr || entity->binding(replan.system) == nullptr) {
    if (row) ws_.erase_outbox(key);
    return out;
  }
  if (row) ws_.put_outbox(*row);  // so that planning looks at it even when nothing was and is to be written
  ws_.replan(*record);
  return out;
}

Result<Applied> Applier::apply(const Discard& discard) {
  LOCKSTEP_TRY(row, ws_.outbox({discard.source, discard.system, discard.record}));
  if (!row || row->state != OutboxState::dead)
    return refused(ErrorKind::not_found, "no dead letter of " + discard.system.str());
  LOCKSTEP_TRY(record, ws_.record(discard.source, discard.record));
  JournalEntry entry;
  entry.source = discard.source;
  entry.system = discard.system;
  entry.kind = "discard";
  entry.body = JsonObject{{"actor", discard.actor}, {"why", discard.reason}, {"error", row->error}};
  // The row stays: the record is not what the system holds, and its status says why for as long as that is so.
  row->state = OutboxState::discarded;
  row->error = "given up by " + discard.actor + ": " + discard.reason + " (" + row->error + ")";
  ws_.put_outbox(std::move(*row));
  return note(Disposition::applied, "", std::move(entry), record);
}

void Applier::decide(const SourceSchema& source, ConflictRow conflict, const Json& value, const std::string& actor) {
  conflict.open = false;
  conflict.winner = conflict.theirs == value ? conflict.theirs_origin
                    : conflict.mine == value ? conflict.mine_origin
                                             : source.app;
  conflict.decided_by = actor.empty() ? source.app.str() : actor;
  conflict.decided_at = ws_.now();
  conflict.decision = ws_.next_seq();
  ws_.put_conflict(std::move(conflict));
}

Result<void> Applier::decide_conflicts(const SourceSchema& source, const Record& record, const std::string& field,
                                       const Json& value, const std::string& actor) {
  LOCKSTEP_TRY(conflicts, ws_.open_conflicts(record.source, record.id));
  for (ConflictRow& conflict : conflicts) {
    if (conflict.field == field) decide(source, std::move(conflict), value, actor);
  }
  return {};
}

Result<Applied> Applier::apply(const Resolve& resolve) {
  LOCKSTEP_TRY(record, ws_.record(resolve.source, resolve.record));
  const SourceSchema* source = ws_.catalog().find(resolve.source);
  const EntitySchema* entity = record == nullptr || source == nullptr ? nullptr : source->find(record->entity);
  const FieldSchema* field = entity == nullptr ? nullptr : entity->find(resolve.field);
  if (field == nullptr || record->deleted) return refused(ErrorKind::not_found, "there is no such record or field");
  Json value = normalize(*field, resolve.value);
  if (const auto problem = validate(*field, value))
    return refused(ErrorKind::invalid, "field '" + resolve.field + "': " + *problem);
  // A person chooses between what systems say; a value of his own would be an edit.
  if (entity->edits == Edits::none && !is_held(*entity, *record, resolve.field, value))
    return takes_no_edits(*entity, resolve.field);
  LOCKSTEP_CHECK(decide_conflicts(*source, *record, resolve.field, value, resolve.actor));
  JournalEntry entry;
  entry.source = resolve.source;
  entry.system = source->app;
  entry.kind = "resolve";
  JsonObject step;
  const auto at = record->fields.find(resolve.field);
  if (at != record->fields.end()) step["from"] = at->second.value;
  step["to"] = value;
  JsonObject body{{"actor", resolve.actor}, {"fields", JsonObject{{resolve.field, std::move(step)}}}};
  if (resolve.conflict != 0) body["conflict"] = resolve.conflict;
  entry.body = std::move(body);
  record->fields[resolve.field] = FieldState{std::move(value), stamp(*record, source->app), false, {}};
  ws_.touch(*record, ws_.next_seq(), WorkClass::person);
  return note(Disposition::applied, "", std::move(entry), record);
}

// What the conflict has left behind is what it met, or what somebody has decided: any other value is newer than both.
Result<Applied> Applier::apply(const Override& choice) {
  LOCKSTEP_TRY(conflict, ws_.conflict(choice.source, choice.conflict, choice.field));
  const SourceSchema* source = ws_.catalog().find(choice.source);
  if (!conflict || source == nullptr)
    return refused(ErrorKind::not_found,
                   "there is no conflict " + std::to_string(choice.conflict) + " of field '" + choice.field + "'");
  if (conflict->rule == "delete" && choice.take == Override::Take::theirs)
    return refused(ErrorKind::invalid, "the other side has deleted the object: delete the record instead");
  LOCKSTEP_TRY(record, ws_.record(choice.source, conflict->record));
  const EntitySchema* entity = record == nullptr ? nullptr : source->find(record->entity);
  const FieldSchema* field = entity == nullptr ? nullptr : entity->find(choice.field);
  if (field == nullptr || record->deleted)
    return refused(ErrorKind::conflict, "the record is deleted, or the field is no longer mapped");
  const auto at = record->fields.find(choice.field);
  if (at != record->fields.end() && choice.changed == ChangedSince::refuse) {
    const FieldState& state = at->second;
    const bool as_left = state.value == conflict->mine || state.value == conflict->theirs ||
                         (conflict->decision != 0 && state.stamp.seq == conflict->decision);
    if (!as_left) return refused(ErrorKind::conflict, "the field has changed since: " + choice.field);
  }
  Resolve resolve;
  resolve.source = choice.source;
  resolve.record = conflict->record;
  resolve.field = choice.field;
  resolve.actor = choice.actor;
  resolve.conflict = choice.conflict;
  switch (choice.take) {
    case Override::Take::mine: resolve.value = conflict->mine; break;
    case Override::Take::theirs: resolve.value = conflict->theirs; break;
    case Override::Take::base: resolve.value = conflict->base; break;
    case Override::Take::value: resolve.value = choice.value; break;
  }
  resolve.value = normalize(*field, resolve.value);
  // An open one is decided with all the others of its field; one that was closed is decided anew.
  if (!conflict->open && !validate(*field, resolve.value))
    decide(*source, std::move(*conflict), resolve.value, choice.actor);
  return apply(resolve);
}

}  // namespace lockstep::sync
