// How the outcome of a write is applied: the new base, what the system made of it, and when to try again.
#include <algorithm>
#include <set>
#include <string>

#include "sync/applier.hpp"
#include "sync/identity.hpp"
#include "sync/merge.hpp"

namespace lockstep::sync {
namespace {

constexpr std::uint32_t kConflictsAtOnce = 3;  // tried again without a pause

std::string_view to_string(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::applied: return "applied";
    case OutcomeKind::retry: return "retry";
    case OutcomeKind::rejected: return "rejected";
    case OutcomeKind::unauthorized: return "unauthorized";
    case OutcomeKind::not_found: return "not found";
    case OutcomeKind::conflict: return "changed meanwhile";
    case OutcomeKind::duplicate: return "duplicate";
    case OutcomeKind::unknown: return "outcome unknown";
  }
  return "";
}

std::string_view to_string(WriteKind kind) {
  switch (kind) {
    case WriteKind::create: return "create";
    case WriteKind::update: return "update";
    case WriteKind::remove: return "remove";
  }
  return "";
}

ErrorKind error_kind_of(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::rejected: return ErrorKind::invalid;
    case OutcomeKind::unauthorized: return ErrorKind::unauthorized;
    case OutcomeKind::not_found: return ErrorKind::not_found;
    case OutcomeKind::conflict:
    case OutcomeKind::duplicate: return ErrorKind::conflict;
    case OutcomeKind::unknown: return ErrorKind::maybe_applied;
    case OutcomeKind::applied:
    case OutcomeKind::retry: return ErrorKind::unavailable;
  }
  return ErrorKind::unavailable;
}

// What is said of the object that a write was meant for.
Change change_of(const WriteOutcome& outcome, const SystemBinding& binding, const std::string& external_id) {
  Change out;
  out.source = outcome.source;
  out.system = outcome.system;
  out.object = binding.object;
  out.external_id = external_id;
  return out;
}

// A set's members without what systems do to their form: case, and spaces around them.
std::set<std::string> folded(const Json& set) {
  std::set<std::string> out;
  if (!set.is_array()) return out;
  for (const Json& item : set.get_array()) {
    if (!item.is_string()) continue;
    std::string text(item.get_string());
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    const std::size_t first = text.find_first_not_of(' ');
    out.insert(first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1));
  }
  return out;
}

// An event from after the write has shown something else than the write has brought.
bool overtaken(const WriteOutcome& outcome, const SystemBinding& binding, const Link& link) {
  if (outcome.version == 0 || outcome.version >= link.version) return false;
  return std::ranges::any_of(outcome.written, [&](const auto& one) {
    const FieldBinding* bound = binding.find(one.first);
    const Json* held = find_value(link.base, one.first);
    return bound != nullptr && bound->direction != Direction::write && held != nullptr && *held != one.second;
  });
}

bool forget_unread(const SystemBinding& binding, Link& link) {
  return std::erase_if(link.base, [&](const auto& one) {
           const FieldBinding* bound = binding.find(one.first);
           return bound != nullptr && bound->direction == Direction::write;
         }) > 0;
}

}  // namespace

