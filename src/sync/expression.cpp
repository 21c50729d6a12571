#include "sync/expression.hpp"

#include <lua.hpp>

#include <cstdlib>
#include <string_view>
#include <unordered_map>

#include "base/assert.hpp"
#include "sync/expression_library.hpp"
#include "sync/expression_values.hpp"

namespace lockstep::sync {
namespace {

constexpr std::size_t chunks_limit = 1024;   // compiled expressions kept; the configuration has fewer
constexpr std::size_t turnover_factor = 32;  // bytes allocated in one evaluation, freed ones too, per byte of the limit
constexpr std::size_t block_share = 8;       // one text or table takes at most this part of the limit
constexpr std::size_t result_values_limit = 50'000;
constexpr int hook_instructions = 500;

// Lua's allocator with three limits: bytes in use beyond `baseline`, bytes of one block, and all bytes allocated. The
// last two bound what instructions that copy or compare long texts can cost. When it refuses, Lua collects its garbage
// and asks once more, so that what earlier evaluations left behind does not count.
struct Memory {
  std::size_t used = 0;
  std::size_t baseline = 0;
  std::size_t allocated = 0;
  std::size_t limit = SIZE_MAX;  // none while the interpreter itself is built

  bool refuses(std::size_t now, std::size_t next) const {
    if (limit == SIZE_MAX || next <= now) return false;
    return used - now + next > baseline + limit || next > limit / block_share ||
           allocated + next > limit * turnover_factor;
  }
};

void* allocate(void* context, void* block, std::size_t now, std::size_t next) {
  Memory& memory = *static_cast<Memory*>(context);
  if (block == nullptr) now = 0;  // Lua passes the kind of the new object instead
  if (next == 0) {
    std::free(block);
    memory.used -= now;
    return nullptr;
  }
  if (memory.refuses(now, next)) return nullptr;
  void* moved = std::realloc(block, next);
  if (moved == nullptr) return nullptr;
  memory.used = memory.used - now + next;
  if (next > now) memory.allocated += next;
  return moved;
}

void count_instructions(lua_State* lua, lua_Debug*) { charge(lua, hook_instructions); }

int open_protected(lua_State* lua) {
  open_library(lua);
  return 0;
}

// The arguments of run_protected; all trivially destructible, because Lua errors jump over it.
struct Run {
  int chunk;
  const JsonObject* names;
};

int run_protected(lua_State* lua) {
  const Run run = *static_cast<const Run*>(lua_touserdata(lua, 1));
  lua_settop(lua, 0);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, run.chunk);
  // A new set of globals for each evaluation: nothing is carried over from one to the next.
  lua_createtable(lua, 0, static_cast<int>(run.names->size()));
  lua_createtable(lua, 0, 1);
  lua_getfield(lua, LUA_REGISTRYINDEX, library_key);
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, -2);
  for (const auto& name : *run.names) {
    lua_pushlstring(lua, name.key().data(), name.key().size());
    push_json(lua, name.value());
    lua_rawset(lua, -3);
  }
  if (lua_setupvalue(lua, 1, 1) == nullptr) lua_pop(lua, 1);
  lua_call(lua, 0, 1);
  return 1;
}

struct Loading {
  std::string_view prefix, source;
};

const char* read_source(lua_State*, void* context, std::size_t* size) {
  Loading& loading = *static_cast<Loading*>(context);
  std::string_view& next = loading.prefix.empty() ? loading.source : loading.prefix;
  *size = next.size();
  const char* text = next.empty() ? nullptr : next.data();
  next = {};
  return text;
}

std::string top_message(lua_State* lua) {
  std::size_t size = 0;
  const char* text = lua_type(lua, -1) == LUA_TSTRING ? lua_tolstring(lua, -1, &size) : nullptr;
  return text == nullptr ? std::string("the expression failed") : std::string(text, size);
}

}  // namespace

struct Expressions::State {
  explicit State(ExpressionLimits given) : limits(given) {
    lua = lua_newstate(allocate, &memory);
    LOCKSTEP_ASSERT(lua != nullptr, "the process has memory for an empty interpreter");
    budget.instructions_left = SIZE_MAX;
    set_budget(lua, &budget);
    lua_pushcfunction(lua, open_protected);
    LOCKSTEP_ASSERT(lua_pcall(lua, 0, 0, 0) == LUA_OK, "the library opens without limits");
    settle();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    memory.limit = SIZE_MAX;
    lua_close(lua);
  }

