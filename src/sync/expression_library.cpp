#include "sync/expression_library.hpp"

#include <lua.hpp>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "sync/normalize_text.hpp"

// Lua reports errors by longjmp, which runs no destructors: no function here owns memory of its own.
namespace lockstep::sync {
namespace {

constexpr std::size_t bytes_per_instruction = 16;  // what scanning text costs in instructions

std::string_view text_argument(lua_State* lua, int index) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(lua, index, &size);
  charge(lua, 1 + size / bytes_per_instruction);
  return {text, size};
}

int push(lua_State* lua, std::string_view text) {
  lua_pushlstring(lua, text.data(), text.size());
  return 1;
}

// `null` is told from nil; there is no other light userdata.
int type_of(lua_State* lua) {
  luaL_checkany(lua, 1);
  lua_pushstring(lua, lua_islightuserdata(lua, 1) ? "null" : luaL_typename(lua, 1));
  return 1;
}

int to_string(lua_State* lua) {
  luaL_checkany(lua, 1);
  switch (lua_type(lua, 1)) {
    case LUA_TNUMBER:
      lua_pushvalue(lua, 1);
      lua_tolstring(lua, -1, nullptr);
      return 1;
    case LUA_TSTRING: lua_pushvalue(lua, 1); return 1;
    case LUA_TBOOLEAN: lua_pushstring(lua, lua_toboolean(lua, 1) != 0 ? "true" : "false"); return 1;
    case LUA_TNIL: lua_pushliteral(lua, "nil"); return 1;
    default: return type_of(lua);  // never an address
  }
}

int to_number(lua_State* lua) {
  luaL_checkany(lua, 1);
  if (lua_type(lua, 1) == LUA_TNUMBER) {
    lua_pushvalue(lua, 1);
    return 1;
  }
  if (lua_type(lua, 1) == LUA_TSTRING) {
    const std::string_view text = text_argument(lua, 1);
    if (lua_stringtonumber(lua, text.data()) == text.size() + 1) return 1;
  }
  lua_pushnil(lua);
  return 1;
}

int select(lua_State* lua) {
  const int count = lua_gettop(lua);
  if (lua_type(lua, 1) == LUA_TSTRING && *lua_tostring(lua, 1) == '#') {
    lua_pushinteger(lua, count - 1);
    return 1;
  }
  lua_Integer index = luaL_checkinteger(lua, 1);
  if (index < 0) index = count + index;
  if (index > count) index = count;
  luaL_argcheck(lua, index >= 1, 1, "index out of range");
  return count - static_cast<int>(index);
}

int next_position(lua_State* lua) {
  const lua_Integer index = luaL_checkinteger(lua, 2) + 1;
  lua_pushinteger(lua, index);
  return lua_rawgeti(lua, 1, index) == LUA_TNIL ? 1 : 2;
}

int ipairs(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_pushcfunction(lua, next_position);
  lua_pushvalue(lua, 1);
  lua_pushinteger(lua, 0);
  return 3;
}

// A table's key while keys are sorted; the text belongs to the table.
struct Key {
  bool number;
  bool whole;
  lua_Integer integer;
  double value;
  const char* text;
  std::size_t size;

