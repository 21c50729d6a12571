#include "hub/hold.hpp"

#include "connector/missed.hpp"

namespace lockstep::hub {

std::string hold_key() { return "hold"; }

std::string mirror_key(const sync::SystemBinding& binding) { return "mirror/" + binding.object; }

sync::StateRow hold_row(const SourceId& source, const SystemName& system, const std::optional<Hold>& hold) {
  Json row;
  if (hold) {
    row = JsonObject{
        {"kind", hold->kind}, {"reason", hold->reason}, {"actor", hold->actor}, {"since_ms", to_epoch_ms(hold->since)}};
  }
  return {source, system, hold_key(), std::move(row)};
}

std::optional<Hold> read_hold(const Json& row) {
  if (!row.is_object()) return std::nullopt;
  Hold hold;
  hold.kind = string_member(row, "kind");
  hold.reason = string_member(row, "reason");
  hold.actor = string_member(row, "actor");
  const Json* since = find_member(row, "since_ms");
  if (since != nullptr && since->is_int64()) hold.since = from_epoch_ms(since->get_int64());
  return hold;
}

sync::Batch read_everything_anew(const sync::Catalog& catalog) {
  sync::Batch out;
  for (const sync::SourceSchema& source : catalog.sources()) {
    for (const sync::EntitySchema& entity : source.entities) {
      for (const sync::SystemBinding& binding : entity.systems) {
        out.state.push_back({source.source, binding.system, mirror_key(binding), JsonObject()});
        out.state.push_back({source.source, binding.system, connector::stored_state_key(connector::missed_state),
                             Json("restored from a backup")});
      }
    }
  }
  return out;
}

}  // namespace lockstep::hub
