// Keys, signatures and encodings from arbitrary bytes: no crash, and base64 has one spelling per value.
#include "wire/signature.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep::wire;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto cut = input.find('\n');
  const std::string_view first = input.substr(0, cut);
  const std::string_view rest = cut == std::string_view::npos ? std::string_view() : input.substr(cut + 1);

  if (const auto bytes = base64_decode(input)) {
    if (base64_decode(base64_encode(*bytes)) != bytes) std::abort();
  }
  if (const auto bytes = base64url_decode(input)) {
    if (base64url_decode(base64url_encode(*bytes)) != bytes) std::abort();
  }
  if (const auto bytes = hex_decode(input)) {
    if (hex_decode(hex_encode(*bytes)) != bytes) std::abort();
  }
  if (const auto key = VerifyKey::ed25519(first)) (void)key->verify_base64("message", rest);
  if (const auto key = VerifyKey::rsa_sha256(input)) (void)key->verify_base64("message", rest);

  static const auto key = VerifyKey::ed25519("8b61d1d6cacbe28d7c3bc0516bb815258ec6edbba96cddc7f40c09ac708388e8");
  // Nobody but the owner of the secret key can make this true.
  if (!key || key->verify_base64(rest, first)) std::abort();
  return 0;
}
