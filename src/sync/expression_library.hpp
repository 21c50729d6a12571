// What an expression can call. Every function's work is bounded by its arguments' size and charged to the budget,
// and gives the same result on every machine: no clock, no randomness, no addresses, no hash order, no libm.
#pragma once

#include <cstddef>

struct lua_State;

namespace lockstep::sync {

// Names in the interpreter's registry of the metatables that mark JSON lists and objects.
inline constexpr const char* list_mark = "lockstep.list";
inline constexpr const char* object_mark = "lockstep.object";
// … and of the table that holds the functions.
inline constexpr const char* library_key = "lockstep.functions";

// The interpreter's instruction budget, found through its extra space.
struct Budget {
  std::size_t instructions_left = 0;
  bool used_up = false;
};

// Takes `instructions` from the budget; raises a Lua error when it is used up.
void charge(lua_State* lua, std::size_t instructions);
void set_budget(lua_State* lua, Budget* budget);

// Builds the functions and marks in the registry. Raises Lua errors: only inside a protected call.
void open_library(lua_State* lua);

}  // namespace lockstep::sync
