#include "sync/expression_values.hpp"

#include <lua.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "sync/expression_library.hpp"
#include "sync/normalize_number.hpp"
#include "sync/normalize_text.hpp"

namespace lockstep::sync {
namespace {

constexpr int depth_limit = 32;  // as base/json's parser

std::string_view view(boost::json::string_view text) { return {text.data(), text.size()}; }

void push_text(lua_State* lua, std::string_view text) { lua_pushlstring(lua, text.data(), text.size()); }

void mark(lua_State* lua, const char* kind) {
  lua_getfield(lua, LUA_REGISTRYINDEX, kind);
  lua_setmetatable(lua, -2);
}

class Reader {
 public:
  Reader(lua_State* lua, ReadLimits limits) : lua_(lua), limits_(limits) {}

  Result<Json> read(int depth) {
    if (limits_.values_limit == 0) return fail(ErrorKind::exhausted, "the expression's result has too many values");
    --limits_.values_limit;
    switch (lua_type(lua_, -1)) {
      case LUA_TNIL: return Json(nullptr);
      case LUA_TBOOLEAN: return Json(lua_toboolean(lua_, -1) != 0);
      case LUA_TNUMBER: return read_number();
      case LUA_TSTRING: return read_text();
      case LUA_TLIGHTUSERDATA: return Json(nullptr);  // the only one that exists is `null`
      case LUA_TTABLE: break;
      default: return fail(ErrorKind::invalid, "the expression's result contains a function");
    }
    if (depth == 0 || lua_checkstack(lua_, 8) == 0) {
      return fail(ErrorKind::exhausted, "the expression's result is nested too deeply");
    }
    return read_table(depth - 1);
  }

 private:
  Result<Json> read_number() {
    if (lua_isinteger(lua_, -1) != 0) return Json(static_cast<std::int64_t>(lua_tointeger(lua_, -1)));
    const double number = lua_tonumber(lua_, -1);
    if (!std::isfinite(number)) return fail(ErrorKind::invalid, "the expression's result is not a finite number");
    return Json(number);
  }

  Result<void> spend(std::size_t bytes) {
    if (bytes > limits_.bytes_limit) return fail(ErrorKind::exhausted, "the expression's result is too large");
    limits_.bytes_limit -= bytes;
    return {};
  }

  Result<Json> read_text() {
    std::size_t size = 0;
    const char* bytes = lua_tolstring(lua_, -1, &size);  // of a string: converts and allocates nothing
    if (auto spent = spend(size); !spent) return fail(spent.error());
    if (!is_utf8({bytes, size}))
      return fail(ErrorKind::invalid, "the expression's result is not valid UTF-8 (cut inside a letter?)");
    return Json(boost::json::string_view(bytes, size));
  }

  bool is_marked(const char* kind) {
    if (lua_getmetatable(lua_, -1) == 0) return false;
    lua_getfield(lua_, LUA_REGISTRYINDEX,
                 kind);  // the key is interned and the registry has no metatable: raises nothing
    const bool same = lua_rawequal(lua_, -1, -2) != 0;
    lua_pop(lua_, 2);
    return same;
  }

  Result<Json> read_table(int depth) {
    std::vector<std::string> names;
    std::size_t positions = 0;
    const std::size_t length = lua_rawlen(lua_, -1);
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) {
      if (lua_type(lua_, -2) == LUA_TSTRING) {
        std::size_t size = 0;
        const char* name = lua_tolstring(lua_, -2, &size);
        auto spent = spend(size);
        if (!spent || names.size() >= limits_.values_limit) {
          lua_pop(lua_, 2);
          return fail(ErrorKind::exhausted, "the expression's result is too large");
        }
        names.emplace_back(name, size);
      } else {
        ++positions;
      }
    }
    if (positions != 0 && !names.empty()) return fail(ErrorKind::invalid, "a table with both a list and named members");
    if (names.empty() && (positions != 0 || !is_marked(object_mark))) return read_list(length, positions, depth);
    return read_object(std::move(names), depth);
  }

  Result<Json> read_list(std::size_t length, std::size_t positions, int depth) {
    if (length != positions) return fail(ErrorKind::invalid, "a list with gaps: use null for a missing element");
    JsonArray out;
    for (std::size_t i = 1; i <= length; ++i) {
      lua_rawgeti(lua_, -1, static_cast<lua_Integer>(i));
      auto item = read(depth);
      lua_pop(lua_, 1);
      if (!item) return item;
      out.push_back(*std::move(item));
    }
    return Json(std::move(out));
  }

  Result<Json> read_object(std::vector<std::string> names, int depth) {
    std::ranges::sort(names);
    JsonObject out;
    for (const std::string& name : names) {
      if (!is_utf8(name)) return fail(ErrorKind::invalid, "a member's name is not valid UTF-8");
      out.emplace(name, nullptr);
    }
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) {
      std::size_t size = 0;
      const char* name = lua_tolstring(lua_, -2, &size);
      auto value = read(depth);
      if (!value) {
        lua_pop(lua_, 2);
        return value;
      }
      out[std::string_view(name, size)] = *std::move(value);
    }
    return Json(std::move(out));
  }

  lua_State* lua_;
  ReadLimits limits_;
};

void push_deeper(lua_State* lua, const Json& value, int depth) {
  luaL_checkstack(lua, 4, "the document is nested too deeply");
  if (depth == 0) luaL_error(lua, "the document is nested too deeply");
  switch (value.kind()) {
    case boost::json::kind::null: lua_pushlightuserdata(lua, nullptr); return;
    case boost::json::kind::bool_: lua_pushboolean(lua, value.get_bool() ? 1 : 0); return;
    case boost::json::kind::int64: lua_pushinteger(lua, value.get_int64()); return;
    case boost::json::kind::uint64: {
      const std::uint64_t number = value.get_uint64();
      if (number <= static_cast<std::uint64_t>(INT64_MAX)) {
        lua_pushinteger(lua, static_cast<lua_Integer>(number));
      } else {
        lua_pushnumber(lua, static_cast<double>(number));
      }
      return;
    }
    case boost::json::kind::double_: lua_pushnumber(lua, value.get_double()); return;
    case boost::json::kind::string: push_text(lua, view(value.get_string())); return;
    case boost::json::kind::array: {
      const JsonArray& items = value.get_array();
      lua_createtable(lua, static_cast<int>(std::min<std::size_t>(items.size(), 1024)), 0);
      lua_Integer index = 0;
      for (const Json& item : items) {
        push_deeper(lua, item, depth - 1);
        lua_rawseti(lua, -2, ++index);
      }
      mark(lua, list_mark);
      return;
    }
    case boost::json::kind::object: {
      const JsonObject& members = value.get_object();
      lua_createtable(lua, 0, static_cast<int>(std::min<std::size_t>(members.size(), 1024)));
      for (const auto& member : members) {
        push_text(lua, view(member.key()));
        push_deeper(lua, member.value(), depth - 1);
        lua_rawset(lua, -3);
      }
      mark(lua, object_mark);
      return;
    }
  }
}

}  // namespace

void push_json(lua_State* lua, const Json& value) { push_deeper(lua, value, depth_limit + 2); }

Result<std::optional<Json>> read_value(lua_State* lua, ReadLimits limits) {
  if (lua_isnil(lua, -1)) return std::optional<Json>();
  auto value = Reader(lua, limits).read(depth_limit);
  if (!value) return fail(value.error());
  return std::optional<Json>(*std::move(value));
}

}  // namespace lockstep::sync
