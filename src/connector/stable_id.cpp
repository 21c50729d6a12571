#include "connector/stable_id.hpp"

#include <openssl/sha.h>

#include <array>

namespace lockstep::connector {

std::string stable_uuid(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  digest[6] = static_cast<unsigned char>((digest[6] & 0x0FU) | 0x80U);  // version 8
  digest[8] = static_cast<unsigned char>((digest[8] & 0x3FU) | 0x80U);  // variant of RFC 9562
  constexpr std::string_view hex = "0123456789abcdef";
  std::string uuid;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) uuid += '-';
    uuid += hex[digest[i] >> 4U];
    uuid += hex[digest[i] & 0x0FU];
  }
  return uuid;
}

}  // namespace lockstep::connector