Result<Applied> Applier::apply(const WriteOutcome& outcome) {
  const OutboxKey key{outcome.source, outcome.system, outcome.record};
  LOCKSTEP_TRY(record, ws_.record(outcome.source, outcome.record));
  const SourceSchema* source = ws_.catalog().find(outcome.source);
  const EntitySchema* entity = record == nullptr || source == nullptr ? nullptr : source->find(record->entity);
  const SystemBinding* binding = entity == nullptr ? nullptr : entity->binding(outcome.system);
  if (binding == nullptr) {
    ws_.erase_outbox(key);  // the mapping went away while the write was on its way
    return refused(ErrorKind::not_found, "the record or its mapping is gone");
  }
  LOCKSTEP_TRY(row, ws_.outbox(key));
  const bool in_flight = row && row->in_flight();
  const bool sending = row && row->state == OutboxState::claimed;
  const bool creates = row && std::exchange(row->creates, false);
  const Fields sent = row ? std::exchange(row->sent, {}) : Fields();

  JournalEntry entry;
  entry.source = outcome.source;
  entry.system = outcome.system;
  entry.kind = "write";
  entry.reason = to_string(outcome.kind);
  JsonObject body;
  body["write"] = to_string(outcome.write);
  if (!outcome.external_id.empty()) body["external_id"] = outcome.external_id;
  if (outcome.latency.count() > 0) body["latency_us"] = outcome.latency.count();
  if (outcome.kind == OutcomeKind::applied && !outcome.written.empty()) {
    JsonArray names;
    for (const auto& [name, value] : outcome.written) names.emplace_back(name);
    body["fields"] = std::move(names);
  }
  if (outcome.kind == OutcomeKind::applied && row) {
    body["pending_us"] = (ws_.now() - row->since).count();
    body["cause"] = row->cause;
  }
  if (!outcome.reason.empty()) body["error"] = outcome.reason;

  // The row goes back to waiting first, so that planning at the end of the batch keeps or erases it.
  if (row && in_flight) row->state = OutboxState::waiting;
  // What a create carried tells its object also when it turns up after all.
  if (row && creates && outcome.kind != OutcomeKind::applied) row->sent = sent;

  // C5: a write that takes several calls may have failed after some of them. What they did is ours.
  if (outcome.kind != OutcomeKind::applied) know_written(outcome, *record);
  Link* link = record->link(outcome.system);
  switch (outcome.kind) {
    case OutcomeKind::applied:
      if (row) {
        row->attempts = 0;
        row->error.clear();
        row->put_off(ws_.now(), {});
        row->since = ws_.now();
        row->cause = 0;  // what is still to be written has another
      }
      LOCKSTEP_CHECK(outcome_applied(outcome, *entity, *binding, *record, sent));
      break;
    case OutcomeKind::retry:
    case OutcomeKind::unauthorized:
      if (row) retry_later(*row, outcome);
      if (link != nullptr && outcome.state)
        LOCKSTEP_CHECK(absorb_state(outcome, *entity, *binding, *record, *link, sent));
      break;
    case OutcomeKind::unknown:
      // Of a write that takes several calls some have been answered.
      if (link != nullptr && outcome.state) {
        LOCKSTEP_TRY(shown, read_state(outcome, *entity, *binding, *link));
        if (absorb_echo(*link, shown, sent)) ws_.touch(*record, ws_.next_seq(), WorkClass::live);
      }
      if (row) {
        retry_later(*row, outcome);
        if (sending) row->claimed_at = ws_.now();
        if (row->state == OutboxState::waiting) row->state = OutboxState::unknown;  // X2: read back first
        row->creates = creates;
        row->sent = sent;
      }
      break;
    case OutcomeKind::rejected:
      if (row && in_flight && !sending && creates) {
        // X1: it could not be looked for, and may have been made. Whatever is edited since, it is looked for again first.
        row->error = outcome.reason;
        row->error_kind = ErrorKind::maybe_applied;
        row->creates = creates;
        row->state = OutboxState::dead;
      } else if (row) {
        row->error = outcome.reason;
        row->error_kind = ErrorKind::invalid;
        // What was edited since was not refused: it has its chance.
        LOCKSTEP_TRY(now, ws_.planned(*record, *entity, *binding));
        const bool same = now == sent;
        if (same || sent.empty()) row->state = OutboxState::dead;
        if (!same && !sent.empty()) row->put_off(ws_.now(), {});
      }
      if (!row || row->state == OutboxState::dead) entry.kind = "dead";
      break;
    case OutcomeKind::conflict:
      if (row) {
        row->attempts += 1;
        // A person's edit is met once or twice; what goes on conflicting must not go in circles (C3).
        const bool circling = row->attempts > kConflictsAtOnce;
        row->put_off(ws_.now(), circling ? backoff(row->attempts - kConflictsAtOnce) : Duration(0));
      }
      // What is never read there is not known any more, and is written over.
      if (link != nullptr && forget_unread(*binding, *link)) ws_.touch(*record, ws_.next_seq(), WorkClass::live);
      if (link != nullptr && outcome.state) {
        LOCKSTEP_CHECK(absorb_witnesses(outcome, *entity, *binding, *record, *link, sent));
        LOCKSTEP_CHECK(absorb_state(outcome, *entity, *binding, *record, *link, sent));
      } else if (link != nullptr) {
        const Change wanted = change_of(outcome, *binding, link->external_id);
        LOCKSTEP_CHECK(request_fetch(wanted, "the object changed under our write", {}));
      }
      break;
    case OutcomeKind::not_found:
      if (link != nullptr) {
        LOCKSTEP_CHECK(absorb_witnesses(outcome, *entity, *binding, *record, *link, sent));
        Change gone = change_of(outcome, *binding, link->external_id);
        gone.kind = ChangeKind::deleted;
        gone.via = Via::fetch;
        LOCKSTEP_CHECK(lose_object({gone, *entity, *binding, {}, false}, *record, *link));
      }
      break;
    case OutcomeKind::duplicate: {
      LOCKSTEP_TRY(other, ws_.linked({outcome.source, outcome.system, binding->object, outcome.external_id}));
      if (row) retry_later(*row, outcome);  // dead in the end when the other object stays and is not this one
      if (other && !other->empty()) {
        LOCKSTEP_TRY(holder, ws_.record(outcome.source, *other));
        if (holder != nullptr && holder != record) LOCKSTEP_CHECK(join_records(*entity, *holder, *record));
        break;
      }
      if (outcome.external_id.empty()) break;
      const Change wanted = change_of(outcome, *binding, outcome.external_id);
      LOCKSTEP_CHECK(request_fetch(wanted, "the system says it already holds this one", {record->id}));
      // What this create carried tells whether that object is its doing: none is sent before (C5).
      if (row) row->put_off(ws_.now(), std::max<Duration>(row->due - ws_.now(), kHeldForReading));
      break;
    }
  }
  // What is to be done now is another thing, and has not been tried: an object is read before it is removed (L1, L3).
  if (row && record->deleted != (outcome.write == WriteKind::remove)) row->attempts = 0;
  if (row) {
    if (row->state == OutboxState::dead && entry.kind != "dead") entry.kind = "dead";
    ws_.put_outbox(*row);
  }
  entry.body = std::move(body);
  std::string reason = entry.reason;
  const Seq seq = ws_.next_seq();
  ws_.replan(*record);
  entry.entity = record->entity;
  entry.record = record->id;
  ws_.journal(std::move(entry));
  // What only waits for the answer to a create waits no longer when there is none.
  const bool unanswered = creates && sending && outcome.kind == OutcomeKind::unknown;
  const bool over = in_flight && (!row->in_flight() || unanswered);
  if (over) LOCKSTEP_CHECK(replay_waiting(outcome.source, wait_for_claim(outcome.system, record->id)));
  Applied out;
  out.reason = std::move(reason);
  out.record = record->id;
  out.seq = seq;
  return out;
}

