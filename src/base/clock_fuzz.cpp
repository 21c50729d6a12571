// Times from arbitrary bytes: what is read is written and read again as the same.
#include "base/clock.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  const auto time = parse_iso8601({reinterpret_cast<const char*>(data), size});
  if (!time) return 0;
  const auto again = parse_iso8601(to_iso8601(*time));
  // Written to the millisecond.
  if (!again || to_epoch_ms(*again) != to_epoch_ms(*time)) std::abort();
  return 0;
}
