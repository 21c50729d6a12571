// Any bytes as lockstep.yaml: no crash, no unbounded work, and each problem has a text.
#include "app/config/fake_factories.hpp"
#include "app/config/load.hpp"
#include "app/config/units.hpp"
#include "base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lockstep::app;
  static const auto factories = fake_factories();
  FixedEnvironment environment;
  environment.variables = {{"A", "0123456789abcdef"}};
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)parse_duration(text);
  (void)parse_size(text);
  const auto result = read_config(text, "f", factories, environment);
  if (!result) {
    LOCKSTEP_ASSERT(!result.error().empty(), "a configuration that is refused says why");
    for (const auto& problem : result.error()) LOCKSTEP_ASSERT(!problem.message.empty(), "a problem says what it is");
  }
  return 0;
}
