// Redaction of arbitrary bytes: no crash, bounded output, no address in it.
#include "connector/limits.hpp"
#include "connector/redact.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  using namespace lockstep::connector;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string out = redact(text);
  if (out.size() > limits::kRedactedTextBytes + 4) std::abort();
  (void)redact(text, {{"value", "abc"}, {"tags", {"xyz"}}});
  if (redact_target("/p?" + text).find("@example.org") != std::string::npos) std::abort();
  if (redact(text + " a@example.org").find("a@example.org") != std::string::npos) std::abort();
  if (redact_own(text + " a@example.org").find("a@example.org") != std::string::npos) std::abort();
  return 0;
}