void Applier::retry_later(OutboxRow& row, const WriteOutcome& outcome) {
  if (!outcome.outage) row.attempts += 1;
  row.error = outcome.reason;
  row.error_kind = error_kind_of(outcome.kind);
  if (row.attempts >= settings_.attempts_limit && !outcome.outage && outcome.kind != OutcomeKind::unauthorized) {
    row.state = OutboxState::dead;
    return;
  }
  std::chrono::milliseconds wait = backoff(row.attempts);
  if (outcome.retry_after) wait = std::max(wait, *outcome.retry_after);
  row.put_off(ws_.now(), wait);
  row.work = WorkClass::retry;
}

std::chrono::milliseconds Applier::backoff(std::uint32_t attempts) {
  const std::uint64_t doubled = static_cast<std::uint64_t>(settings_.backoff_first.count())
                                << std::min<std::uint32_t>(std::max<std::uint32_t>(attempts, 1) - 1, 20);
  const auto ceiling = std::min<std::uint64_t>(doubled, static_cast<std::uint64_t>(settings_.backoff_limit.count()));
  return std::chrono::milliseconds(static_cast<std::int64_t>(ceiling / 2 + random_.below(ceiling / 2 + 1)));
}

Result<void> Applier::outcome_applied(const WriteOutcome& outcome, const EntitySchema& entity,
                                      const SystemBinding& binding, Record& record, const Fields& sent) {
  Link* link = record.link(outcome.system);
  if (outcome.write == WriteKind::remove) {
    if (link != nullptr) link->state = LinkState::removed;
    // An edit brought the record back while its removal was on its way: the object is made again (C1).
    if (!record.deleted && entity.deletes == DeletePolicy::propagate) record.let_go(outcome.system);
    ws_.touch(record, ws_.next_seq(), WorkClass::live);
    return {};
  }
  const bool created = link == nullptr;
  if (outcome.write == WriteKind::update && (created || !link->is_linked())) {  // the object was lost meanwhile
    know_written(outcome, record);
    return {};
  }
  if (!created && outcome.write == WriteKind::create && link->external_id != outcome.external_id) {
    // Somebody made the same thing there while our create was on its way. Ours is seen as an object of its own.
    note_stray(outcome, record, "the object made for this record is a second one", link->external_id);
    return {};
  }
  if (created) {
    LOCKSTEP_TRY(linked, adopt_link(outcome, entity, binding, record));
    if (!linked) return {};
    link = record.link(outcome.system);
  }
  // C1: whether somebody has set it back since, or the event came from elsewhere, only reading the object tells.
  if (!created && overtaken(outcome, binding, *link)) {
    const Change wanted = change_of(outcome, binding, link->external_id);
    LOCKSTEP_CHECK(request_fetch(wanted, "something else was heard of while the write was on its way", {}));
  }
  // A link that was made by an event of the object itself knows more than the answer to its create.
  if (created || outcome.write != WriteKind::create) know_written(outcome, record);
  ws_.touch(record, ws_.next_seq(), WorkClass::live);
  if (outcome.state) LOCKSTEP_CHECK(absorb_state(outcome, entity, binding, record, *link, sent));
  link = record.link(outcome.system);  // the record may have lost others
  if (link == nullptr) return {};
  link->version = std::max(link->version, outcome.version);
  if (created) know_the_rest(binding, *link);
  if (created) LOCKSTEP_CHECK(release(outcome.source, outcome.system, binding.object, outcome.external_id, &record));
  return {};
}

