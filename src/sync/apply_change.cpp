// How an observation from a system is applied: dedupe, map, resolve references, identity.
#include <algorithm>
#include <utility>

#include "sync/applier.hpp"
#include "sync/identity.hpp"

namespace lockstep::sync {
namespace {

bool shows_all(const Fields& fields, const Fields& sent) {
  return !sent.empty() && std::ranges::all_of(sent, [&](const auto& one) {
    const Json* shown = find_value(fields, one.first);
    return shown == nullptr ? one.second.is_null() : *shown == one.second;
  });
}

}  // namespace

Result<Applied> Applier::apply(const Change& change) {
  const SourceSchema* source = ws_.catalog().find(change.source);
  const EntitySchema* entity = source == nullptr ? nullptr : source->by_object(change.system, change.object);
  if (entity == nullptr) {
    return refused(ErrorKind::invalid, "no entity of source '" + change.source.str() + "' maps object '" +
                                           change.object + "' of system '" + change.system.str() + "'");
  }
  std::optional<InboxRow> asked;
  if (change.answers != 0) {
    LOCKSTEP_TRY(row, ws_.inbox(change.answers));
    asked = std::move(row);
    if (asked) ws_.erase_inbox(change.answers);
  }
  if (!asked && change.answers != 0)
    return note_change({change, *entity, *entity->binding(change.system), {}, false}, Disposition::suppressed,
                       "nobody asks for this reading any more", nullptr, {});
  if (!asked) return accept(change, *entity, {});
  std::optional<Change> of_job;
  if (change.job.empty() && !asked->change.job.empty()) {  // what a job wanted to know is that job's doing
    of_job = change;
    of_job->job = std::move(asked->change.job);
  }
  LOCKSTEP_TRY(applied, accept(of_job ? *of_job : change, *entity, asked->candidates));
  LOCKSTEP_CHECK(heard(change, applied));
  return applied;
}

Result<Applied> Applier::accept(const Change& change, const EntitySchema& entity,
                                const std::vector<RecordId>& candidates) {
  Observed seen{change, entity, *entity.binding(change.system), {}, false};
  if (candidates.size() == 1) seen.hint = candidates.front();
  if (!change.delivery.empty()) {
    LOCKSTEP_TRY(duplicate, ws_.seen(change.source, change.system, change.delivery));
    if (duplicate) return note_change(seen, Disposition::suppressed, "duplicate delivery", nullptr, {});
    ws_.mark(change.source, change.system, change.delivery);  // A3: marker and work commit together
  }
  return observe(seen);
}

Result<Applied> Applier::observe(const Observed& seen) {
  const Change& change = seen.change;
  if (change.kind == ChangeKind::deleted) return observe_delete(seen);
  if (!seen.binding.only.empty()) {
    LOCKSTEP_TRY(outside, filtered(seen));
    if (outside) return *std::move(outside);
  }

  Result<Fields> mapped = read_document(seen.entity, seen.binding, change.document, change.extent, expressions_);
  if (!mapped) return park(seen, InboxKind::invalid, "", mapped.error().message, {});
  Result<std::string> resolved = resolve_references(seen, *mapped);
  if (!resolved && resolved.error().kind == ErrorKind::invalid)
    return park(seen, InboxKind::invalid, "", resolved.error().message, {});
  LOCKSTEP_TRY(waits_for, std::move(resolved));
  if (!waits_for.empty()) return park(seen, InboxKind::waiting, waits_for, "waits for the object it refers to", {});

  LOCKSTEP_TRY(linked, ws_.linked(link_key(change)));
  const bool known_gone = linked && linked->empty();
  if (known_gone && !seen.in_order() && !seen.read_now()) {
    return read_first(seen, "an event about an object that was deleted");
  }
  if (!linked || known_gone) {
    LOCKSTEP_TRY(late, told_late(seen, *mapped));
    if (!late) return observe_unlinked(seen, std::move(*mapped));
    LOCKSTEP_CHECK(request_fetch(change, "refers to an object that was deleted", {}));
    LOCKSTEP_TRY(made_for, named_record(seen));
    if (made_for != nullptr) return observe_unlinked(seen, std::move(*mapped));
    return note_change(seen, Disposition::suppressed, "the object is read to be sure", nullptr, {});
  }
  LOCKSTEP_TRY(record, ws_.record(change.source, *linked));
  if (record == nullptr) return park_lost(seen, *linked);
  return observe_linked(seen, *record, std::move(*mapped));
}

// An event about an object that is not known, and that refers to one that is gone, may be older than that one's deletion,
// with which this one went (X1).
Result<bool> Applier::told_late(const Observed& seen, const Fields& fields) {
  const Change& change = seen.change;
  if (change.via != Via::webhook && change.via != Via::poll) return false;
  for (const auto& [name, value] : fields) {
    const FieldSchema* field = seen.entity.find(name);
    if (field == nullptr || field->type != FieldType::reference || !value.is_string()) continue;
    LOCKSTEP_TRY(target, ws_.record(change.source, RecordId(std::string(value.get_string()))));
    const Link* there = target == nullptr ? nullptr : target->link(change.system);
    if (there == nullptr || !there->is_linked()) return true;
  }
  return false;
}

// The store is damaged there; what came for it is kept, and nothing else suffers (X3).
Applied Applier::park_lost(const Observed& seen, const RecordId& record) {
  return park(seen, InboxKind::invalid, "", "its link points to record " + record.str() + ", which is not there", {});
}

Result<std::string> Applier::resolve_references(const Observed& seen, Fields& fields) {
  const Change& change = seen.change;
  const SourceSchema* source = ws_.catalog().find(change.source);
  for (auto& [name, value] : fields) {
    const FieldSchema* field = seen.entity.find(name);
    if (field == nullptr || field->type != FieldType::reference) continue;
    if (!value.is_string() || value.get_string().empty()) {
      value = nullptr;
      continue;
    }
    const EntitySchema* target = source->find(field->target);
    const SystemBinding* there = target == nullptr ? nullptr : target->binding(change.system);
    if (there == nullptr) {
      return fail(ErrorKind::invalid,
                  "field '" + name + "' refers to an entity that system '" + change.system.str() + "' does not map");
    }
    const std::string external_id(value.get_string());
    LOCKSTEP_TRY(linked, ws_.linked({change.source, change.system, there->object, external_id}));
    if (linked) {
      value = linked->empty() ? Json(nullptr) : Json(linked->str());
      continue;
    }
    std::string waits_for = wait_for_object(change.system, there->object, external_id);
    LOCKSTEP_TRY(waiting, ws_.inbox_waiting(change.source, waits_for));
    if (waiting.empty()) {
      Change wanted = change;
      wanted.object = there->object;
      wanted.external_id = external_id;
      LOCKSTEP_CHECK(request_fetch(wanted, "another object refers to it", {}));
    }
    return waits_for;
  }
  return std::string();
}

Result<void> Applier::request_fetch(const Change& change, std::string reason, std::vector<RecordId> candidates) {
  const SourceSchema* source = ws_.catalog().find(change.source);
  const EntitySchema* entity = source->by_object(change.system, change.object);
  if (entity == nullptr) return {};
  Change wanted;
  wanted.source = change.source;
  wanted.system = change.system;
  wanted.object = change.object;
  wanted.external_id = change.external_id;
  wanted.job = change.job;
  wanted.via = Via::fetch;
  const Observed seen{wanted, *entity, *entity->binding(change.system), {}, false};
  park(seen, InboxKind::fetch, wait_for_reading(change.system, change.object, change.external_id), std::move(reason),
       std::move(candidates));
  return {};
}

// What an event shows of an object without a record counts only when the object has been read.
Result<Applied> Applier::read_first(const Observed& seen, std::string reason) {
  LOCKSTEP_CHECK(request_fetch(seen.change, std::move(reason), {}));
  return note_change(seen, Disposition::suppressed, "the object is read to be sure", nullptr, {});
}

Result<Applied> Applier::observe_unlinked(const Observed& seen, Fields fields) {
  const Change& change = seen.change;
  LOCKSTEP_TRY(made_for, named_record(seen));
  if (made_for != nullptr) {
    if (seen.replays == 0) LOCKSTEP_CHECK(named(change, *made_for));
    return join(seen, *made_for, fields, "named by the system");
  }
  if (change.via == Via::webhook && change.version == 0 && !seen.as_new) {
    // Any event may be older than this one, and none would show it (L5).
    return read_first(seen, "the event does not say when it happened");
  }
  const bool by_content = seen.entity.match.empty();
  const std::vector<MatchKey> keys = sought_keys(change.source, seen.entity, fields);
  std::string rival;          // the object that the record which matches is linked to
  bool contradicted = false;  // a record has one of its keys, and another value of a stronger one
  for (const MatchKey& key : seen.as_new ? std::vector<MatchKey>{} : keys) {
    const std::size_t rule = std::stoul(key.key);
    LOCKSTEP_TRY(ids, ws_.matching(key));
    std::vector<RecordId> candidates;
    for (const RecordId& id : ids) {
      LOCKSTEP_TRY(record, ws_.record(change.source, id));
      if (record == nullptr || record->deleted) continue;
      if (const Link* link = record->link(change.system); link != nullptr && link->is_linked()) {
        if (!by_content) rival = link->external_id;
        continue;
      }
      const Fields held = values_of(*record);
      const bool other =
          by_content ? !same_content(seen.entity, fields, held) : contradicts(seen.entity, rule, fields, held);
      contradicted = contradicted || (other && !by_content);
      if (other) continue;
      candidates.push_back(id);
      if (by_content) break;  // of several that are the same in all, any will do
    }
    if (candidates.size() > 1) {
      return park(seen, InboxKind::identity, "", "several records match; a person must say which one it is",
                  std::move(candidates));
    }
    if (candidates.size() == 1) {
      LOCKSTEP_TRY(row, ws_.outbox({change.source, change.system, candidates.front()}));
      if (row && row->in_flight() && row->creates) {
        // Our own create, perhaps edited since, or somebody else's object: its outcome tells (C5).
        std::string waits_for = wait_for_claim(change.system, candidates.front());
        return park(seen, InboxKind::waiting, std::move(waits_for), "waits for the outcome of a create",
                    std::move(candidates));
      }
      LOCKSTEP_TRY(record, ws_.record(change.source, candidates.front()));
      return join(seen, *record, fields, "matched");
    }
  }
  if (!rival.empty() && seen.replays == 0) {
    // Two objects of one thing, or the one is gone and this has taken its place, as after a restore (O1): it is read.
    Change wanted = change;
    wanted.external_id = rival;
    LOCKSTEP_CHECK(request_fetch(wanted, "another object may have taken its place", {}));
    return park(seen, InboxKind::waiting, wait_for_object(change.system, change.object, rival),
                "waits to know whether the object that its record is linked to is still there", {});
  }
  if ((contradicted || !rival.empty()) && change.via == Via::webhook) {
    // The event may be older than an edit of its key or than its end, of which nobody has told (X1).
    return read_first(seen, "a record has one of its keys");
  }
  LOCKSTEP_TRY(waits, waits_for_create(seen, fields, keys));
  if (waits) return *std::move(waits);
  Record& record = ws_.create(change.source, seen.entity.name, RecordId(make_ulid(ws_.now(), random_)));
  return join(seen, record, fields, "new");
}

// An object that nobody knows may be what a create of ours has made; then it waits until that is known (X1).
Result<std::optional<Applied>> Applier::waits_for_create(const Observed& seen, const Fields& fields,
                                                         const std::vector<MatchKey>& keys) {
  const Change& change = seen.change;
  // It is to be read for a record whose create met it: that tells whose it is.
  if (change.via != Via::fetch && !seen.as_new) {
    LOCKSTEP_TRY(readings,
                 ws_.inbox_waiting(change.source, wait_for_reading(change.system, change.object, change.external_id)));
    if (std::ranges::any_of(readings, [](const InboxRow& row) { return !row.candidates.empty(); }))
      return park(seen, InboxKind::waiting, wait_for_object(change.system, change.object, change.external_id),
                  "waits until the object is read", {});
  }
  LOCKSTEP_TRY(claims, ws_.claims(change.source, change.system, seen.entity.name));
  LOCKSTEP_TRY(behind, awaited_create(change, claims));
  std::string may_be;
  for (const OutboxRow& claim : claims) {
    LOCKSTEP_TRY(record, ws_.record(change.source, claim.key.record));
    if (record == nullptr) continue;
    // The create carries what the record held when it was sent, which may have been edited since.
    const std::vector<MatchKey> sent =
        match_keys(change.source, seen.entity, claim.sent.empty() ? values_of(*record) : claim.sent);
    // Without a key to tell, any may be its echo.
    const bool tellable = !seen.entity.match.empty() && !keys.empty() && !sent.empty();
    std::string waits_for = wait_for_claim(change.system, claim.key.record);
    if (!tellable || waits_for == behind || std::ranges::find_first_of(keys, sent) != keys.end()) {
      // Shows all that the create carries: when nobody learns of its outcome, this is the object that it made.
      std::vector<RecordId> made;
      if (shows_all(fields, claim.sent)) made.push_back(claim.key.record);
      return park(seen, InboxKind::waiting, std::move(waits_for), "waits for the outcome of a create", std::move(made));
    }
    // Somebody may have edited what it made before anything showed that. What is captured comes in order.
    const bool on_its_way = claim.state == OutboxState::claimed && claim.claimed_at <= came(seen);
    if (on_its_way && change.via != Via::capture) may_be = std::move(waits_for);
  }
  if (!may_be.empty()) return park(seen, InboxKind::waiting, std::move(may_be), "waits for the answer to a create", {});
  return std::nullopt;
}

// The record that the object was named for, while it has none in that system; nullptr when there is none.
Result<Record*> Applier::named_record(const Observed& seen) {
  if (seen.hint.empty()) return nullptr;
  LOCKSTEP_TRY(record, ws_.record(seen.change.source, seen.hint));
  return record != nullptr && record->link(seen.change.system) == nullptr ? record : nullptr;
}

// The create whose outcome an earlier input about the same object waits for, "" when none does.
Result<std::string> Applier::awaited_create(const Change& change, const std::vector<OutboxRow>& claims) {
  if (claims.empty()) return std::string();
  LOCKSTEP_TRY(rows, ws_.inbox_waiting_under(change.source, wait_for_claims(change.system)));
  for (const InboxRow& row : rows) {
    if (row.change.object != change.object || row.change.external_id != change.external_id) continue;
    const bool on_its_way = std::ranges::any_of(claims, [&](const OutboxRow& claim) {
      return row.waits_for == wait_for_claim(change.system, claim.key.record);
    });
    if (on_its_way) return row.waits_for;
  }
  return std::string();
}

// The system has named this object as the one that stands against our create. When that is on its way again, the object
// was there before and is not its doing (C5); otherwise it has waited for this.
Result<void> Applier::named(const Change& change, const Record& record) {
  LOCKSTEP_TRY(row, ws_.outbox({change.source, change.system, record.id}));
  if (!row || (row->in_flight() && !row->creates)) return {};
  if (row->in_flight()) row->sent.clear();
  row->due = ws_.now();
  ws_.put_outbox(std::move(*row));
  return {};
}

Result<Applied> Applier::join(const Observed& seen, Record& record, const Fields& fields, std::string_view how) {
  const Change& change = seen.change;
  const bool existed = record.revision > 0 || !record.links.empty() || !record.fields.empty();
  record.let_go(change.system);  // a gone one at most
  record.links.push_back({change.system, change.external_id, LinkState::linked, change.version, {}, {}, {}, {}});
  ws_.link(link_key(change), record.id);
  Link& link = record.links.back();
  LOCKSTEP_TRY(row, ws_.outbox({change.source, change.system, record.id}));
  Fields news = fields;
  if (row) absorb_echo(link, news, row->sent);
  Merged merged = merge(seen.entity, change.system, record, link, news);
  know_the_rest(seen.binding, link);
  remember_raw(seen.entity, seen.binding, change.document, fields, link);
  keep_conflicts(record, merged);
  ws_.touch(record, ws_.next_seq(), seen.work());
  if (change.via != Via::scan) ws_.settle(record, seen.binding.settle);
  Applied applied = note_change(seen, Disposition::applied, existed ? "linked: " + std::string(how) : "created",
                                &record, std::move(merged.fields));
  LOCKSTEP_CHECK(release(change.source, change.system, change.object, change.external_id, &record));
  return applied;
}

}  // namespace lockstep::sync
