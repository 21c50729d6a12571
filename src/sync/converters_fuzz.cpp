// What systems hold, and options of the configuration, through every converter: {"held": …, "options": …}.
#include "sync/converters.hpp"

#include <cstdint>
#include <cstdlib>

#include "sync/normalize.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  using namespace lockstep::sync;
  const auto input = parse_json({reinterpret_cast<const char*>(data), size});
  if (!input) return 0;
  const Json* held = find_member(*input, "held");
  const Json* options = find_member(*input, "options");
  const Json nothing;
  for (const Converter& converter : converter_table()) {
    for (unsigned type = 0; type < 12; ++type) {
      if ((converter.types & (1U << type)) == 0) continue;
      FieldSchema field;
      field.name = "field";
      field.type = static_cast<FieldType>(type);
      const Json& chosen = options == nullptr ? nothing : *options;
      if (converter.check != nullptr && converter.check(field, chosen)) continue;
      const Json value = convert_in(converter, held == nullptr ? nothing : *held, chosen);
      const auto out = convert_out(converter, value, chosen);
      // What has been said can be read.
      if (out) (void)convert_in(converter, *out, chosen);
    }
  }
  return 0;
}