// What has been written stands there by our own doing, and with the former link when the object was lost meanwhile.
void Applier::know_written(const WriteOutcome& outcome, Record& record) {
  Link* link = record.link(outcome.system);
  if (link == nullptr) link = record.former_link(outcome.system, outcome.external_id);
  if (link == nullptr || outcome.written.empty()) return;
  for (const auto& [name, value] : outcome.written) overwrite_base(*link, name, value);
  ws_.touch(record, ws_.next_seq(), WorkClass::live);
}

void Applier::note_stray(const WriteOutcome& outcome, const Record& record, std::string reason, std::string other) {
  JournalEntry entry;
  entry.source = outcome.source;
  entry.system = outcome.system;
  entry.kind = "identity";
  entry.body = JsonObject{{"external_id", outcome.external_id}, {"other", std::move(other)}};
  note(Disposition::parked, std::move(reason), std::move(entry), &record);
}

// Links the record to the object that a create has made. False when it can not: the object then belongs elsewhere.
Result<bool> Applier::adopt_link(const WriteOutcome& outcome, const EntitySchema& entity, const SystemBinding& binding,
                                 Record& record) {
  const LinkKey key{outcome.source, outcome.system, binding.object, outcome.external_id};
  LOCKSTEP_TRY(other, ws_.linked(key));
  if (other && !other->empty() && *other != record.id) {
    LOCKSTEP_TRY(rival, ws_.record(outcome.source, *other));
    // The object was seen before its create was confirmed and became a record of its own: that one holds nothing else.
    const bool absorbable = rival != nullptr && rival->links.size() == 1 && !rival->deleted;
    if (!absorbable) {
      note_stray(outcome, record, "the object made for this record belongs to another record", other->str());
      return false;
    }
    rival->links.clear();
    rival->deleted = true;
    rival->deleted_stamp = stamp(*rival, outcome.system);
    rival->merged_into = record.id;  // what refers to it means this record (C1)
    ws_.touch(*rival, ws_.next_seq(), WorkClass::live);
    for (const SystemBinding& any : entity.systems)
      LOCKSTEP_CHECK(replan_blocked(outcome.source, wait_for_link_of(any.system, rival->id)));
  }
  record.links.push_back({outcome.system, outcome.external_id, LinkState::linked, 0, {}, {}, {}, {}});
  ws_.link(key, record.id);
  // L1: an object that was gone may be made again under its id; who has read it before may have found nothing.
  LOCKSTEP_CHECK(ask_again(change_of(outcome, binding, outcome.external_id)));
  // C1: an event has said already that it is gone. Only reading it tells.
  const bool gone = other && other->empty();
  if (gone)
    LOCKSTEP_CHECK(request_fetch(change_of(outcome, binding, outcome.external_id), "it was said to be deleted", {}));
  return true;
}

// What the system says with an outcome, as far as it can be read; references that are not known here are left out.
Result<Fields> Applier::read_state(const WriteOutcome& outcome, const EntitySchema& entity,
                                   const SystemBinding& binding, const Link& link) {
  const Change seen = change_of(outcome, binding, link.external_id);
  Result<Fields> mapped = read_document(entity, binding, *outcome.state, outcome.extent, expressions_);
  if (!mapped) return Fields();  // the write stands; the next observation shows what could not be read
  Result<std::string> resolved = resolve_references({seen, entity, binding, {}, false}, *mapped);
  if (!resolved || !resolved->empty()) erase_references(entity, *mapped);
  return std::move(*mapped);
}

