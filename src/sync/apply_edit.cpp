// Edits through the API, and what people decide: retries, held fields.
#include <algorithm>

#include "sync/applier.hpp"
#include "sync/identity.hpp"
#include "sync/normalize.hpp"

namespace lockstep::sync {
namespace {

Applied refused(ErrorKind kind, std::string message) {
  Applied out;
  out.error = Error{kind, std::move(message), {}};
  return out;
}

// The marker that says what a delivery has asked for.
std::string asked(const Edit& edit) { return edit.delivery + " = " + edit.fingerprint; }

}  // namespace

Result<std::optional<Applied>> Applier::repeated(const Edit& edit, const SystemName& app) {
  if (edit.delivery.empty()) return std::optional<Applied>();
  LOCKSTEP_TRY(seen, ws_.seen(edit.source, app, edit.delivery));
  if (seen && !edit.fingerprint.empty()) {
    LOCKSTEP_TRY(same, ws_.seen(edit.source, app, asked(edit)));
    if (!same)
      return refused(ErrorKind::invalid, "this Idempotency-Key was used for a different request: take another one");
  }
  Applied out;
  out.disposition = Disposition::suppressed;
  out.reason = "duplicate delivery";
  out.record = edit.record.empty() ? edit.new_record : edit.record;
  // A create can be older than the markers: its record is there, and nothing is created again.
  LOCKSTEP_TRY(record, ws_.record(edit.source, out.record));
  if (!seen && (record == nullptr || !edit.record.empty())) return std::optional<Applied>();
  if (record != nullptr) out.revision = record->revision;
  return out;
}

Result<void> Applier::remember(const Edit& edit, const SystemName& app) {
  if (edit.delivery.empty()) return {};
  ws_.mark(edit.source, app, edit.delivery);  // A3
  if (edit.fingerprint.empty()) return {};
  // It may have outlived the other one by a moment.
  LOCKSTEP_TRY(there, ws_.seen(edit.source, app, asked(edit)));
  if (!there) ws_.mark(edit.source, app, asked(edit));
  return {};
}

Result<Applied> Applier::apply(const Edit& edit) {
  const SourceSchema* source = ws_.catalog().find(edit.source);
  const EntitySchema* entity = source == nullptr ? nullptr : source->find(edit.entity);
  if (entity == nullptr) return refused(ErrorKind::not_found, "there is no entity '" + edit.entity.str() + "'");
  const SystemName app = source->app;
  LOCKSTEP_TRY(before, repeated(edit, app));
  if (before) return std::move(*before);
  Fields fields;
  for (const auto& [name, value] : edit.fields) {
    const FieldSchema* field = entity->find(name);
    if (field == nullptr) return refused(ErrorKind::invalid, "'" + name + "' is no field of " + entity->name.str());
    Json normal = normalize(*field, value);
    if (const auto problem = validate(*field, normal))
      return refused(ErrorKind::invalid, "field '" + name + "': " + *problem);
    if (field->type == FieldType::reference && !normal.is_null()) {
      LOCKSTEP_TRY(target,
                   ws_.record(edit.source, RecordId(std::string(normal.is_string() ? normal.get_string() : ""))));
      if (target == nullptr || target->entity != field->target) {
        return refused(ErrorKind::invalid, "field '" + name + "': no " + field->target.str() + " has this id");
      }
    }
    fields.emplace(name, std::move(normal));
  }

  Record* record = nullptr;
  if (edit.record.empty()) {
    if (edit.remove) return refused(ErrorKind::invalid, "name the record to remove");
    for (const MatchKey& key : match_keys(edit.source, *entity, fields)) {
      LOCKSTEP_TRY(ids, ws_.matching(key));
      if (!ids.empty())
        return refused(ErrorKind::conflict, "record " + ids.front().str() + " already holds this one: edit it instead");
    }
    record = &ws_.create(edit.source, edit.entity, edit.new_record);
  } else {
    LOCKSTEP_TRY(found, ws_.record(edit.source, edit.record));
    if (found == nullptr || found->entity != edit.entity || (found->deleted && !edit.remove)) {
      return refused(ErrorKind::not_found, "there is no record " + edit.record.str());
    }
    record = found;
    if (edit.expected_revision && *edit.expected_revision != record->revision) {
      return refused(ErrorKind::conflict, "the record is at revision " + std::to_string(record->revision) + ", not " +
                                              std::to_string(*edit.expected_revision) + ": read it again");
    }
  }
  LOCKSTEP_CHECK(remember(edit, app));

  JournalEntry entry;
  entry.source = edit.source;
  entry.system = app;
  entry.kind = edit.remove ? "delete" : "edit";
  JsonObject body;
  if (!edit.actor.empty()) body["actor"] = edit.actor;
  JsonObject changed;
  const Stamp now = stamp(app);
  for (auto& [name, value] : fields) {
    const auto at = record->fields.find(name);
    if (at != record->fields.end() && at->second.value == value && !at->second.held) continue;
    if (at == record->fields.end() && value.is_null()) continue;
    JsonObject step;
    if (at != record->fields.end()) step["from"] = at->second.value;
    step["to"] = value;
    changed[name] = std::move(step);
    record->fields[name] = FieldState{std::move(value), now, false};
  }
  const bool nothing = changed.empty() && !edit.remove && !edit.record.empty();
  if (edit.remove) {
    record->deleted = true;
    record->deleted_stamp = now;
  }
  if (!changed.empty()) body["fields"] = std::move(changed);
  entry.body = std::move(body);
  if (nothing) return note(Disposition::suppressed, "nothing changed", std::move(entry), record);
  ws_.touch(*record, ws_.next_seq(), WorkClass::person);
  return note(Disposition::applied, edit.record.empty() ? "created" : "", std::move(entry), record);
}

Result<Applied> Applier::apply(const Retry& retry) {
  LOCKSTEP_TRY(row, ws_.outbox({retry.source, retry.system, retry.record}));
  if (!row) return refused(ErrorKind::not_found, "nothing waits to be written to " + retry.system.str());
  if (row->state != OutboxState::dead && row->state != OutboxState::waiting) {
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

Result<Applied> Applier::apply(const Resolve& resolve) {
  LOCKSTEP_TRY(record, ws_.record(resolve.source, resolve.record));
  const SourceSchema* source = ws_.catalog().find(resolve.source);
  const EntitySchema* entity = record == nullptr || source == nullptr ? nullptr : source->find(record->entity);
  const FieldSchema* field = entity == nullptr ? nullptr : entity->find(resolve.field);
  if (field == nullptr) return refused(ErrorKind::not_found, "there is no such record or field");
  Json value = normalize(*field, resolve.value);
  if (const auto problem = validate(*field, value))
    return refused(ErrorKind::invalid, "field '" + resolve.field + "': " + *problem);
  LOCKSTEP_TRY(conflicts, ws_.open_conflicts(resolve.source, resolve.record));
  for (ConflictRow& conflict : conflicts) {
    if (conflict.field != resolve.field) continue;
    conflict.open = false;
    conflict.winner = conflict.theirs == value ? conflict.theirs_origin
                      : conflict.mine == value ? conflict.mine_origin
                                               : source->app;
    ws_.put_conflict(conflict);
  }
  JournalEntry entry;
  entry.source = resolve.source;
  entry.system = source->app;
  entry.kind = "resolve";
  JsonObject step;
  const auto at = record->fields.find(resolve.field);
  if (at != record->fields.end()) step["from"] = at->second.value;
  step["to"] = value;
  entry.body = JsonObject{{"actor", resolve.actor}, {"fields", JsonObject{{resolve.field, std::move(step)}}}};
  record->fields[resolve.field] = FieldState{std::move(value), stamp(source->app), false};
  ws_.touch(*record, ws_.next_seq(), WorkClass::person);
  return note(Disposition::applied, "", std::move(entry), record);
}

}  // namespace lockstep::sync
