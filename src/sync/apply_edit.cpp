// Edits through the API, as people and apps make them.
#include <algorithm>

#include "sync/applier.hpp"
#include "sync/identity.hpp"
#include "sync/normalize.hpp"

namespace lockstep::sync {
namespace {

// The marker that says what a delivery has asked for.
std::string asked(const Edit& edit) { return edit.delivery + " = " + edit.fingerprint; }

}  // namespace

Applied takes_no_edits(const EntitySchema& entity, std::string_view field) {
  std::string message = "'" + entity.name.str() + "' takes no edits (edits: none)";
  std::string from;
  for (const SystemBinding& binding : entity.systems) {
    const FieldBinding* bound = field.empty() ? nullptr : binding.find(field);
    if (bound != nullptr && bound->direction != Direction::write)
      from += (from.empty() ? "" : " and ") + binding.system.str();
  }
  if (!from.empty()) message += ": '" + std::string(field) + "' comes from " + from;
  return refused(ErrorKind::invalid, std::move(message));
}

Applied not_left_to_businesses(std::string_view field) {
  return refused(ErrorKind::unauthorized, "'" + std::string(field) + "' is not for a business to change");
}

// Inside the transaction: a record that has just been moved is somebody else's. What is not his answers as if it were not there.
Result<std::optional<Applied>> Applier::beyond(const EntitySchema& entity, const Edit& edit) {
  if (edit.record.empty() || edit.remove)
    return std::optional(refused(ErrorKind::unauthorized, "a business neither makes nor deletes records"));
  LOCKSTEP_TRY(record, ws_.record(edit.source, edit.record));
  if (record == nullptr || record->entity != edit.entity || !belongs(entity, *record, *edit.within))
    return std::optional(refused(ErrorKind::not_found, "there is no record " + edit.record.str()));
  for (const auto& [name, value] : edit.fields) {
    if (!business_may_edit(entity, name)) return std::optional(not_left_to_businesses(name));
  }
  return std::optional<Applied>();
}

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
  if (edit.within) {
    LOCKSTEP_TRY(no, beyond(*entity, edit));
    if (no) return std::move(*no);
  }
  if (edit.by == EditBy::person && entity->edits == Edits::none)
    return takes_no_edits(*entity, edit.fields.empty() ? "" : edit.fields.begin()->first);
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
      const EntitySchema* of = target == nullptr ? nullptr : source->find(target->entity);
      const bool hidden = edit.within && of != nullptr && !belongs(*of, *target, *edit.within);
      if (target == nullptr || target->entity != field->target || hidden) {
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
    const std::uint64_t revision = ws_.revision(*record);
    if (edit.expected_revision && *edit.expected_revision != revision) {
      return refused(ErrorKind::conflict, "the record is at revision " + std::to_string(revision) + ", not " +
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
  LOCKSTEP_TRY(changed, set_fields(*source, *record, std::move(fields), edit.actor));
  const bool nothing = changed.empty() && !edit.remove && !edit.record.empty();
  if (edit.remove) {
    record->deleted = true;
    record->deleted_stamp = stamp(*record, app);
  }
  if (!changed.empty()) body["fields"] = std::move(changed);
  entry.body = std::move(body);
  if (nothing) return note(Disposition::suppressed, "nothing changed", std::move(entry), record);
  ws_.touch(*record, ws_.next_seq(), WorkClass::person);
  return note(Disposition::applied, edit.record.empty() ? "created" : "", std::move(entry), record);
}

Result<JsonObject> Applier::set_fields(const SourceSchema& source, Record& record, Fields fields,
                                       const std::string& actor) {
  JsonObject changed;
  const Stamp now = stamp(record, source.app);
  for (auto& [name, value] : fields) {
    const auto at = record.fields.find(name);
    const bool held = at != record.fields.end() && at->second.held;
    if (at == record.fields.end() ? value.is_null() : at->second.value == value && !held) continue;
    JsonObject step;
    if (at != record.fields.end()) step["from"] = at->second.value;
    step["to"] = value;
    changed[name] = std::move(step);
    if (held) LOCKSTEP_CHECK(decide_conflicts(source, record, name, value, actor));
    record.fields[name] = FieldState{std::move(value), now, false, {}};
  }
  return changed;
}

}  // namespace lockstep::sync
