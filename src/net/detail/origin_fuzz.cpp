// Origins come from configurations and from API callers: whatever is accepted names one host and port, and
// survives being written and read again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/address_policy.hpp"
#include "net/detail/origin.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep::net;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto origin = detail::parse_origin(text);
  if (!origin) return 0;
  if (origin->host.empty() || origin->port == 0) std::abort();
  const std::string scheme = origin->scheme == detail::Scheme::https ? "https://" : "http://";
  const auto again = detail::parse_origin(scheme + origin->host_header());
  if (!again || *again != *origin) std::abort();
  is_public_address(origin->host);
  return 0;
}
