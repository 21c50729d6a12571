#include "sync/plan.hpp"

#include "sync/merge.hpp"

namespace lockstep::sync {
namespace {

// Does the system already hold this value, as far as we know? Absent and null are the same to a system that has no
// value; a value that the system keeps in a form of its own counts as held while it is the one that was sent.
bool holds(const Link& link, const std::string& field, const Json& value) {
  const auto base = link.base.find(field);
  if (base == link.base.end() ? value.is_null() : base->second == value) return true;
  const auto sent = link.sent.find(field);
  return sent != link.sent.end() && sent->second == value;
}

bool writable(const FieldBinding& binding) { return binding.direction != Direction::read; }

}  // namespace

Plan plan_write(const EntitySchema& entity, const SystemBinding& binding, const Record& record,
                const TargetLookup& target) {
  const Link* link = record.link(binding.system);
  if (link != nullptr && !link->is_linked()) return {};
  if (record.deleted) {
    const bool removes = link != nullptr && entity.deletes == DeletePolicy::propagate && binding.deletes;
    return removes ? Plan{PlanKind::remove, {}, {}} : Plan{};
  }
  if (link == nullptr && !binding.creates) return {};

  Plan plan;
  plan.kind = link == nullptr ? PlanKind::create : PlanKind::update;
  std::string waits_for;
  for (const FieldBinding& bound : binding.fields) {
    if (!writable(bound)) continue;
    const auto state = record.fields.find(bound.field);
    const FieldSchema* field = entity.find(bound.field);
    if (state == record.fields.end() || field == nullptr || state->second.held) continue;
    Json value = state->second.value;
    if (field->type == FieldType::reference && value.is_string()) {
      const RecordId id{std::string(value.get_string())};
      const TargetState there = target(field->target, id, binding.system);
      if (there.gone) {
        value = nullptr;
      } else if (!there.linked) {
        if (link == nullptr || !holds(*link, bound.field, value)) waits_for = wait_for_link_of(binding.system, id);
        continue;
      } else {
        value = there.record.str();
      }
    }
    if (link == nullptr ? !value.is_null() : !holds(*link, bound.field, value))
      plan.values.emplace(bound.field, std::move(value));
  }
  const bool blocked = !waits_for.empty() && (link == nullptr || plan.values.empty());
  if (blocked) return {PlanKind::blocked, {}, std::move(waits_for)};
  if (plan.values.empty()) return {};
  return plan;
}

TargetState target_in(const Record& record, const SystemName& system) {
  const Link* link = record.link(system);
  const bool gone = record.deleted || (link != nullptr && !link->is_linked());
  if (link == nullptr) return {false, gone, {}, record.id};
  return {!gone, gone, link->external_id, record.id};
}

std::string wait_for_link_of(const SystemName& system, const RecordId& record) {
  return "link " + system.str() + " " + record.str();
}

std::string wait_for_object(const SystemName& system, const std::string& object, const std::string& external_id) {
  return "object " + system.str() + " " + object + " " + external_id;
}

std::string wait_for_reading(const SystemName& system, const std::string& object, const std::string& external_id) {
  return "reading " + system.str() + " " + object + " " + external_id;
}

std::string wait_for_claim(const SystemName& system, const RecordId& record) {
  return wait_for_claims(system) + record.str();
}

std::string wait_for_claims(const SystemName& system) { return "claim " + system.str() + " "; }

std::string_view to_string(Status status) {
  switch (status) {
    case Status::synced: return "synced";
    case Status::pending: return "pending";
    case Status::failed: return "failed";
    case Status::unlinked: return "unlinked";
    case Status::gone: return "gone";
    case Status::conflict: return "conflict";
  }
  return "";
}

}  // namespace lockstep::sync
