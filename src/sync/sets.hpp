// Sets of texts as JSON arrays.
#pragma once

#include <set>
#include <string>

#include "base/json.hpp"

namespace lockstep::sync {

using Members = std::set<std::string>;

// What is no array is an empty set.
Members members_of(const Json& value);
Json to_json(const Members& members);

}  // namespace lockstep::sync
