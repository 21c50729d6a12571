// Request targets: taken apart without reading past the end, and encoding what came out gives it back.
#include <cstdint>
#include <cstdlib>

#include "wire/http.hpp"

using namespace lockstep::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Target target = parse_target(text);
  if (target.path.size() > text.size() || target.query.size() > text.size()) std::abort();
  if (percent_decode(percent_encode(text)) != text) std::abort();
  for (const auto& [name, value] : target.query) {
    const Target again = parse_target("/?" + percent_encode(name) + "=" + percent_encode(value));
    // A parameter without name and value is no parameter.
    if (again.query.size() != 1 || again.query.front().first != name || again.query.front().second != value)
      std::abort();
  }
  return 0;
}
