// Fault plans from arbitrary bytes: what is accepted is written and read again as the same.
#include "simulation/plan.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using lockstep::simulation::Plan;
  const auto plan = Plan::parse({reinterpret_cast<const char*>(data), size});
  if (!plan) return 0;
  const auto again = Plan::parse(plan->text());
  if (!again || again->text() != plan->text()) std::abort();
  return 0;
}
