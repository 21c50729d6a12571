// How a claim is applied: the write that was prepared is marked as on its way, unless it must wait or is out of date.
#include <algorithm>
#include <string>

#include "sync/applier.hpp"
#include "sync/identity.hpp"

namespace lockstep::sync {
namespace {

constexpr Duration kHeldFor = std::chrono::seconds(1);  // then the claim is tried again
}  // namespace

// Objects without a record that wait for the outcome of a create and may be what it makes.
Result<const std::vector<Fields>*> Applier::unrecognised(const Claim& claim, const EntitySchema& entity,
                                                         const SystemBinding& binding) {
  Unrecognised& known = unrecognised_;
  if (known.source == claim.source && known.system == claim.system && known.object == binding.object &&
      known.as_of == ws_.inbox_changes())
    return &known.shown;  // a chunk of claims asks the same
  known = {claim.source, claim.system, binding.object, ws_.inbox_changes(), {}};
  LOCKSTEP_TRY(rows, ws_.inbox_waiting_under(claim.source, wait_for_claims(claim.system)));
  for (const InboxRow& row : rows) {
    if (row.change.object != binding.object || row.change.kind == ChangeKind::deleted) continue;
    LOCKSTEP_TRY(linked, ws_.linked(link_key(row.change)));
    if (linked && !linked->empty()) continue;
    Result<Fields> shown = read_document(entity, binding, row.change.document, row.change.extent, expressions_);
    if (!shown) continue;  // it says so itself when its turn comes
    erase_references(entity, *shown);
    known.shown.push_back(*std::move(shown));
  }
  return &known.shown;
}

// X1: an object that waits for the outcome of another create may be the one to be made.
Result<bool> Applier::waits_unrecognised(const Claim& claim, const EntitySchema& entity, const SystemBinding& binding) {
  LOCKSTEP_TRY(waiting, unrecognised(claim, entity, binding));
  if (waiting->empty()) return false;
  Fields wanted = claim.values;
  erase_references(entity, wanted);
  const std::vector<MatchKey> keys = match_keys(claim.source, entity, wanted);
  return std::ranges::any_of(*waiting, [&](const Fields& shown) {
    if (entity.match.empty()) return same_content(entity, shown, wanted);
    const std::vector<MatchKey> theirs = match_keys(claim.source, entity, shown);
    const auto same = std::ranges::find_first_of(theirs, keys);
    return same != theirs.end() && !contradicts(entity, std::stoul(same->key), shown, wanted);
  });
}

// L1: an event has shown what may be a person's edit, and the object is still to be read to be sure. A write before that
// could cover it.
Result<bool> Applier::waits_for_reading(const Claim& claim, const SystemBinding& binding) {
  LOCKSTEP_TRY(readings,
               ws_.inbox_waiting(claim.source, wait_for_reading(claim.system, binding.object, claim.external_id)));
  return std::ranges::any_of(readings, [&](const InboxRow& row) { return ws_.now() - row.since < kHeldForReading; });
}

// C5: what was applied after the write was prepared is not in it. It could cover a newer value; and which members of a set
// it changes would be worked out against a state that it does not come from.
Result<bool> Applier::still_planned(const Claim& claim, const EntitySchema& entity, const SystemBinding& binding) {
  LOCKSTEP_TRY(record, ws_.record(claim.source, claim.record));
  if (record == nullptr) return false;
  LOCKSTEP_TRY(values, ws_.planned(*record, entity, binding));
  return values == claim.values;
}

// Why a write must not go out yet; "" when it may.
Result<std::string> Applier::holds_back(const Claim& claim, const EntitySchema& entity, const SystemBinding& binding) {
  if (claim.write == WriteKind::create) {
    LOCKSTEP_TRY(unrecognised, waits_unrecognised(claim, entity, binding));
    return std::string(unrecognised ? "an object that waits may be the one to be made" : "");
  }
  LOCKSTEP_TRY(to_be_read, waits_for_reading(claim, binding));
  return std::string(to_be_read ? "the object is to be read first" : "");
}

Result<Applied> Applier::apply(const Claim& claim) {
  const OutboxKey key{claim.source, claim.system, claim.record};
  LOCKSTEP_TRY(row, ws_.outbox(key));
  Applied out;
  out.record = claim.record;
  if (!row || row->state != OutboxState::waiting) {
    out.error = Error{ErrorKind::conflict, "there is nothing to send any more", {}};
    return out;
  }
  const SourceSchema* source = ws_.catalog().find(claim.source);
  const EntitySchema* entity = source == nullptr ? nullptr : source->find(row->entity);
  const SystemBinding* binding = entity == nullptr ? nullptr : entity->binding(claim.system);
  Result<bool> current = false;  // where nothing maps it any more
  if (binding != nullptr) current = still_planned(claim, *entity, *binding);
  if (!current) return fail(std::move(current).error());
  if (!*current) {  // its row is still due: the write is prepared anew, against what is known now
    out.error = Error{ErrorKind::conflict, "the record has changed since the write was prepared", {}};
    return out;
  }
  LOCKSTEP_TRY(held, holds_back(claim, *entity, *binding));
  if (!held.empty()) {
    row->put_off(ws_.now(), kHeldFor);
    ws_.put_outbox(std::move(*row));
    out.error = Error{ErrorKind::conflict, std::move(held), {}};
    return out;
  }
  row->state = OutboxState::claimed;
  row->claimed_at = ws_.now();
  row->creates = claim.write == WriteKind::create;
  row->sent = claim.values;
  ws_.put_outbox(std::move(*row));
  return out;
}

}  // namespace lockstep::sync
