#include <cstddef>
#include <cstdint>
#include <string_view>

#include "connectors/postgres/layout.hpp"
#include "connectors/postgres/values.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep::postgres;
  if (size == 0) return 0;
  const auto kind = static_cast<ValueKind>(data[0] % 7);
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  (void)to_json(kind, Shape::array, text);
  (void)to_json(kind, Shape::scalar, text);
  (void)key_of(text, 2);
  return 0;
}
