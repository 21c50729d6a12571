// What becomes of an input that the engine fails on: it is kept where a person finds it, and blocks nothing else (X3).
#include "sync/applier.hpp"

namespace lockstep::sync {

Result<Applied> Applier::set_aside(const Input& input, const Error& error) {
  if (const Change* change = std::get_if<Change>(&input)) return set_aside(*change, error);
  if (const WriteOutcome* outcome = std::get_if<WriteOutcome>(&input))
    LOCKSTEP_CHECK(give_up({outcome->source, outcome->system, outcome->record}, error));
  Applied refused;
  refused.error = error;
  return refused;
}

Result<Applied> Applier::set_aside(const Change& change, const Error& error) {
  const SourceSchema* source = ws_.catalog().find(change.source);
  const EntitySchema* entity = source == nullptr ? nullptr : source->by_object(change.system, change.object);
  if (entity == nullptr) {
    Applied refused;
    refused.error = error;
    return refused;
  }
  if (change.answers != 0) ws_.erase_inbox(change.answers);  // or it would be read again for ever
  if (!change.delivery.empty()) {
    LOCKSTEP_TRY(duplicate, ws_.seen(change.source, change.system, change.delivery));
    if (!duplicate) ws_.mark(change.source, change.system, change.delivery);  // A3
  }
  const Observed seen{change, *entity, *entity->binding(change.system), {}, false};
  return park(seen, InboxKind::invalid, "", "can not be applied: " + error.message, {});
}

// The write may have been done: a person who retries it has it read back first (X2).
Result<void> Applier::give_up(const OutboxKey& key, const Error& error) {
  LOCKSTEP_TRY(row, ws_.outbox(key));
  if (!row) return {};
  row->state = OutboxState::dead;
  row->error = "its outcome can not be applied: " + error.message;
  row->error_kind = ErrorKind::maybe_applied;
  JournalEntry entry;
  entry.source = key.source;
  entry.system = key.system;
  entry.entity = row->entity;
  entry.record = key.record;
  entry.kind = "dead";
  entry.reason = "outcome unknown";
  entry.body = JsonObject{{"error", row->error}};
  ws_.put_outbox(std::move(*row));
  ws_.journal(std::move(entry));
  return {};
}

}  // namespace lockstep::sync