  std::string_view name() const { return {text, size}; }
};

bool before(const Key& a, const Key& b) {
  if (a.number != b.number) return a.number;
  if (!a.number) return a.name() < b.name();
  return a.whole && b.whole ? a.integer < b.integer : a.value < b.value;
}

int next_key(lua_State* lua) {
  const lua_Integer index = lua_tointeger(lua, lua_upvalueindex(3)) + 1;
  lua_pushinteger(lua, index);
  lua_replace(lua, lua_upvalueindex(3));
  if (lua_rawgeti(lua, lua_upvalueindex(2), index) == LUA_TNIL) return 1;
  lua_pushvalue(lua, -1);
  lua_rawget(lua, lua_upvalueindex(1));
  return 2;
}

// Lua's own order depends on a random seed; this one is numbers, then names, each ascending.
int pairs(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  std::size_t count = 0;
  for (lua_pushnil(lua); lua_next(lua, 1) != 0; lua_pop(lua, 1)) ++count;
  charge(lua, 4 * count);
  auto* keys = static_cast<Key*>(lua_newuserdatauv(lua, std::max<std::size_t>(count, 1) * sizeof(Key), 0));
  std::size_t at = 0;
  for (lua_pushnil(lua); lua_next(lua, 1) != 0; lua_pop(lua, 1)) {
    Key key{};
    if (lua_type(lua, -2) == LUA_TNUMBER) {
      key.number = true;
      key.whole = lua_isinteger(lua, -2) != 0;
      key.integer = lua_tointeger(lua, -2);
      key.value = lua_tonumber(lua, -2);
    } else if (lua_type(lua, -2) == LUA_TSTRING) {
      key.text = lua_tolstring(lua, -2, &key.size);
    } else {
      return luaL_error(lua, "pairs: a key is neither text nor number");
    }
    keys[at++] = key;
  }
  std::sort(keys, keys + count, before);
  lua_pushvalue(lua, 1);
  lua_createtable(lua, static_cast<int>(count), 0);
  for (std::size_t i = 0; i < count; ++i) {
    if (!keys[i].number) {
      push(lua, keys[i].name());
    } else if (keys[i].whole) {
      lua_pushinteger(lua, keys[i].integer);
    } else {
      lua_pushnumber(lua, keys[i].value);
    }
    lua_rawseti(lua, -2, static_cast<lua_Integer>(i) + 1);
  }
  lua_pushinteger(lua, 0);
  lua_pushcclosure(lua, next_key, 3);
  return 1;
}

int trimmed(lua_State* lua) { return push(lua, trim(text_argument(lua, 1))); }

int split(lua_State* lua) {
  const std::string_view text = text_argument(lua, 1);
  const std::string_view separator = text_argument(lua, 2);
  luaL_argcheck(lua, !separator.empty(), 2, "an empty separator");
  lua_newtable(lua);
  lua_Integer count = 0;
  for (std::size_t from = 0;;) {
    const std::size_t at = text.find(separator, from);
    charge(lua, 1);
    push(lua, text.substr(from, at == std::string_view::npos ? at : at - from));
    lua_rawseti(lua, -2, ++count);
    if (at == std::string_view::npos) return 1;
    from = at + separator.size();
  }
}

int join(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  std::size_t size = 0;
  const char* separator = luaL_optlstring(lua, 2, "", &size);
  const auto count = static_cast<lua_Integer>(lua_rawlen(lua, 1));
  luaL_Buffer out;
  luaL_buffinit(lua, &out);
  for (lua_Integer i = 1; i <= count; ++i) {
    charge(lua, 1 + size / bytes_per_instruction);
    if (i > 1) luaL_addlstring(&out, separator, size);
    lua_rawgeti(lua, 1, i);
    if (lua_isstring(lua, -1) == 0)
      return luaL_error(lua, "join: element %d is neither text nor number", static_cast<int>(i));
    luaL_addvalue(&out);
  }
  luaL_pushresult(&out);
  return 1;
}

int replace(lua_State* lua) {
  const std::string_view text = text_argument(lua, 1);
  const std::string_view from = text_argument(lua, 2);
  const std::string_view to = text_argument(lua, 3);
  luaL_argcheck(lua, !from.empty(), 2, "an empty text to replace");
  luaL_Buffer out;
  luaL_buffinit(lua, &out);
  std::size_t at = 0;
  for (std::size_t hit = text.find(from); hit != std::string_view::npos; hit = text.find(from, at)) {
    charge(lua, 1 + to.size() / bytes_per_instruction);
    luaL_addlstring(&out, text.data() + at, hit - at);
    luaL_addlstring(&out, to.data(), to.size());
    at = hit + from.size();
  }
  luaL_addlstring(&out, text.data() + at, text.size() - at);
  luaL_pushresult(&out);
  return 1;
}

int contains(lua_State* lua) {
  const std::string_view text = text_argument(lua, 1);
  lua_pushboolean(lua, text.find(text_argument(lua, 2)) != std::string_view::npos ? 1 : 0);
  return 1;
}

int starts_with(lua_State* lua) {
  const std::string_view text = text_argument(lua, 1);
  lua_pushboolean(lua, text.starts_with(text_argument(lua, 2)) ? 1 : 0);
  return 1;
}

int ends_with(lua_State* lua) {
  const std::string_view text = text_argument(lua, 1);
  lua_pushboolean(lua, text.ends_with(text_argument(lua, 2)) ? 1 : 0);
  return 1;
}

int change_case(lua_State* lua, char32_t (*change)(char32_t)) {
  const std::string_view text = text_argument(lua, 1);
  charge(lua, text.size() / 4);
  luaL_Buffer out;
  luaL_buffinit(lua, &out);
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_code(text, at);
    if (point.code == broken_code) {
      luaL_addchar(&out, text[at]);
    } else {
      char bytes[4];
      luaL_addlstring(&out, bytes, encode_code(change(point.code), bytes));
    }
    at += point.bytes;
  }
  luaL_pushresult(&out);
  return 1;
}

int lower_case(lua_State* lua) { return change_case(lua, lower_code); }
int upper_case(lua_State* lua) { return change_case(lua, upper_code); }

// Lua's own spins for an empty text, however often it is repeated.
int repeat(lua_State* lua) {
  const std::string_view text = text_argument(lua, 1);
  const lua_Integer count = luaL_checkinteger(lua, 2);
  if (count <= 0 || text.empty()) return push(lua, "");
  charge(lua, static_cast<std::size_t>(count) / bytes_per_instruction);
  luaL_Buffer out;
  luaL_buffinit(lua, &out);
  for (lua_Integer i = 0; i < count; ++i) luaL_addlstring(&out, text.data(), text.size());
  luaL_pushresult(&out);
  return 1;
}

