#include "sync/merge.hpp"

#include <algorithm>
#include <string>

#include "sync/sets.hpp"

namespace lockstep::sync {
namespace {

// Does the incoming value beat the canonical one? Both sides have moved away from the base.
bool incoming_wins(const FieldSchema& field, const EntitySchema& entity, const FieldState& current,
                   const Incoming& incoming) {
  const bool first_contact = incoming.base == nullptr;
  if (field.policy.kind == PolicyKind::latest && !first_contact) {
    if (incoming.stamp.time != current.stamp.time) return incoming.stamp.time > current.stamp.time;
    return incoming.system < current.stamp.origin;
  }
  const std::size_t theirs = authority_rank(field, entity, incoming.system);
  const std::size_t mine = authority_rank(field, entity, current.stamp.origin);
  if (theirs != mine) return theirs < mine;
  return incoming.stamp.time > current.stamp.time;
}

}  // namespace

bool is_empty(const Json& value) {
  if (value.is_null()) return true;
  if (value.is_string()) return value.get_string().empty();
  if (value.is_array()) return value.get_array().empty();
  return value.is_object() && value.get_object().empty();
}

std::size_t authority_rank(const FieldSchema& field, const EntitySchema& entity, const SystemName& system) {
  const auto& order = field.policy.order;
  const auto named = std::ranges::find(order, system);
  if (named != order.end()) return static_cast<std::size_t>(named - order.begin());
  const auto listed = std::ranges::find(entity.systems, system, &SystemBinding::system);
  return order.size() + static_cast<std::size_t>(listed - entity.systems.begin());
}

Json merge_sets(const Json& current, const Json* base, const Json& incoming) {
  const Members before = base == nullptr ? Members() : members_of(*base);
  const Members now = members_of(incoming);
  Members merged = members_of(current);
  for (const std::string& item : now) {
    if (!before.contains(item)) merged.insert(item);
  }
  for (const std::string& item : before) {
    if (!now.contains(item)) merged.erase(item);
  }
  if (merged.empty() && (incoming.is_null() && current.is_null())) return nullptr;
  return to_json(merged);
}

MergeResult merge_field(const FieldSchema& field, const EntitySchema& entity, const FieldState* current,
                        const Incoming& incoming) {
  const Json& value = incoming.value;
  if (incoming.base != nullptr && *incoming.base == value) {
    return {MergeKind::unchanged, current == nullptr ? value : current->value};
  }
  if (current == nullptr) return {MergeKind::taken, value};
  if (current->value == value) return {MergeKind::agreed, value};
  if (current->held) return {MergeKind::held, current->value};
  if (field.policy.kind == PolicyKind::set_union) {
    Json merged = merge_sets(current->value, incoming.base, value);
    return {merged == current->value ? MergeKind::agreed : MergeKind::taken, std::move(merged)};
  }
  if (incoming.base == nullptr) {
    // First contact: an empty side is filled in; only real differences go by authority.
    if (is_empty(current->value)) return {MergeKind::taken, value};
    if (is_empty(value)) return {MergeKind::unchanged, current->value};
  } else if (current->value == *incoming.base) {
    return {MergeKind::taken, value};
  }
  if (field.policy.kind == PolicyKind::manual) return {MergeKind::held, current->value};
  if (incoming_wins(field, entity, *current, incoming)) return {MergeKind::won, value};
  return {MergeKind::lost, current->value};
}

}  // namespace lockstep::sync
