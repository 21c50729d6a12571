// How what waited goes on: inputs that were parked are applied again, and records that turn out to be one are joined.
#include <algorithm>
#include <utility>

#include "sync/applier.hpp"
#include "sync/identity.hpp"
#include "sync/link.hpp"
#include "sync/merge.hpp"

namespace lockstep::sync {
namespace {

constexpr int kReplayDepthLimit = 16;

}  // namespace

// Two records turn out to be one thing: a system refuses to hold both. Possible when no system holds an object of each,
// and their keys say the same. The second becomes a tombstone that points to the first.
Result<bool> Applier::join_records(const EntitySchema& entity, Record& into, Record& from) {
  const std::vector<MatchKey> keys = match_keys(into.source, entity, values_of(into));
  const std::vector<MatchKey> others = match_keys(from.source, entity, values_of(from));
  const auto same = std::ranges::find_first_of(others, keys);
  if (into.deleted || from.deleted || same == others.end()) return false;
  if (contradicts(entity, std::stoul(same->key), values_of(into), values_of(from))) return false;
  for (const Link& link : from.links) {
    if (!link.is_linked()) continue;
    const Link* rival = into.link(link.system);
    if (rival != nullptr && rival->is_linked()) return false;
    // What is being made for the one there would be a second object (X1). The system goes on refusing until it is known.
    LOCKSTEP_TRY(making, ws_.outbox({into.source, link.system, into.id}));
    if (making && making->in_flight()) return false;
  }
  Merged merged;
  for (Link& link : from.links) {
    const SystemBinding* binding = entity.binding(link.system);
    if (!link.is_linked() || binding == nullptr) continue;
    std::erase_if(into.links, [&](const Link& one) { return one.system == link.system; });
    ws_.link({into.source, link.system, binding->object, link.external_id}, into.id);
    const Fields fields = std::exchange(link.base, {});
    into.links.push_back(std::move(link));
    merged = merge(entity, into.links.back().system, into, into.links.back(), fields);
    keep_conflicts(into, merged);
    LOCKSTEP_CHECK(
        release(into.source, into.links.back().system, binding->object, into.links.back().external_id, &into));
  }
  from.links.clear();
  from.deleted = true;
  from.deleted_stamp = stamp(from, {});
  from.merged_into = into.id;
  ws_.touch(from, ws_.next_seq(), WorkClass::live);
  ws_.touch(into, ws_.next_seq(), WorkClass::live);
  JournalEntry entry;
  entry.source = into.source;
  entry.kind = "identity";
  entry.body = JsonObject{{"merged", from.id.str()}};
  note(Disposition::applied, "two records are one", std::move(entry), &into);
  return true;
}

Result<void> Applier::release(const SourceId& source, const SystemName& system, const std::string& object,
                              const std::string& external_id, const Record* record) {
  LOCKSTEP_CHECK(replay_waiting(source, wait_for_object(system, object, external_id)));
  if (record == nullptr) return {};
  LOCKSTEP_CHECK(replay_waiting(source, wait_for_claim(system, record->id)));
  return replan_blocked(source, wait_for_link_of(system, record->id));
}

Result<void> Applier::replan_blocked(const SourceId& source, const std::string& waits_for) {
  LOCKSTEP_TRY(blocked, ws_.outbox_waiting(source, waits_for));
  for (const OutboxRow& row : blocked) {
    LOCKSTEP_TRY(waiting, ws_.record(source, row.key.record));
    if (waiting != nullptr) ws_.replan(*waiting);
  }
  return {};
}

// A reading has said what there is of an object: what waits to know looks again. While the reading itself waits there is
// nothing to see, and who looked would ask for it again, and again.
Result<void> Applier::heard(const Change& change, const Applied& applied) {
  const bool waits = applied.disposition == Disposition::pending || applied.disposition == Disposition::parked;
  if (change.via != Via::fetch || waits) return {};
  return replay_waiting(change.source, wait_for_object(change.system, change.object, change.external_id));
}

// Of a write whose answer was lost: events that wait for its outcome, and are older than what has been read since, have
// shown what of it had been done. What the state lacks of it somebody has undone (C5); who has deleted the object knew it
// (C1).
Result<void> Applier::absorb_witnesses(const WriteOutcome& outcome, const EntitySchema& entity,
                                       const SystemBinding& binding, const Record& record, Link& link,
                                       const Fields& sent) {
  LOCKSTEP_TRY(rows, ws_.inbox_waiting(outcome.source, wait_for_claim(outcome.system, record.id)));
  // A write that goes back to what stood there before our last one is not told from that by an event.
  Fields tellable = sent;
  leave_out_returns(link, tellable);
  for (const InboxRow& row : rows) {
    const Change& event = row.change;
    const bool before = outcome.kind == OutcomeKind::not_found || event.version < outcome.version;
    if (!before || event.version <= link.version || event.kind == ChangeKind::deleted ||
        event.external_id != link.external_id)
      continue;
    Result<Fields> shown = read_document(entity, binding, event.document, event.extent, expressions_);
    if (!shown) continue;  // it says so itself when its turn comes
    erase_references(entity, *shown);
    // Where events leave empty fields out, what it leaves out is empty.
    for (const auto& [name, value] : tellable) {
      if (event.extent == Extent::sparse && value.is_null()) shown->try_emplace(name, nullptr);
    }
    if (absorb_echo(link, *shown, tellable)) ws_.touch(record, ws_.next_seq(), WorkClass::live);
  }
  return {};
}

Result<void> Applier::replay_waiting(const SourceId& source, const std::string& waits_for) {
  LOCKSTEP_TRY(rows, ws_.inbox_waiting(source, waits_for));
  if (rows.empty() || depth_ >= kReplayDepthLimit) return {};
  ++depth_;
  for (const InboxRow& row : rows) {
    Result<Applied> applied = apply(Replay{row.seq, {}, false, ""});
    if (!applied) return std::unexpected(std::move(applied).error());
  }
  --depth_;
  return {};
}

Result<Applied> Applier::apply(const Replay& replay) {
  LOCKSTEP_TRY(row, ws_.inbox(replay.inbox));
  if (!row) return refused(ErrorKind::not_found, "nothing waits under number " + std::to_string(replay.inbox));
  ws_.erase_inbox(replay.inbox);
  const SourceSchema* source = ws_.catalog().find(row->change.source);
  const EntitySchema* entity = source == nullptr ? nullptr : source->by_object(row->change.system, row->change.object);
  if (entity == nullptr) {
    JournalEntry entry;
    entry.source = row->change.source;
    entry.system = row->change.system;
    entry.kind = "change";
    entry.body = JsonObject{{"replays", replay.inbox}};
    return note(Disposition::suppressed, "the object is no longer mapped", std::move(entry), nullptr);
  }
  const bool made = row->kind == InboxKind::waiting && row->candidates.size() == 1 && !replay.as_new;
  const RecordId hint = replay.record.empty() && made ? row->candidates.front() : replay.record;
  const Observed seen{row->change,  *entity,   *entity->binding(row->change.system), hint, replay.as_new,
                      replay.inbox, row->since};
  LOCKSTEP_TRY(applied, observe(seen));
  LOCKSTEP_CHECK(heard(row->change, applied));
  return applied;
}

}  // namespace lockstep::sync
