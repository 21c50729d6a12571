#include "wire/random_token.hpp"

#include <sodium.h>

#include <array>

#include "base/assert.hpp"
#include "wire/signature.hpp"

namespace lockstep::wire {

std::string random_token() {
  LOCKSTEP_ASSERT(sodium_init() >= 0, "libsodium starts");
  std::array<char, 16> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return hex_encode({bytes.data(), bytes.size()});
}

}  // namespace lockstep::wire
