// JSON from arbitrary bytes: within the limits, and what was read is written and read again as the same.
#include "base/json.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = parse_json(text, {64 << 10, 16});
  if (!value) return 0;
  if (size > (64 << 10)) std::abort();
  const auto again = parse_json(to_text(*value), {1 << 20, 16});
  if (!again || *again != *value) std::abort();
  (void)find_member(*value, "a");
  (void)string_member(*value, "a");
  return 0;
}