// Of a state that is older than what events have shown. They may leave empty fields out: what of a write whose answer was
// lost has emptied one, only this tells (C5). Whether somebody has filled it since, a reading does.
Result<void> Applier::absorb_emptied(const WriteOutcome& outcome, const SystemBinding& binding, const Record& record,
                                     Link& link, const Fields& shown, const Fields& sent) {
  if (outcome.kind == OutcomeKind::applied || outcome.extent != Extent::full) return {};
  bool any = false;
  for (const auto& [name, value] : sent) {
    const Json* held = find_value(link.base, name);
    const Json* now = find_value(shown, name);
    if (!value.is_null() || held == nullptr || held->is_null() || (now != nullptr && !now->is_null())) continue;
    overwrite_base(link, name, value);
    any = true;
  }
  if (!any) return {};
  ws_.touch(record, ws_.next_seq(), WorkClass::live);
  return request_fetch(change_of(outcome, binding, link.external_id), "a field was emptied, and may be filled again",
                       {});
}

// Why the state that an answer shows may be older than what is known; "" when it is not.
Result<std::string> Applier::doubted(const Change& shown, const Link& link) {
  if (shown.version == 0) return std::string("the answer does not say when that was");
  if (shown.version == link.version) return std::string("shows another state of the same moment");
  LOCKSTEP_TRY(asked, ws_.inbox_waiting(shown.source, wait_for_reading(shown.system, shown.object, shown.external_id)));
  return std::string(asked.empty() ? "" : "shows another state than an event in doubt");
}

// What the system says it holds after (or instead of) a write. Fields that were written and came back different are
// kept in the system's own form; those that a write of ours may have set are an echo; other differences are edits made
// by somebody else.
Result<void> Applier::absorb_state(const WriteOutcome& outcome, const EntitySchema& entity,
                                   const SystemBinding& binding, Record& record, Link& link, const Fields& sent) {
  LOCKSTEP_TRY(mapped, read_state(outcome, entity, binding, link));
  if (outcome.version != 0 && outcome.version < link.version)  // L5
    return absorb_emptied(outcome, binding, record, link, mapped, sent);
  Fields ours;
  for (const auto& [name, written] : outcome.written) {
    const auto held = mapped.find(name);
    if (held == mapped.end()) continue;
    if (held->second != written) {
      const FieldSchema* field = entity.find(name);
      // Members of a set come and go one by one: one that is no form of a sent one is somebody else's edit (L1). So may
      // anything be that was read only after the write.
      const bool edited = field != nullptr && field->type == FieldType::set && folded(held->second) != folded(written);
      if (edited || outcome.read_later) continue;
      link.base[name] = held->second;
      link.sent[name] = written;
    }
    ours.insert(mapped.extract(held));
  }
  remember_raw(entity, binding, *outcome.state, ours, link);
  Change seen = change_of(outcome, binding, link.external_id);
  seen.via = Via::fetch;
  seen.version = outcome.version;
  const bool echoed = absorb_echo(link, mapped, sent);
  if (echoed) ws_.touch(record, ws_.next_seq(), WorkClass::live);
  // Two states of one moment, or one that does not say of which it is: only reading the object tells which is the newer
  // one, and which events are older. A conflict's state was just read.
  if (outcome.kind != OutcomeKind::conflict && shows_news(link, mapped)) {
    LOCKSTEP_TRY(doubt, doubted(seen, link));
    if (!doubt.empty()) return request_fetch(seen, std::move(doubt), {});
  }
  const Fields raw_before = link.raw;
  const bool edited = shows_edit(link, mapped);
  remember_raw(entity, binding, *outcome.state, mapped, link);
  Merged merged = merge(entity, outcome.system, record, link, mapped);
  const bool newer = outcome.version > link.version;
  link.version = std::max(link.version, outcome.version);
  if (!newer && !merged.base && !merged.canonical && merged.conflicts.empty() && link.raw == raw_before) return {};
  ws_.touch(record, ws_.next_seq(), WorkClass::live);
  if (!merged.canonical && merged.conflicts.empty()) return {};
  if (edited && entity.deletes == DeletePolicy::propagate) LOCKSTEP_CHECK(revive(entity, record));  // L3
  keep_conflicts(record, merged);
  note_change({seen, entity, binding, {}, false}, Disposition::applied, "seen with a write", &record,
              std::move(merged.fields));
  return {};
}

}  // namespace lockstep::sync
