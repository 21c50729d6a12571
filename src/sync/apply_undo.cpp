// Undo: what a journal entry did is turned back where nobody has changed it since.
#include <algorithm>

#include "sync/applier.hpp"
#include "sync/identity.hpp"
#include "sync/merge.hpp"
#include "sync/normalize.hpp"

namespace lockstep::sync {
namespace {

// What undoing asks for, and what stands against it.
struct Turned {
  Fields values;
  std::string changed;  // fields that have changed since, for people
  std::string invalid;  // what can not be set any more
};

Turned turn_back(const EntitySchema& entity, const Record& record, const Undo& undo) {
  Turned out;
  for (const Undo::Step& step : undo.steps) {
    const FieldSchema* field = entity.find(step.field);
    if (field == nullptr) {
      out.invalid += (out.invalid.empty() ? "" : ", ") + step.field;
      continue;
    }
    const auto at = record.fields.find(step.field);
    const Json current = at == record.fields.end() ? Json() : at->second.value;
    Json value = step.from.value_or(Json());
    const bool set = field->policy.kind == PolicyKind::set_union;
    if (set) value = merge_sets(current, &step.to, value);  // only the members that the entry has added or removed
    const bool held = at != record.fields.end() && at->second.held;
    const bool moved = held || (!set && current != step.to && current != value);
    if (moved) out.changed += (out.changed.empty() ? "" : ", ") + step.field;
    if (moved && undo.changed != ChangedSince::overwrite) continue;
    if (const auto problem = validate(*field, value)) {
      out.invalid += (out.invalid.empty() ? "" : ", ") + step.field + " (" + *problem + ")";
    } else {
      out.values.emplace(step.field, std::move(value));
    }
  }
  return out;
}

}  // namespace

// Undoes a delete. Objects that are gone are made again: their links are dropped, and planning does the rest.
Result<std::optional<Applied>> Applier::bring_back(const EntitySchema& entity, const Undo& undo, Record& record) {
  const auto gone = [&](const Link& link) {
    return !link.is_linked() && (record.deleted || link.system == undo.system);
  };
  if (!record.deleted && std::ranges::none_of(record.links, gone))
    return std::optional(refused(ErrorKind::conflict, "the record is there"));
  for (const SystemBinding& binding : entity.systems) {
    LOCKSTEP_TRY(row, ws_.outbox({record.source, binding.system, record.id}));
    if (row && row->in_flight())
      return std::optional(refused(ErrorKind::conflict,
                                   "a write to " + binding.system.str() + " is on its way: undo it when that is over"));
  }
  for (const MatchKey& key : match_keys(record.source, entity, values_of(record))) {
    LOCKSTEP_TRY(ids, ws_.matching(key));
    const auto other = std::ranges::find_if(ids, [&](const RecordId& id) { return id != record.id; });
    if (other != ids.end())
      return std::optional(refused(ErrorKind::conflict, "record " + other->str() + " is the same thing by now"));
  }
  record.let_go(gone);
  record.deleted = false;
  record.deleted_stamp = {};
  return std::optional<Applied>();
}

Result<Applied> Applier::apply(const Undo& undo) {
  const SourceSchema* source = ws_.catalog().find(undo.source);
  LOCKSTEP_TRY(record, ws_.record(undo.source, undo.record));
  const EntitySchema* entity = record == nullptr || source == nullptr ? nullptr : source->find(record->entity);
  if (entity == nullptr) return refused(ErrorKind::not_found, "there is no record " + undo.record.str());
  if (undo.within) {
    if (!belongs(*entity, *record, *undo.within))
      return refused(ErrorKind::not_found, "there is no record " + undo.record.str());
    if (undo.restore) return refused(ErrorKind::unauthorized, "a business neither makes nor deletes records");
    for (const Undo::Step& step : undo.steps) {
      if (!business_may_edit(*entity, step.field)) return not_left_to_businesses(step.field);
    }
  }
  // Undone, it would stand for a value that no system holds.
  if (entity->edits == Edits::none) return takes_no_edits(*entity, undo.steps.empty() ? "" : undo.steps.front().field);
  if (!record->merged_into.empty())
    return refused(ErrorKind::conflict, "the record has become one with " + record->merged_into.str());
  if (record->deleted && !undo.restore) return refused(ErrorKind::conflict, "the record has been deleted since");

  Turned turned = turn_back(*entity, *record, undo);
  if (!turned.invalid.empty() && undo.changed != ChangedSince::leave)
    return refused(ErrorKind::invalid, "can not be set any more: " + turned.invalid);
  if (!turned.changed.empty() && undo.changed == ChangedSince::refuse)
    return refused(ErrorKind::conflict, "changed since: " + turned.changed);
  if (undo.restore) {
    LOCKSTEP_TRY(no, bring_back(*entity, undo, *record));
    if (no) return std::move(*no);
  }
  LOCKSTEP_TRY(fields, set_fields(*source, *record, std::move(turned.values), undo.actor));

  JournalEntry entry;
  entry.source = undo.source;
  entry.system = source->app;
  entry.kind = "edit";
  JsonObject body{{"undoes", undo.undoes}};
  if (!undo.actor.empty()) body["actor"] = undo.actor;
  if (!undo.job.empty()) body["job"] = undo.job;
  const bool nothing = fields.empty() && !undo.restore;
  if (!fields.empty()) body["fields"] = std::move(fields);
  entry.body = std::move(body);
  const bool left = !turned.changed.empty() && undo.changed == ChangedSince::leave;
  if (nothing)
    return note(Disposition::suppressed, left ? "changed since" : "nothing changed", std::move(entry), record);
  ws_.touch(*record, ws_.next_seq(), undo.job.empty() ? WorkClass::person : WorkClass::backfill);
  return note(Disposition::applied,
              undo.restore ? "restored"
              : left       ? "undone in part"
                           : "undone",
              std::move(entry), record);
}

}  // namespace lockstep::sync