  // What is in use now is not the next evaluation's.
  void settle() {
    lua_settop(lua, 0);
    memory.limit = SIZE_MAX;
    lua_gc(lua, LUA_GCCOLLECT);
    memory.baseline = memory.used;
  }

  void begin() {
    memory.limit = limits.memory_bytes_limit;
    memory.allocated = 0;
    budget = {limits.instructions_limit, false};
  }

  Error error_at_top(int status) {
    if (status == LUA_ERRMEM) {
      return {ErrorKind::exhausted, "the expression needs more memory than its limit allows", {}};
    }
    if (budget.used_up) return {ErrorKind::exhausted, "the expression does not end within its instruction limit", {}};
    std::string message = top_message(lua);
    const bool deep = message.find("stack overflow") != std::string::npos;
    return {deep ? ErrorKind::exhausted : ErrorKind::invalid, std::move(message), {}};
  }

  // Compiles `prefix` and `source` and leaves the function or the message on the stack.
  int load(std::string_view prefix, std::string_view source) {
    Loading loading{prefix, source};
    return lua_load(lua, read_source, &loading, "=expression", "t");  // "t": never precompiled bytes
  }

  // The registry's reference to the compiled expression.
  Result<int> compile(const std::string& source) {
    if (const auto at = chunks.find(source); at != chunks.end()) return at->second;
    if (source.size() > limits.source_bytes_limit) {
      return fail(ErrorKind::exhausted, "an expression of " + std::to_string(source.size()) + " bytes; the limit is " +
                                            std::to_string(limits.source_bytes_limit));
    }
    if (chunks.size() >= chunks_limit) {
      for (const auto& [text, chunk] : chunks) luaL_unref(lua, LUA_REGISTRYINDEX, chunk);
      chunks.clear();
    }
    begin();
    int status = load("return ", source);
    if (status != LUA_OK) {
      const Error as_expression = error_at_top(status);
      lua_settop(lua, 0);
      status = load("", source);
      if (status != LUA_OK) {
        const bool statements = source.find("return") != std::string::npos;
        Error error = statements ? error_at_top(status) : as_expression;
        settle();
        return fail(std::move(error));
      }
    }
    memory.limit = SIZE_MAX;
    const int chunk = luaL_ref(lua, LUA_REGISTRYINDEX);
    chunks.emplace(source, chunk);
    settle();
    return chunk;
  }

  Result<std::optional<Json>> run(int chunk, const JsonObject& names) {
    begin();
    Run run{chunk, &names};
    lua_settop(lua, 0);
    lua_pushcfunction(lua, run_protected);
    lua_pushlightuserdata(lua, &run);
    lua_sethook(lua, count_instructions, LUA_MASKCOUNT, hook_instructions);
    const int status = lua_pcall(lua, 1, 1, 0);
    lua_sethook(lua, nullptr, 0, 0);
    if (status != LUA_OK) {
      Error error = error_at_top(status);
      settle();
      return fail(std::move(error));
    }
    auto value = read_value(lua, {limits.memory_bytes_limit, result_values_limit});
    lua_settop(lua, 0);
    return value;
  }

  ExpressionLimits limits;
  Memory memory;
  Budget budget;
  lua_State* lua = nullptr;
  std::unordered_map<std::string, int> chunks;
};

Expressions::Expressions(ExpressionLimits limits) : state_(std::make_unique<State>(limits)) {}

Expressions::~Expressions() = default;

Result<void> Expressions::check(const std::string& source) {
  const auto chunk = state_->compile(source);
  if (!chunk) return fail(chunk.error());
  return {};
}

Result<Json> Expressions::evaluate(const std::string& source, const JsonObject& names) {
  auto value = evaluate_optional(source, names);
  if (!value) return fail(value.error());
  if (!*value) return Json(nullptr);
  return **std::move(value);
}

Result<std::optional<Json>> Expressions::evaluate_optional(const std::string& source, const JsonObject& names) {
  const auto chunk = state_->compile(source);
  if (!chunk) return fail(chunk.error());
  return state_->run(*chunk, names);
}

}  // namespace lockstep::sync
