// Objects that are deleted in a system, what comes about them later, and records that live again.
#include <algorithm>

#include "sync/applier.hpp"
#include "sync/identity.hpp"
#include "sync/merge.hpp"
#include "sync/sets.hpp"

namespace lockstep::sync {
namespace {

bool adds_members(const Json* base, const Json& set) {
  const Members members = members_of(set);
  return !std::ranges::includes(base == nullptr ? Members() : members_of(*base), members);
}

}  // namespace

// An event about an object that is gone. Only a reading tells that it is back. An edit that our own removal did not know
// lives on in the record (L3); everything else comes too late.
Result<Applied> Applier::trailing(const Observed& seen, Record& record, const Fields& fields) {
  const Change& change = seen.change;
  Link* known = record.former_link(change.system, change.external_id);
  if (known == nullptr) known = record.link(change.system);
  if (known == nullptr || known->external_id != change.external_id) return stale(seen, record, Link{}, fields);
  Link& link = *known;
  const bool newer = change.version > link.version;
  const bool listed = change.via == Via::scan;
  // It was deleted there and may have been restored since: a list shows it, or an event that is newer than the deletion.
  const bool restored = link.state == LinkState::gone && (listed || newer);
  // We removed it, and the system may have forgotten that: a failover, a backup that was put back.
  const bool forgotten = link.state == LinkState::removed && listed && newer;
  if (record.merged_into.empty() && (restored || forgotten)) {
    LOCKSTEP_CHECK(request_fetch(change, "seen again after it was deleted", {}));
    return note_change(seen, Disposition::suppressed, "the object is read to be sure", &record,
                       shown_news(link, fields));
  }
  const bool told = change.via == Via::webhook || change.via == Via::fetch;
  const bool unknown = link.state == LinkState::removed && told && newer;
  if (!unknown || !record.merged_into.empty() || shows_prior(link, fields)) return stale(seen, record, link, fields);
  Fields edits;
  for (const auto& [name, value] : fields) {
    if (is_edit(find_value(link.base, name), value)) edits.emplace(name, value);
  }
  link.version = change.version;  // what comes later and is older tells of no edit
  if (edits.empty()) {
    ws_.touch(record, ws_.next_seq(), WorkClass::live);
    return stale(seen, record, link, fields);
  }
  Merged merged = merge(seen.entity, change.system, record, link, edits);
  if (seen.entity.deletes == DeletePolicy::propagate) LOCKSTEP_CHECK(revive(seen.entity, record));
  keep_conflicts(record, merged);
  ws_.touch(record, ws_.next_seq(), WorkClass::live);
  return note_change(seen, Disposition::applied, "an edit that our removal did not know", &record,
                     std::move(merged.fields));
}

// An empty set where there was none is how a system shows a new object: no edit that a deletion must spare.
bool Applier::is_edit(const Json* base, const Json& value) {
  if (base != nullptr && !base->is_null()) return *base != value;
  const bool empty_set = value.is_array() && value.get_array().empty();
  return !value.is_null() && !empty_set;
}

bool Applier::shows_edit(const Link& link, const Fields& fields) {
  return std::ranges::any_of(
      fields, [&](const auto& field) { return is_edit(find_value(link.base, field.first), field.second); });
}

// A record that was deleted everywhere lives again: where its objects are gone they are made again.
Result<void> Applier::revive(const EntitySchema& entity, Record& record) {
  if (!record.deleted) return {};
  record.deleted = false;
  if (entity.deletes == DeletePolicy::propagate) record.let_go([](const Link& link) { return !link.is_linked(); });
  ws_.touch(record, ws_.next_seq(), WorkClass::live);  // it is found by its content again
  return meet_twin(entity, record);
}

// What was made while the record was deleted may be the same thing: they are one again before anything is made for
// either of them (O1, X1).
Result<void> Applier::meet_twin(const EntitySchema& entity, Record& record) {
  Record* twin = nullptr;
  for (const MatchKey& key : match_keys(record.source, entity, values_of(record))) {
    LOCKSTEP_TRY(ids, ws_.matching(key));
    for (const RecordId& id : ids) {
      LOCKSTEP_TRY(other, ws_.record(record.source, id));
      if (other == nullptr || other->deleted || other == &record || other == twin) continue;
      if (twin != nullptr) return {};  // which one it is, nobody can tell
      twin = other;
    }
  }
  if (twin == nullptr) return {};
  for (const SystemBinding& binding : entity.systems) {
    LOCKSTEP_TRY(making, ws_.outbox({record.source, binding.system, twin->id}));
    if (making && making->in_flight() && making->creates) return {};
  }
  LOCKSTEP_CHECK(join_records(entity, record, *twin));
  return {};
}

Result<Applied> Applier::observe_delete(const Observed& seen) {
  const Change& change = seen.change;
  LOCKSTEP_TRY(linked, ws_.linked(link_key(change)));
  if (!linked || linked->empty()) {
    // C1: what was told of it before waits to know whether it is a create's.
    LOCKSTEP_TRY(claims, ws_.claims(change.source, change.system, seen.entity.name));
    LOCKSTEP_TRY(waits_for, awaited_create(change, claims));
    if (!waits_for.empty())
      return park(seen, InboxKind::waiting, std::move(waits_for), "waits behind what was told of it before", {});
    ws_.link(link_key(change), RecordId());  // known to be gone: references to it become null
    Applied applied = note_change(seen, Disposition::suppressed, "not known here", nullptr, {});
    LOCKSTEP_CHECK(release(change.source, change.system, change.object, change.external_id, nullptr));
    return applied;
  }
  LOCKSTEP_TRY(record, ws_.record(change.source, *linked));
  if (record == nullptr) return park_lost(seen, *linked);
  Link* link = record->link(change.system);
  if (link == nullptr || link->external_id != change.external_id || !link->is_linked()) {
    return note_change(seen, Disposition::suppressed, "echo", record, {});
  }
  if (change.version != 0 && change.version < link->version) {
    if (change.via != Via::capture)
      LOCKSTEP_CHECK(request_fetch(change, "a delete older than the last known state", {}));
    return note_change(seen, Disposition::suppressed, "stale", record, {});
  }
  LOCKSTEP_TRY(row, ws_.outbox({change.source, change.system, record->id}));
  // L3: whether who deleted it had seen what our write carries, only its outcome tells.
  if (row && row->in_flight()) return park_behind_write(seen, *record);
  link->version = std::max(link->version, change.version);
  LOCKSTEP_CHECK(lose_object(seen, *record, *link));
  return note_change(seen, Disposition::applied, record->deleted ? "deleted" : "gone in " + change.system.str(), record,
                     {});
}

// L1: who has asked for a reading before the object went may be answered with what stood there then.
Result<void> Applier::ask_again(const Change& gone) {
  LOCKSTEP_TRY(asked, ws_.inbox_waiting(gone.source, wait_for_reading(gone.system, gone.object, gone.external_id)));
  for (const InboxRow& row : asked) {
    ws_.erase_inbox(row.seq);
    LOCKSTEP_CHECK(request_fetch(row.change, row.reason, row.candidates));
  }
  return {};
}

Result<void> Applier::lose_object(const Observed& seen, Record& record, Link& link) {
  const SystemName system = link.system;
  Fields planned;  // before the object is gone
  if (!record.deleted && seen.entity.deletes == DeletePolicy::propagate) {
    LOCKSTEP_TRY(lacking, ws_.planned(record, seen.entity, seen.binding));
    planned = std::move(lacking);
  }
  link.state = LinkState::gone;
  ws_.touch(record, ws_.next_seq(), WorkClass::live);
  LOCKSTEP_CHECK(ask_again(seen.change));
  if (record.deleted || seen.entity.deletes == DeletePolicy::detach) return {};
  if (seen.entity.deletes == DeletePolicy::archive) {
    record.deleted = true;
    record.deleted_stamp = stamp(record, system);
    return {};
  }
  // A write on its way may have reached the object before it went.
  LOCKSTEP_TRY(write, ws_.outbox({record.source, system, record.id}));
  const Fields sent = write && write->in_flight() ? std::move(write->sent) : Fields();
  Merged merged;
  for (const auto& [name, state] : record.fields) {
    const Json* base = find_value(link.base, name);
    const bool lacking = planned.contains(name) || (state.held && seen.binding.find(name) != nullptr);
    const Json* last = find_value(sent, name);
    const bool unseen = (lacking && is_edit(base, state.value)) || (last != nullptr && is_edit(last, state.value));
    // Who touched a set last is not who put all its members there.
    const bool theirs = state.stamp.origin == system && !adds_members(base, state.value);
    if (!unseen || theirs) continue;
    ConflictRow row;
    row.field = name;
    row.base = base == nullptr ? Json() : *base;
    row.mine = state.value;
    row.mine_origin = state.stamp.origin;
    row.theirs_origin = system;
    row.rule = "delete";
    row.winner = state.stamp.origin;
    merged.conflicts.push_back(std::move(row));
  }
  if (merged.conflicts.empty()) {
    record.deleted = true;
    record.deleted_stamp = stamp(record, system);
    return {};
  }
  // L3: the system deleted a state that somebody has edited since. The edit stays; the object is made again.
  keep_conflicts(record, merged);
  record.let_go(system);
  return {};
}

}  // namespace lockstep::sync
