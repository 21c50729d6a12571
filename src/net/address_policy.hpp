// Which addresses the client may dial: the guard against server-side request forgery. It is asked
// with the resolved address at dial time, so a name that resolves inwards (also later: DNS rebinding)
// gets nowhere.
#pragma once

#include <string_view>

namespace lockstep::net {

enum class AddressReach {
  public_only,  // no private, loopback, link-local, shared, multicast, reserved or cloud-metadata address
  as_named,     // these too when the origin itself is written so: an address in figures, or localhost
  any,
};

// `host` as written in the origin, in small letters and without brackets; `address` what it resolves to.
bool permits(AddressReach reach, std::string_view host, std::string_view address);

// Whether the textual IPv4 or IPv6 address is globally reachable by the IANA special-purpose registries
// (RFC 6890 and its updates); IPv4 embedded in IPv6 (mapped, NAT64, 6to4, Teredo) counts by the IPv4 address or
// not at all. Text that is no address is not public.
bool is_public_address(std::string_view address);

// What one customer of a provider has at least, for limits by address: the IPv4 address, or the first 64 bits of an
// IPv6 address. Text that is no address stays as it is.
std::string network_of(const std::string& address);

}  // namespace lockstep::net
