// Key sets from outside: whatever the bytes, an answer within the limits; and no key of them verifies what nobody has
// signed.
#include "wire/jwk_set.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep::wire;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto set = parse_jwk_set(text);
  if (!set) return 0;
  if (set->size() == 0 || set->size() > kJwkSetKeysLimit) std::abort();
  for (const char* id : {"", "1", "a"}) {
    const JwtKey* key = set->find(id);
    if (key == nullptr) continue;
    if (key->algorithm() != "RS256" && key->algorithm() != "ES256") std::abort();
    if (key->verify("message", text) || key->verify("message", "")) std::abort();
  }
  return 0;
}
