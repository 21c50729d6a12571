// Whose a record is, for those who see only what belongs to their business in a source (docs/access.md).
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "sync/record.hpp"
#include "sync/schema.hpp"

namespace lockstep::sync {

struct JournalEntry;

// As the field holds them: of a text itself, of a reference and of "id" the ids of records.
using Businesses = std::set<std::string, std::less<>>;

// The business that a field's value names; "": nobody's, and never in a set of businesses.
std::string business_named(const Json* value);

// By the field that names it, or kOwnId.
std::string business_of(std::string_view field, const Record& record);
// "" also where the entity does not say whose its records are.
std::string business_of(const EntitySchema& entity, const Record& record);

bool belongs(const EntitySchema& entity, const Record& record, const Businesses& to);
// Whether a business may change the field of its records.
bool business_may_edit(const EntitySchema& entity, std::string_view field);

// Says in the entry whose the record is, and, of one that was another's before, whose it was: `business`, `business_before`.
void note_business(const EntitySchema& entity, const Record& record, JournalEntry& entry);

}  // namespace lockstep::sync
