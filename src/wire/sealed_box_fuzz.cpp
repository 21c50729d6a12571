// Boxes and keys from arbitrary bytes: nothing opens that the key has not sealed, in that place.
#include "wire/sealed_box.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep::wire;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)SealingKey::parse(input);
  static const auto key = SealingKey::parse("8b61d1d6cacbe28d7c3bc0516bb815258ec6edbba96cddc7f40c09ac708388e8");
  if (!key || key->open(input, "place")) std::abort();
  const std::string_view content = input.substr(0, size / 2);
  const std::string_view place = input.substr(size / 2);
  std::string box = key->seal(content, place);
  if (key->open(box, place) != content) std::abort();
  if (size == 0) return 0;
  box[data[0] % box.size()] ^= 1;
  if (key->open(box, place)) std::abort();
  return 0;
}
