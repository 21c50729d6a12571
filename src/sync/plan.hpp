// Planning: what a system must be sent so that it holds what the record says. Pure, and derived from the record alone,
// so that a second plan on the result of the first is empty (C3) and a status can not lie.
#pragma once

#include <functional>
#include <string>

#include "sync/input.hpp"
#include "sync/record.hpp"
#include "sync/schema.hpp"

namespace lockstep::sync {

enum class PlanKind { none, create, update, remove, blocked };

struct Plan {
  PlanKind kind = PlanKind::none;
  Fields values;          // create: all; update: those that differ. Canonical; references are record ids
  std::string waits_for;  // blocked: the link that must come first

  friend bool operator==(const Plan&, const Plan&) = default;
};

// Where a referenced record stands in a system.
struct TargetState {
  bool linked = false;
  bool gone = false;        // deleted there or nowhere to be found: the reference is written as null
  std::string external_id;  // also of an object that is gone, when it is known
  RecordId record;          // the one that the reference leads to, after merges
};
// Of a record that has not been merged into another one.
TargetState target_in(const Record& record, const SystemName& system);
using TargetLookup =
    std::function<TargetState(const EntityName& entity, const RecordId& record, const SystemName& system)>;

Plan plan_write(const EntitySchema& entity, const SystemBinding& binding, const Record& record,
                const TargetLookup& target);

// Wait keys: what an outbox or inbox row can wait for.
std::string wait_for_link_of(const SystemName& system, const RecordId& record);
std::string wait_for_object(const SystemName& system, const std::string& object, const std::string& external_id);
std::string wait_for_reading(const SystemName& system, const std::string& object, const std::string& external_id);
std::string wait_for_claim(const SystemName& system, const RecordId& record);
// What the keys of all of a system's claims begin with.
std::string wait_for_claims(const SystemName& system);

enum class Status { synced, pending, failed, unlinked, gone, conflict };
std::string_view to_string(Status status);

}  // namespace lockstep::sync
