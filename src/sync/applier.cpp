#include "sync/applier.hpp"

namespace lockstep::sync {

std::string_view to_string(Via via) {
  switch (via) {
    case Via::webhook: return "webhook";
    case Via::poll: return "poll";
    case Via::capture: return "capture";
    case Via::fetch: return "fetch";
    case Via::scan: return "scan";
  }
  return "";
}

std::string_view to_string(Disposition disposition) {
  switch (disposition) {
    case Disposition::applied: return "applied";
    case Disposition::suppressed: return "suppressed";
    case Disposition::parked: return "parked";
    case Disposition::pending: return "pending";
  }
  return "";
}

Applied refused(ErrorKind kind, std::string message) {
  Applied out;
  out.error = Error{kind, std::move(message), {}};
  return out;
}

Stamp Applier::stamp(const Record& record, const SystemName& origin) {
  hlc_.see(record.deleted_stamp.time);
  for (const auto& [name, state] : record.fields) hlc_.see(state.stamp.time);
  return {hlc_.tick(ws_.now()), origin, ws_.next_seq()};
}

Applied Applier::note(Disposition disposition, std::string reason, JournalEntry entry, const Record* record) {
  entry.disposition = to_string(disposition);
  entry.reason = reason;
  if (record != nullptr) {
    entry.entity = record->entity;
    entry.record = record->id;
    const SourceSchema* source = ws_.catalog().find(entry.source);
    const EntitySchema* entity = source == nullptr ? nullptr : source->find(entry.entity);
    if (entity != nullptr) note_business(*entity, *record, entry);
  }
  Applied out;
  out.disposition = disposition;
  out.reason = std::move(reason);
  out.record = entry.record;
  out.revision = record == nullptr ? 0 : record->revision;
  out.seq = ws_.journal(std::move(entry)).seq;
  return out;
}

Applied Applier::note_change(const Observed& seen, Disposition disposition, std::string reason, const Record* record,
                             JsonObject fields) {
  const Change& change = seen.change;
  JournalEntry entry;
  entry.source = change.source;
  entry.entity = seen.entity.name;
  entry.system = change.system;
  entry.kind = change.kind == ChangeKind::deleted ? "delete" : "change";
  JsonObject body;
  body["external_id"] = change.external_id;
  body["via"] = to_string(change.via);
  if (change.version != 0) body["version"] = change.version;
  if (seen.replays != 0) body["replays"] = seen.replays;
  if (!change.actor.empty()) body["actor"] = change.actor;
  if (!change.job.empty()) body["job"] = change.job;
  if (!fields.empty()) body["fields"] = std::move(fields);
  entry.body = std::move(body);
  return note(disposition, std::move(reason), std::move(entry), record);
}

Applied Applier::park(const Observed& seen, InboxKind kind, std::string waits_for, std::string reason,
                      std::vector<RecordId> candidates) {
  const bool for_person = kind == InboxKind::identity || kind == InboxKind::invalid;
  InboxRow row;
  row.seq = ws_.next_seq();
  row.kind = kind;
  row.waits_for = std::move(waits_for);
  row.change = seen.change;
  row.reason = reason;
  row.since = came(seen);
  row.candidates = std::move(candidates);
  ws_.put_inbox(std::move(row));
  return note_change(seen, for_person ? Disposition::parked : Disposition::pending, std::move(reason), nullptr, {});
}

Applied Applier::park_behind_write(const Observed& seen, const Record& record) {
  return park(seen, InboxKind::waiting, wait_for_claim(seen.change.system, record.id),
              "waits for the outcome of a write", {});
}

void Applier::keep_conflicts(const Record& record, Merged& merged) {
  for (ConflictRow& conflict : merged.conflicts) {
    conflict.seq = ws_.next_seq();
    conflict.source = record.source;
    conflict.entity = record.entity;
    conflict.record = record.id;
    ws_.put_conflict(std::move(conflict));
  }
  merged.conflicts.clear();
}

}  // namespace lockstep::sync
