// Identity: which record an object without a link belongs to. One candidate: link; none: a new record; several: a
// person decides. Never a guess, never a duplicate.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sync/batch.hpp"
#include "sync/schema.hpp"

namespace lockstep::sync {

// The keys under which a record with these fields can be found: one per rule whose fields all have a value.
std::vector<MatchKey> match_keys(const SourceId& source, const EntitySchema& entity, const Fields& fields);

// The same, and for an entity without rules one for all of its content: of two systems that hold the same deal, name,
// amount and all, neither says so by a key. After a restore nothing else tells that they are one (O1).
std::vector<MatchKey> sought_keys(const SourceId& source, const EntitySchema& entity, const Fields& fields);
// Under which keys a record stands in the index. By its content only while a system lacks it.
std::vector<MatchKey> index_keys(const EntitySchema& entity, const Record& record);
// Do both hold the same in every field that all systems of the entity have?
bool same_content(const EntitySchema& entity, const Fields& a, const Fields& b);

// The values of a record's fields, without stamps.
Fields values_of(const Record& record);

// Leaves only what can be compared with objects that are not resolved yet.
void erase_references(const EntitySchema& entity, Fields& fields);

// A weaker rule does not join two objects that a stronger one-field rule tells apart: two people who share a
// phone number but have different e-mail addresses are two people.
bool contradicts(const EntitySchema& entity, std::size_t rule, const Fields& a, const Fields& b);

}  // namespace lockstep::sync
