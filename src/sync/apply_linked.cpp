// How an observation of an object is applied whose record is known: doubt, echo, staleness, merge.
#include <algorithm>
#include <utility>

#include "sync/applier.hpp"
#include "sync/link.hpp"
#include "sync/merge.hpp"

namespace lockstep::sync {
namespace {

bool has_value(const Link& link, const std::string& field) {
  const Json* base = find_value(link.base, field);
  return base != nullptr && !is_empty(*base);
}

// Mapped fields that the system was known to hold and that a sparse document leaves out.
std::vector<std::string> left_out(const SystemBinding& binding, const Link& link, const Fields& fields) {
  std::vector<std::string> out;
  for (const FieldBinding& bound : binding.fields) {
    if (bound.direction != Direction::write && has_value(link, bound.field) && !fields.contains(bound.field))
      out.push_back(bound.field);
  }
  return out;
}

// Also of a write that was given up while nobody knew its outcome: what the system shows of it is our own doing (E1).
bool may_be_shown(const OutboxRow& row) {
  return row.in_flight() || (row.state == OutboxState::dead && row.error_kind == ErrorKind::maybe_applied);
}

}  // namespace

// What a doubtful event shows, for the journal: nothing else may ever tell of it again (L1).
JsonObject Applier::shown_news(const Link& link, const Fields& fields) {
  JsonObject shown;
  for (const auto& [name, value] : fields) {
    const Json* base = find_value(link.base, name);
    if (!is_empty(value) && (base == nullptr || *base != value)) shown[name] = JsonObject{{"shown", value}};
  }
  return shown;
}

Result<Applied> Applier::observe_linked(const Observed& seen, Record& record, Fields fields) {
  const Change& change = seen.change;
  Link* link = record.link(change.system);
  const bool other_id = link == nullptr || link->external_id != change.external_id;
  if (other_id || !link->is_linked()) {
    // An update that trails a delete. Only a reading can show that the object is back.
    if (!seen.read_now()) return trailing(seen, record, fields);
    if (other_id)
      return note_change(seen, Disposition::suppressed, "belongs to a record that is linked to another object", &record,
                         {});
    link->state = LinkState::linked;
    link->base.clear();
    LOCKSTEP_CHECK(revive(seen.entity, record));
    link = record.link(change.system);
    Merged merged = merge(seen.entity, change.system, record, *link, fields);
    remember_raw(seen.entity, seen.binding, change.document, fields, *link);
    link->version = std::max(link->version, change.version);
    keep_conflicts(record, merged);
    ws_.touch(record, ws_.next_seq(), WorkClass::live);
    return note_change(seen, Disposition::applied, "the object is back", &record, std::move(merged.fields));
  }
  if (change.version != 0 && change.version < link->version) return stale(seen, record, *link, fields);

  std::vector<std::string> absent;
  if (change.extent == Extent::sparse) absent = left_out(seen.binding, *link, fields);
  LOCKSTEP_TRY(row, ws_.outbox({change.source, change.system, record.id}));
  // What waited for the outcome of a write may be older than that write, a reading too.
  const bool trusted = seen.read_now() || seen.in_order();
  // Our removal is on its way, and an edit has brought the record back: soon nothing will be there to be read.
  const bool going = row && row->in_flight() && !row->creates && row->sent.empty() && !record.deleted;
  const bool told = going && change.version > link->version;
  bool echoed = false;
  if (row && row->in_flight()) {
    LOCKSTEP_TRY(waits, waits_for_outcome(change, record, *link, fields, *row));
    if (waits) return park_behind_write(seen, record);
  }
  if (row && may_be_shown(*row)) {
    // What stood there before our write before this one may be older than both.
    if (!trusted) leave_out_returns(*link, row->sent);
    if (!trusted && change.version == 0) {
      // It shows other things, too: then it may be of an earlier state, and members of sets come and go.
      Link known = *link;
      Fields rest = fields;
      absorb_echo(known, rest, row->sent);
      if (shows_news(known, rest)) std::erase_if(row->sent, [](const auto& field) { return field.second.is_array(); });
    }
    echoed = absorb_echo(*link, fields, row->sent);
  }
  const bool changed = shows_news(*link, fields);
  // Two states of one moment: the versions do not say which is the newer one (L5).
  const bool tied = change.via == Via::webhook && change.version != 0 && change.version == link->version;
  if (changed && !trusted && !told && (change.version == 0 || tied || shows_prior(*link, fields))) {
    LOCKSTEP_CHECK(request_fetch(change,
                                 change.version == 0 ? "the event does not say when it happened"
                                 : tied              ? "shows another state of the same moment"
                                                     : "shows a value from before our own write",
                                 {}));
    if (echoed) ws_.touch(record, ws_.next_seq(), seen.work());  // C5: what it showed of our write is known
    // L1: a write of ours may go out before the object is read.
    return note_change(seen, Disposition::suppressed, "the object is read to be sure", &record,
                       shown_news(*link, fields));
  }
  std::erase_if(absent,
                [&](const std::string& field) { return !has_value(*link, field); });  // our write has cleared it
  if (!absent.empty())
    LOCKSTEP_CHECK(request_fetch(change, "the event leaves out '" + absent.front() + "', which had a value", {}));
  if (!changed) {
    // Whether what our write's answer shows is older, nobody could tell (L5).
    if (echoed && change.via == Via::webhook && change.version == 0)
      LOCKSTEP_CHECK(request_fetch(change, "the event does not say when it happened", {}));
    const bool newer = change.version > link->version;
    if (newer || echoed) {
      remember_raw(seen.entity, seen.binding, change.document, fields, *link);
      link->version = std::max(link->version, change.version);
      ws_.touch(record, ws_.next_seq(), seen.work());
    }
    return note_change(seen, Disposition::suppressed, "echo", &record, {});  // E1: content is the only truth
  }
  const bool edited = shows_edit(*link, fields);
  Merged merged = merge(seen.entity, change.system, record, *link, fields);
  remember_raw(seen.entity, seen.binding, change.document, fields, *link);
  link->version = std::max(link->version, change.version);
  // L3: an edit newer than the deletion brings the record back.
  if (edited && seen.entity.deletes == DeletePolicy::propagate) LOCKSTEP_CHECK(revive(seen.entity, record));
  const bool held = std::ranges::any_of(merged.conflicts, &ConflictRow::open);
  keep_conflicts(record, merged);
  ws_.touch(record, ws_.next_seq(), seen.work());
  if (change.via != Via::scan) ws_.settle(record, seen.binding.settle);
  return note_change(seen, Disposition::applied,
                     merged.canonical ? ""
                     : held           ? "held"
                                      : "agreed",
                     &record, std::move(merged.fields));
}

// A write of ours is on its way and the object shows, in a field that it carries, neither that nor what was there before:
// the system's own form of it or somebody's edit, and only the outcome tells which. Later observations wait behind.
Result<bool> Applier::waits_for_outcome(const Change& change, const Record& record, const Link& link,
                                        const Fields& fields, const OutboxRow& row) {
  for (const auto& [name, sent] : row.sent) {
    const Json* shown = find_value(fields, name);
    const Json* base = find_value(link.base, name);
    if (shown == nullptr || *shown == sent) continue;
    if (base == nullptr ? !shown->is_null() : *base != *shown) return true;
  }
  LOCKSTEP_TRY(waiting, ws_.inbox_waiting(change.source, wait_for_claim(change.system, record.id)));
  return !waiting.empty();
}

// L5: an observation older than what is known changes nothing. When it shows a value that a person typed and that our
// own write has covered, or one that is on its way, the value is kept in the conflict record (L1).
Result<Applied> Applier::stale(const Observed& seen, Record& record, const Link& link, const Fields& fields) {
  const Change& change = seen.change;
  Merged merged;
  if (change.via == Via::webhook || change.via == Via::capture) {
    LOCKSTEP_TRY(write, ws_.outbox({change.source, change.system, record.id}));
    const Fields on_the_way = write && may_be_shown(*write) ? std::move(write->sent) : Fields();
    for (const auto& [name, value] : fields) {
      const Json* prior = find_value(link.prior, name);
      const Json* base = find_value(link.base, name);
      const Json* ours = find_value(on_the_way, name);
      const auto current = record.fields.find(name);
      if ((prior == nullptr && ours == nullptr) || base == nullptr || current == record.fields.end()) continue;
      const bool known = value == *base || (prior != nullptr && value == *prior) || (ours != nullptr && value == *ours);
      if (known || value == current->second.value) continue;
      ConflictRow row;
      row.field = name;
      row.base = prior == nullptr ? *base : *prior;
      row.mine = current->second.value;
      row.theirs = value;
      row.mine_origin = current->second.stamp.origin;
      row.theirs_origin = change.system;
      row.rule = "overwritten";
      row.winner = row.mine_origin;
      merged.conflicts.push_back(std::move(row));
    }
  }
  keep_conflicts(record, merged);
  return note_change(seen, Disposition::suppressed, "stale", &record, {});
}

}  // namespace lockstep::sync