// Lua's format without what shows addresses (%p, and %s of a table).
int format(lua_State* lua) {
  const std::string_view pattern = text_argument(lua, 1);
  for (std::size_t at = pattern.find('%'); at != std::string_view::npos; at = pattern.find('%', at + 1)) {
    at = pattern.find_first_not_of("-+ #0123456789.", at + 1);
    if (at == std::string_view::npos || std::strchr("cdiuoxXeEfgGs%", pattern[at]) == nullptr) {
      return luaL_error(lua, "format: only %%c %%d %%i %%u %%o %%x %%e %%f %%g %%s %%%% are offered");
    }
  }
  const int count = lua_gettop(lua);
  for (int i = 2; i <= count; ++i) {
    const int type = lua_type(lua, i);
    luaL_argcheck(lua, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TBOOLEAN, i,
                  "neither text, number nor boolean");
    if (type == LUA_TSTRING) text_argument(lua, i);
  }
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, count, 1);
  return 1;
}

int reverse(lua_State* lua) {
  const std::string_view text = text_argument(lua, 1);
  luaL_Buffer out;
  luaL_buffinit(lua, &out);
  for (std::size_t end = text.size(); end > 0;) {
    std::size_t at = end - 1;
    while (at > 0 && end - at < 4 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
    luaL_addlstring(&out, text.data() + at, end - at);
    end = at;
  }
  luaL_pushresult(&out);
  return 1;
}

int refuse_change(lua_State* lua) { return luaL_error(lua, "the built-in functions can not be changed"); }

// Replaces the table at the top by an empty one that shows it and refuses changes: what one expression does, the
// next must not see.
void seal(lua_State* lua) {
  lua_createtable(lua, 0, 0);
  lua_createtable(lua, 0, 2);
  lua_pushvalue(lua, -3);
  lua_setfield(lua, -2, "__index");
  lua_pushcfunction(lua, refuse_change);
  lua_setfield(lua, -2, "__newindex");
  lua_setmetatable(lua, -2);
  lua_remove(lua, -2);
}

constexpr luaL_Reg text_functions[] = {
    {"trim", trimmed},        {"split", split},       {"join", join},
    {"replace", replace},     {"contains", contains}, {"starts_with", starts_with},
    {"ends_with", ends_with}, {"lower", lower_case},  {"upper", upper_case},
    {"rep", repeat},          {"reverse", reverse},   {nullptr, nullptr},
};

constexpr luaL_Reg basic_functions[] = {
    {"type", type_of},  {"tostring", to_string}, {"tonumber", to_number}, {"select", select},
    {"ipairs", ipairs}, {"pairs", pairs},        {nullptr, nullptr},
};

// Copies functions of a standard library into the table at the top. The library itself stays unreachable.
template <std::size_t n>
void copy_functions(lua_State* lua, lua_CFunction open, const char* const (&names)[n]) {
  lua_pushcfunction(lua, open);
  lua_call(lua, 0, 1);
  for (const char* name : names) {
    lua_getfield(lua, -1, name);
    lua_setfield(lua, -3, name);
  }
  lua_pop(lua, 1);
}

void push_string_library(lua_State* lua) {
  lua_createtable(lua, 0, 20);
  luaL_setfuncs(lua, text_functions, 0);
  copy_functions(lua, luaopen_string, {"len", "sub", "byte", "char"});
  lua_pushcfunction(lua, luaopen_string);
  lua_call(lua, 0, 1);
  lua_getfield(lua, -1, "format");
  lua_pushcclosure(lua, format, 1);
  lua_setfield(lua, -3, "format");
  lua_pop(lua, 1);
  seal(lua);
  // ("text"):upper() finds these functions; luaopen_string's own metatable, with find and gsub, is replaced.
  lua_pushliteral(lua, "");
  lua_createtable(lua, 0, 1);
  lua_pushvalue(lua, -3);
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, -2);
  lua_pop(lua, 1);
}

void set_mark(lua_State* lua, const char* name) {
  lua_createtable(lua, 0, 0);
  lua_setfield(lua, LUA_REGISTRYINDEX, name);
}

}  // namespace

void set_budget(lua_State* lua, Budget* budget) { std::memcpy(lua_getextraspace(lua), &budget, sizeof budget); }

void charge(lua_State* lua, std::size_t instructions) {
  Budget* budget = nullptr;
  std::memcpy(&budget, lua_getextraspace(lua), sizeof budget);
  if (budget->instructions_left < instructions) {
    budget->used_up = true;
    luaL_error(lua, "too many instructions");
  }
  budget->instructions_left -= instructions;
}

void open_library(lua_State* lua) {
  set_mark(lua, list_mark);
  set_mark(lua, object_mark);
  lua_createtable(lua, 0, 32);
  luaL_setfuncs(lua, basic_functions, 0);
  luaL_setfuncs(lua, text_functions, 0);
  push_string_library(lua);
  lua_setfield(lua, -2, "string");
  lua_createtable(lua, 0, 16);
  copy_functions(lua, luaopen_math,
                 {"abs", "ceil", "floor", "max", "min", "fmod", "modf", "sqrt", "tointeger", "type", "ult", "huge",
                  "maxinteger", "mininteger", "pi"});
  seal(lua);
  lua_setfield(lua, -2, "math");
  lua_pushlightuserdata(lua, nullptr);
  lua_setfield(lua, -2, "null");
  lua_setfield(lua, LUA_REGISTRYINDEX, library_key);
}

}  // namespace lockstep::sync
