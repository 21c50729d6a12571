// An expression's source; whatever it says, it ends with a value or an error, and the same twice.
#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"
#include "sync/expression.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace lockstep;
  const std::string source(reinterpret_cast<const char*>(bytes), size);
  const JsonObject names{{"doc", JsonObject{{"a", "text"}, {"n", 5}, {"l", JsonArray{1, nullptr, "x"}}}},
                         {"value", "v"}};
  sync::Expressions expressions({.memory_bytes_limit = 256 << 10, .instructions_limit = 20'000});
  const auto first = expressions.evaluate(source, names);
  const auto second = expressions.evaluate(source, names);
  LOCKSTEP_ASSERT(first == second, "an expression gives the same result every time");
  return 0;
}
