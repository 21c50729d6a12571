// Tokens from outside: whatever the bytes, an answer; and only what was signed with the secret is accepted.
#include <cstdint>
#include <cstdlib>

#include "wire/jwt.hpp"
#include "wire/signature.hpp"

using namespace lockstep;
using namespace lockstep::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string kSecret = "the secret of the fuzzer";
  static const auto with_secret =
      JwtVerifier::make({.secret = kSecret, .public_key = "", .issuer = "", .audience = ""});
  // The P-256 key of RFC 7517, appendix A.1.
  static const auto with_key =
      JwtVerifier::make({.secret = "",
                         .public_key = "-----BEGIN PUBLIC KEY-----\n"
                                       "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMKBCTNIcKUSDii11ySs3526iDZ8A\n"
                                       "iTo7Tu6KPAqv7D7gS2XpJFbZiItSs3m9+9Ue6GnvHw/GW2ZZaVtszggXIw==\n"
                                       "-----END PUBLIC KEY-----\n",
                         .issuer = "",
                         .audience = ""});
  if (!with_secret || !with_key) std::abort();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Time now{std::chrono::seconds(1'800'000'000)};
  if (with_key->verify(text, now)) std::abort();  // nobody has that private key here
  if (with_secret->verify(text, now)) {
    // Accepted: then the signature part is the HMAC of the rest.
    const std::size_t dot = text.rfind('.');
    std::string mac = base64_encode(hmac_sha256(kSecret, text.substr(0, dot)));
    while (!mac.empty() && mac.back() == '=') mac.pop_back();
    if (mac.size() != text.size() - dot - 1) std::abort();
  }
  return 0;
}
