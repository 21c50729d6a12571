#include "sync/workspace.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "sync/identity.hpp"

namespace lockstep::sync {
namespace {

constexpr int kSettleTimes = 5;  // somebody who never stops typing is not waited for

std::string marker_key(const SourceId& source, const SystemName& system, const std::string& delivery) {
  return source.str() + '\x1f' + system.str() + '\x1f' + delivery;
}

// Adds the overlay's rows that `fits` accepts and drops stored ones that the overlay replaced or erased.
template <class Row, class Key, class KeyOf, class Fits>
std::vector<Row> overlaid(std::vector<Row> stored, const std::map<Key, std::optional<Row>>& overlay, KeyOf key_of,
                          Fits fits) {
  std::erase_if(stored, [&](const Row& row) { return overlay.contains(key_of(row)); });
  for (const auto& [key, row] : overlay) {
    if (row && fits(*row)) stored.push_back(*row);
  }
  return stored;
}

// The newest edit of what is to be written; nullptr: it carries nothing of the record.
const Stamp* newest(const Record& record, const Plan& plan) {
  if (plan.kind == PlanKind::remove) return &record.deleted_stamp;
  const Stamp* out = nullptr;
  for (const auto& [name, value] : plan.values) {
    const auto at = record.fields.find(name);
    if (at != record.fields.end() && (out == nullptr || out->time < at->second.stamp.time)) out = &at->second.stamp;
  }
  return out;
}

}  // namespace

WorkClass more_urgent(WorkClass a, WorkClass b) { return std::min(a, b); }

Workspace::Workspace(const Catalog& catalog, Lookup& lookup, Time now, Seq last_seq)
    : catalog_(catalog), lookup_(lookup), now_(now) {
  batch_.first_seq = last_seq + 1;
}

Result<Record*> Workspace::record(const SourceId& source, const RecordId& id) {
  const auto key = std::pair(source, id);
  if (const auto at = records_.find(key); at != records_.end()) return at->second ? &at->second->now : nullptr;
  LOCKSTEP_TRY(stored, lookup_.record(source, id));
  if (!stored) {
    records_.emplace(key, nullptr);
    return nullptr;
  }
  auto entry = std::make_unique<Entry>();
  entry->now = *stored;
  entry->before = std::move(*stored);
  const SourceSchema* schema = catalog_.find(source);
  const EntitySchema* entity = schema == nullptr ? nullptr : schema->find(entry->now.entity);
  if (entity != nullptr) entry->keys = index_keys(*entity, entry->now);
  Record* out = &entry->now;
  records_.emplace(key, std::move(entry));
  return out;
}

Record& Workspace::create(const SourceId& source, const EntityName& entity, RecordId id) {
  auto entry = std::make_unique<Entry>();
  entry->now.id = id;
  entry->now.source = source;
  entry->now.entity = entity;
  Record& out = entry->now;
  records_[std::pair(source, std::move(id))] = std::move(entry);
  return out;
}

Workspace::Entry& Workspace::entry_of(const Record& record) {
  const auto at = records_.find(std::pair(record.source, record.id));
  LOCKSTEP_ASSERT(at != records_.end() && at->second, "a record is changed through its workspace");
  return *at->second;
}

void Workspace::touch(const Record& record, Seq cause, WorkClass work) {
  Entry& entry = entry_of(record);
  entry.work = entry.touched ? more_urgent(entry.work, work) : work;
  entry.touched = true;
  entry.cause = cause;
  index(entry);
}

void Workspace::settle(const Record& record, Duration time) {
  Entry& entry = entry_of(record);
  entry.settle = std::max(entry.settle, time);
}

void Workspace::replan(const Record& record) { entry_of(record).replan = true; }

void Workspace::index(Entry& entry) {
  const SourceSchema* schema = catalog_.find(entry.now.source);
  const EntitySchema* entity = schema == nullptr ? nullptr : schema->find(entry.now.entity);
  std::vector<MatchKey> keys;
  if (entity != nullptr) keys = index_keys(*entity, entry.now);
  for (const MatchKey& key : entry.keys) {
    if (std::ranges::find(keys, key) == keys.end()) matches_[key][entry.now.id] = false;
  }
  for (const MatchKey& key : keys) {
    if (std::ranges::find(entry.keys, key) == entry.keys.end()) matches_[key][entry.now.id] = true;
  }
  entry.keys = std::move(keys);
}

Result<bool> Workspace::seen(const SourceId& source, const SystemName& system, const std::string& delivery) {
  if (markers_.contains(marker_key(source, system, delivery))) return true;
  return lookup_.seen(source, system, delivery);
}

void Workspace::mark(const SourceId& source, const SystemName& system, const std::string& delivery) {
  if (markers_.emplace(marker_key(source, system, delivery), true).second)
    batch_.markers.push_back({source, system, delivery, now_});
}

Result<std::optional<RecordId>> Workspace::linked(const LinkKey& key) {
  if (const auto at = links_.find(key); at != links_.end()) return std::optional(at->second);
  return lookup_.linked(key);
}

void Workspace::link(const LinkKey& key, const RecordId& record) { links_[key] = record; }

Result<std::vector<RecordId>> Workspace::matching(const MatchKey& key) {
  LOCKSTEP_TRY(stored, lookup_.matching(key));
  if (const auto at = matches_.find(key); at != matches_.end()) {
    for (const auto& [id, added] : at->second) {
      std::erase(stored, id);
      if (added) stored.push_back(id);
    }
  }
  return std::move(stored);
}

Result<std::optional<OutboxRow>> Workspace::outbox(const OutboxKey& key) {
  if (const auto at = outbox_.find(key); at != outbox_.end()) return at->second;
  return lookup_.outbox(key);
}

void Workspace::put_outbox(OutboxRow row) {
  OutboxKey key = row.key;
  outbox_[std::move(key)] = std::move(row);
}

void Workspace::erase_outbox(const OutboxKey& key) { outbox_[key] = std::nullopt; }

Result<std::vector<OutboxRow>> Workspace::claims(const SourceId& source, const SystemName& system,
                                                 const EntityName& entity) {
  LOCKSTEP_TRY(stored, lookup_.claims(source, system, entity));
  return overlaid<OutboxRow>(
      std::move(stored), outbox_, [](const OutboxRow& row) { return row.key; },
      [&](const OutboxRow& row) {
        return row.key.source == source && row.key.system == system && row.entity == entity && row.creates &&
               row.in_flight();
      });
}

Result<std::optional<InboxRow>> Workspace::inbox(Seq seq) {
  if (const auto at = inbox_.find(seq); at != inbox_.end()) return at->second;
  return lookup_.inbox(seq);
}

Result<std::vector<InboxRow>> Workspace::inbox_waiting(const SourceId& source, const std::string& waits_for) {
  LOCKSTEP_TRY(stored, lookup_.inbox_waiting(source, waits_for));
  return overlaid<InboxRow>(
      std::move(stored), inbox_, [](const InboxRow& row) { return row.seq; },
      [&](const InboxRow& row) { return row.change.source == source && row.waits_for == waits_for; });
}

Result<std::vector<InboxRow>> Workspace::inbox_waiting_under(const SourceId& source, const std::string& prefix) {
  LOCKSTEP_TRY(stored, lookup_.inbox_waiting_under(source, prefix));
  return overlaid<InboxRow>(
      std::move(stored), inbox_, [](const InboxRow& row) { return row.seq; },
      [&](const InboxRow& row) { return row.change.source == source && row.waits_for.starts_with(prefix); });
}

Result<std::vector<OutboxRow>> Workspace::outbox_waiting(const SourceId& source, const std::string& waits_for) {
  LOCKSTEP_TRY(stored, lookup_.outbox_waiting(source, waits_for));
  return overlaid<OutboxRow>(
      std::move(stored), outbox_, [](const OutboxRow& row) { return row.key; },
      [&](const OutboxRow& row) {
        return row.key.source == source && row.state == OutboxState::blocked && row.waits_for == waits_for;
      });
}

void Workspace::put_inbox(InboxRow row) {
  const Seq seq = row.seq;
  inbox_[seq] = std::move(row);
  ++inbox_changes_;
}

void Workspace::erase_inbox(Seq seq) {
  inbox_[seq] = std::nullopt;
  ++inbox_changes_;
}

Result<std::vector<ConflictRow>> Workspace::open_conflicts(const SourceId& source, const RecordId& record) {
  LOCKSTEP_TRY(stored, lookup_.open_conflicts(source, record));
  std::erase_if(stored, [&](const ConflictRow& row) { return conflicts_.contains(std::pair(row.seq, row.field)); });
  for (const auto& [key, row] : conflicts_) {
    if (row.open && row.source == source && row.record == record) stored.push_back(row);
  }
  return std::move(stored);
}

Result<std::optional<ConflictRow>> Workspace::conflict(const SourceId& source, Seq seq, const std::string& field) {
  if (const auto at = conflicts_.find(std::pair(seq, field)); at != conflicts_.end() && at->second.source == source)
    return std::optional(at->second);
  return lookup_.conflict(source, seq, field);
}

void Workspace::put_conflict(ConflictRow row) {
  auto key = std::pair(row.seq, row.field);
  conflicts_[std::move(key)] = std::move(row);
}

JournalEntry& Workspace::journal(JournalEntry entry) {
  entry.seq = next_seq();
  entry.at = now_;
  batch_.journal.push_back(std::move(entry));
  return batch_.journal.back();
}

std::uint64_t Workspace::revision(const Record& record) {
  const Entry& entry = entry_of(record);
  const std::uint64_t stored = entry.before ? entry.before->revision : 0;
  return entry.touched ? stored + 1 : stored;
}

TargetState Workspace::target(const SourceId& source, const EntityName&, const RecordId& id, const SystemName& system) {
  const Result<Record*> found = record(source, id);
  if (!found) {
    failure_ = found.error();
    return {};
  }
  if (*found == nullptr) return {false, true, {}, {}};
  if (!(*found)->merged_into.empty()) return target(source, {}, (*found)->merged_into, system);
  return target_in(**found, system);
}

Result<Plan> Workspace::plan_of(const EntitySchema& entity, const SystemBinding& binding, const Record& record) {
  const TargetLookup lookup_target = [&](const EntityName& name, const RecordId& id, const SystemName& system) {
    return target(record.source, name, id, system);
  };
  Plan out = plan_write(entity, binding, record, lookup_target);
  if (failure_) return fail(*failure_);
  return out;
}

Result<Fields> Workspace::planned(const Record& record, const EntitySchema& entity, const SystemBinding& binding) {
  LOCKSTEP_TRY(plan, plan_of(entity, binding, record));
  return std::move(plan.values);
}

Result<void> Workspace::plan_system(const EntitySchema& entity, const SystemBinding& binding, Entry& entry) {
  LOCKSTEP_TRY(after, plan_of(entity, binding, entry.now));
  Plan before;
  if (entry.before) {
    LOCKSTEP_TRY(plan, plan_of(entity, binding, *entry.before));
    before = std::move(plan);
  }
  const OutboxKey key{entry.now.source, binding.system, entry.now.id};
  // A row exists exactly while there is something to write, so where there was and is nothing, none is looked up.
  if (after.kind == PlanKind::none && before.kind == PlanKind::none && !outbox_.contains(key)) return {};

  LOCKSTEP_TRY(stored, outbox(key));
  if (stored && stored->in_flight()) return {};  // the outcome plans again
  if (after.kind == PlanKind::none) {
    if (stored) erase_outbox(key);
    return {};
  }
  const bool moved = after != before;
  OutboxRow row = stored.value_or(OutboxRow{});
  if (!stored) {
    row.key = key;
    row.entity = entity.name;
    row.since = now_;
    row.put_off(now_, entry.settle);
    row.work = entry.work;
    row.cause = entry.cause;
  } else {
    const Stamp* asked = row.cause == 0 ? newest(entry.now, after) : nullptr;
    if (asked != nullptr) {  // the write before it is done; this was asked for while it was on its way
      row.cause = asked->seq;
      row.since = std::min(now_, asked->time.time());
    }
    const bool same = !moved && (row.state == OutboxState::blocked) == (after.kind == PlanKind::blocked) &&
                      row.waits_for == after.waits_for;
    if (same && asked != nullptr) put_outbox(std::move(row));
    if (same) return {};
  }
  if (stored && moved && row.state == OutboxState::waiting && row.attempts == 0 && entry.settle > Duration(0))
    row.put_off(now_, std::min<Duration>(entry.settle, row.since + kSettleTimes * entry.settle - now_));
  row.work = more_urgent(row.work, entry.work);
  if (after.kind == PlanKind::blocked) {
    row.state = OutboxState::blocked;
    row.waits_for = after.waits_for;
  } else if (row.state != OutboxState::waiting) {
    // A new edit gives a blocked or dead row another chance; what may have been applied is read back first (X2).
    const bool unsure = row.state == OutboxState::dead && row.error_kind == ErrorKind::maybe_applied;
    row.state = unsure ? OutboxState::unknown : OutboxState::waiting;
    row.waits_for.clear();
    row.attempts = 0;
    row.put_off(now_, {});
    if (entry.cause != 0) {
      row.since = now_;
      row.cause = entry.cause;
    }
  }
  put_outbox(std::move(row));
  return {};
}

namespace {

// Whose a row is that shows what the link holds: by its own column, where it has one.
std::string business_shown(const EntitySchema& entity, const Record& record, const Link& link) {
  const auto column = link.base.find(entity.business->field);
  return column == link.base.end() ? business_of(entity, record) : business_named(&column->second);
}

}  // namespace

// P2: a row whose table and record name different businesses is nobody's for as long.
void Workspace::note_owners(const EntitySchema& entity, const Entry& entry, const Link* before, const Link* after,
                            Holding& into) {
  const std::string now = business_of(entity, entry.now);
  const auto agreed = [&](std::string shown) { return shown == now ? std::move(shown) : std::string(); };
  if (into.before) into.business_before = business_shown(entity, *entry.before, *before);
  if (into.after) into.business_after = agreed(business_shown(entity, entry.now, *after));
  if (!into.after) into.business_after = agreed(into.business_before);
  if (!into.before) into.business_before = into.business_after;
}

void Workspace::note_holdings(const EntitySchema& entity, const Entry& entry) {
  const auto held = [](const Link* link) { return link != nullptr && link->is_linked(); };
  const auto shown = [&](const Link& link) {
    Fields out = link.base;
    for (auto& [name, value] : out) {
      const FieldSchema* field = entity.find(name);
      if (field == nullptr || field->type != FieldType::reference || !value.is_string()) continue;
      const TargetState there =
          target(entry.now.source, field->target, RecordId(std::string(value.get_string())), link.system);
      value = there.external_id.empty() ? Json(nullptr) : Json(there.external_id);
    }
    return out;
  };
  for (const SystemBinding& binding : entity.systems) {
    const Link* after = entry.now.link(binding.system);
    const Link* before = entry.before ? entry.before->link(binding.system) : nullptr;
    const bool was = held(before);
    const bool is = held(after);
    if (!was && !is) continue;
    const bool same_object = was && is && before->external_id == after->external_id;
    if (same_object && before->base == after->base) continue;
    Holding one{entry.now.source, entry.now.entity,        entry.now.id,           binding.system, {},
                entry.cause,      std::optional<Fields>(), std::optional<Fields>()};
    one.external_id = is ? after->external_id : before->external_id;
    if (was && (same_object || !is)) one.before = shown(*before);
    if (is) one.after = shown(*after);
    if (entity.business) note_owners(entity, entry, before, after, one);
    batch_.holdings.push_back(std::move(one));
  }
}

Result<void> Workspace::finish_record(Entry& entry) {
  const SourceSchema* schema = catalog_.find(entry.now.source);
  const EntitySchema* entity = schema == nullptr ? nullptr : schema->find(entry.now.entity);
  if (entity != nullptr) {
    for (const SystemBinding& binding : entity->systems) LOCKSTEP_CHECK(plan_system(*entity, binding, entry));
    if (entry.touched) note_holdings(*entity, entry);
  }
  if (entry.touched) {
    // Since it was touched it may have been deleted, or have got or lost a link, by which content is indexed.
    if (entry.now.deleted || (entity != nullptr && entity->match.empty())) index(entry);
    entry.now.revision = revision(entry.now);
    batch_.records.push_back(entry.now);
  }
  return {};
}

Result<Batch> Workspace::finish() {
  // Planning may read further records; it changes none, so the touched ones are known now.
  std::vector<Entry*> changed;
  for (auto& [key, entry] : records_) {
    if (entry && (entry->touched || entry->replan)) changed.push_back(entry.get());
  }
  for (Entry* entry : changed) LOCKSTEP_CHECK(finish_record(*entry));
  for (auto& [key, record] : links_) batch_.links.push_back({key, record});
  for (const auto& [key, ids] : matches_) {
    for (const auto& [id, added] : ids) (added ? batch_.matches : batch_.matches_erased).push_back({key, id});
  }
  for (auto& [key, row] : outbox_) {
    if (row) {
      batch_.outbox.push_back(std::move(*row));
    } else {
      batch_.outbox_erased.push_back(key);
    }
  }
  for (auto& [seq, row] : inbox_) {
    if (row) {
      batch_.inbox.push_back(std::move(*row));
    } else {
      batch_.inbox_erased.push_back(seq);
    }
  }
  for (auto& [key, row] : conflicts_) batch_.conflicts.push_back(std::move(row));
  return std::move(batch_);
}

}  // namespace lockstep::sync
