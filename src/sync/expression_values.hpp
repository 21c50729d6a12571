// JSON into the interpreter and back.
#pragma once

#include <cstddef>
#include <optional>

#include "base/json.hpp"
#include "base/result.hpp"

struct lua_State;

namespace lockstep::sync {

// Leaves the value on the stack. JSON null becomes the `null` sentinel; lists and objects become tables that remember
// which they were, so that empty ones come back the same. Raises Lua errors: only inside a protected call.
void push_json(lua_State* lua, const Json& value);

struct ReadLimits {
  std::size_t bytes_limit = 0;   // of all texts and names together: a table may hold one text many times
  std::size_t values_limit = 0;  // of all values together, for the same reason
};

// The value at the top of the stack: nothing for nil. Objects get their members in the order of their names. Raises no
// Lua error. `invalid` for functions, mixed tables, numbers that are none and texts that are no UTF-8.
Result<std::optional<Json>> read_value(lua_State* lua, ReadLimits limits);

}  // namespace lockstep::sync
