// The three-way merge of one field (DESIGN: base, canonical, incoming). Pure; decides, does not record.
#pragma once

#include <optional>

#include "sync/record.hpp"
#include "sync/schema.hpp"

namespace lockstep::sync {

enum class MergeKind {
  unchanged,  // incoming equals base: an echo, or not touched
  taken,      // canonical had not moved: the incoming value is the new one
  agreed,     // both sides moved to the same value
  won,        // both moved; the incoming value wins
  lost,       // both moved; the canonical value stays
  held,       // both moved; a person decides
};

struct MergeResult {
  MergeKind kind = MergeKind::unchanged;
  Json value;  // the canonical value afterwards
};

struct Incoming {
  const SystemName& system;
  const Json& value;  // normalized
  const Json* base;   // what this system last held, nullptr on first contact
  Stamp stamp;
};

// `current` is nullptr when the record has no value for the field yet.
MergeResult merge_field(const FieldSchema& field, const EntitySchema& entity, const FieldState* current,
                        const Incoming& incoming);

// Three-way union: (current + (incoming - base)) - (base - incoming); arrays are sorted and distinct.
Json merge_sets(const Json& current, const Json* base, const Json& incoming);

// null, "", [] and {}.
bool is_empty(const Json& value);

// Position of a system in the field's order of authority: smaller is stronger. Systems that the policy does not name
// come after the named ones, in the order of the entity's list.
std::size_t authority_rank(const FieldSchema& field, const EntitySchema& entity, const SystemName& system);

}  // namespace lockstep::sync
