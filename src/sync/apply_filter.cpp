// Objects that a binding's filter leaves out.
#include <algorithm>

#include "sync/applier.hpp"

namespace lockstep::sync {

Result<std::optional<Applied>> Applier::filtered(const Observed& seen) {
  const Change& change = seen.change;
  Result<Place> place = place_of(seen.binding, change.document, expressions_);
  if (!place) return std::optional<Applied>(park(seen, InboxKind::invalid, "", place.error().message, {}));
  if (*place == Place::inside) return std::optional<Applied>();
  LOCKSTEP_TRY(linked, ws_.linked(link_key(change)));
  if (linked && !linked->empty()) {
    LOCKSTEP_TRY(record, ws_.record(change.source, *linked));
    const Link* link = record == nullptr ? nullptr : record->link(change.system);
    const bool held = link != nullptr && link->external_id == change.external_id && link->is_linked();
    const bool goes_on = *place == Place::untold || seen.binding.leaving == Leaving::keep;
    if (held && goes_on) return std::optional<Applied>();
    if (held) {
      LOCKSTEP_TRY(left, leave(seen, *linked));
      return std::optional<Applied>(std::move(left));
    }
  }
  if (*place == Place::untold && change.via != Via::fetch) {
    LOCKSTEP_CHECK(request_fetch(change, "the event does not tell whether it is outside the filter", {}));
    return std::optional<Applied>(
        note_change(seen, Disposition::suppressed, "the object is read to be sure", nullptr, {}));
  }
  Applied applied = note_change(seen, Disposition::suppressed, "outside the filter", nullptr, {});
  if (change.via == Via::fetch && !linked) {
    // Somebody refers to it: to this mirror it does not exist.
    ws_.link(link_key(change), RecordId());
    LOCKSTEP_CHECK(release(change.source, change.system, change.object, change.external_id, nullptr));
  }
  return std::optional<Applied>(std::move(applied));
}

// An object that was synced and is outside now counts as deleted there. When a list or a newer event shows it inside
// again it is read, and back (trailing()).
Result<Applied> Applier::leave(const Observed& seen, const RecordId& id) {
  const Change& change = seen.change;
  LOCKSTEP_TRY(record, ws_.record(change.source, id));
  Link* link = record->link(change.system);
  if (change.version != 0 && change.version < link->version)
    return note_change(seen, Disposition::suppressed, "stale", record, {});
  if (change.version == 0 && change.via == Via::webhook) {
    LOCKSTEP_CHECK(request_fetch(change, "the event does not say when it happened", {}));
    return note_change(seen, Disposition::suppressed, "the object is read to be sure", record, {});
  }
  link->version = std::max(link->version, change.version);
  LOCKSTEP_CHECK(lose_object(seen, *record, *link));
  return note_change(seen, Disposition::applied, "outside the filter", record, {});
}

}  // namespace lockstep::sync
