// Finding records by text, for people: a substring of any field's value, whatever the case.
#pragma once

#include <string>
#include <string_view>

#include "store/store.hpp"

namespace lockstep::store {

// Lower case for search: Latin, Greek and Cyrillic letters; other text and bytes that are no UTF-8 stay.
std::string fold_case(std::string_view text);

// `folded_query` comes from fold_case(). "" matches every record.
bool matches(const sync::Record& record, std::string_view folded_query);

// False only when no record with this stored form can match: spares decoding most of them.
bool may_match(std::string_view encoded_record, std::string_view folded_query);

bool belongs(const sync::Record& record, const OwnedBy& owners);
// As may_match().
bool may_belong(std::string_view encoded_record, const OwnedBy& owners);

}  // namespace lockstep::store
