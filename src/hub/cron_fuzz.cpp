// Cron expressions from arbitrary bytes: what is taken is due, later and later.
#include "hub/cron.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  const auto cron = hub::Cron::parse({reinterpret_cast<const char*>(data), size});
  if (!cron) return 0;
  Time now(std::chrono::seconds(1'700'000'000));
  for (int i = 0; i < 3; ++i) {
    const auto next = cron->next(now);
    if (!next || *next <= now) std::abort();
    now = *next;
  }
  return 0;
}
