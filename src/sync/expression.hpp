// Mapping expressions: Lua 5.4 without its libraries' side doors, bounded in memory and in instructions, so the same
// input gives the same output on every machine (docs/decisions/0004).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"

namespace lockstep::sync {

struct ExpressionLimits {
  std::size_t memory_bytes_limit = 4 << 20;
  std::size_t instructions_limit = 100'000;
  std::size_t source_bytes_limit = 4096;
};

// One interpreter; not thread-safe. Expressions are compiled once and kept by their text.
class Expressions {
 public:
  explicit Expressions(ExpressionLimits limits = {});
  ~Expressions();
  Expressions(const Expressions&) = delete;
  Expressions& operator=(const Expressions&) = delete;

  // Compiles only; the error names the line.
  Result<void> check(const std::string& source);

  // Evaluates `source` (an expression, or statements ending in `return …`) with the members of `names` as globals.
  // `invalid` when it fails, `exhausted` when it hits a limit.
  Result<Json> evaluate(const std::string& source, const JsonObject& names);

  // The same, telling nil ("nothing to say") from `null`: nil gives no value, where evaluate() gives null.
  Result<std::optional<Json>> evaluate_optional(const std::string& source, const JsonObject& names);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lockstep::sync
