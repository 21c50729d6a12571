// Which addresses the client may dial: the guard against server-side request forgery. It is asked
// with the resolved address at dial time, so a name that resolves inwards (also later: DNS rebinding)
// gets nowhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::net {

enum class AddressReach {
  public_only,  // no private, loopback, link-local, shared, multicast, reserved or cloud-metadata address
  any,
};

struct AllowedHost {
  std::string host;  // as written in the origin
  std::uint16_t port = 0;
};

struct AddressPolicy {
  AddressReach reach = AddressReach::public_only;
  // Hosts that may be dialled wherever they resolve to: what the operator named in the configuration.
  std::vector<AllowedHost> allowed = {};

  bool permits(std::string_view host, std::uint16_t port, std::string_view address) const;
};

// Whether the textual IPv4 or IPv6 address is globally reachable by the IANA special-purpose registries
// (RFC 6890 and its updates); IPv4 embedded in IPv6 (mapped, NAT64, 6to4, Teredo) counts by the IPv4 address or
// not at all. Text that is no address is not public.
bool is_public_address(std::string_view address);

}  // namespace lockstep::net
