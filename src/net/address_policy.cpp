#include "net/address_policy.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace lockstep::net {
namespace {

using Bytes4 = std::array<std::uint8_t, 4>;
using Bytes16 = std::array<std::uint8_t, 16>;

template <class Bytes>
struct Block {
  Bytes prefix;
  unsigned bits;
};

template <class Bytes>
bool within(const Bytes& address, const Block<Bytes>& block) {
  for (unsigned bit = 0; bit < block.bits; bit += 8) {
    const unsigned left = std::min(8U, block.bits - bit);
    const unsigned mask = (0xff00U >> left) & 0xffU;
    if (((address[bit / 8] ^ block.prefix[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

// https://www.iana.org/assignments/iana-ipv4-special-registry, and multicast.
constexpr std::array<Block<Bytes4>, 17> kNotPublic4{{
    {{0, 0, 0, 0}, 8},         // this network
    {{10, 0, 0, 0}, 8},        // private
    {{100, 64, 0, 0}, 10},     // shared by carriers; also Alibaba's metadata service
    {{127, 0, 0, 0}, 8},       // loopback
    {{169, 254, 0, 0}, 16},    // link-local; also the metadata service of most clouds
    {{172, 16, 0, 0}, 12},     // private
    {{192, 0, 0, 0}, 24},      // protocol assignments; also Oracle's metadata service
    {{192, 0, 2, 0}, 24},      // documentation
    {{192, 31, 196, 0}, 24},   // AS112
    {{192, 88, 99, 0}, 24},    // 6to4 relays
    {{192, 168, 0, 0}, 16},    // private
    {{198, 18, 0, 0}, 15},     // benchmarking
    {{198, 51, 100, 0}, 24},   // documentation
    {{203, 0, 113, 0}, 24},    // documentation
    {{168, 63, 129, 16}, 32},  // Azure's host agent answers on this otherwise public address
    {{224, 0, 0, 0}, 4},       // multicast
    {{240, 0, 0, 0}, 4},       // reserved, broadcast
}};

constexpr Block<Bytes16> kGlobalUnicast6{{0x20}, 3};
constexpr Block<Bytes16> kMapped{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
constexpr Block<Bytes16> kNat64{{0x00, 0x64, 0xff, 0x9b}, 96};
constexpr Block<Bytes16> k6to4{{0x20, 0x02}, 16};

// https://www.iana.org/assignments/iana-ipv6-special-registry, within 2000::/3.
constexpr std::array<Block<Bytes16>, 3> kNotPublic6{{
    {{0x20, 0x01}, 23},              // protocol assignments, Teredo among them
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    {{0x3f, 0xff}, 20},              // documentation
}};

bool is_public(const Bytes4& address) {
  return std::ranges::none_of(kNotPublic4, [&](const auto& block) { return within(address, block); });
}

Bytes4 embedded(const Bytes16& address, std::size_t at) {
  return {address[at], address[at + 1], address[at + 2], address[at + 3]};
}

bool is_public(const Bytes16& address) {
  if (within(address, kMapped) || within(address, kNat64)) return is_public(embedded(address, 12));
  if (within(address, k6to4)) return is_public(embedded(address, 2));
  return within(address, kGlobalUnicast6) &&
         std::ranges::none_of(kNotPublic6, [&](const auto& block) { return within(address, block); });
}

// Of both families: an IPv4 address as the IPv6 address that it is mapped to.
std::optional<Bytes16> parse(std::string_view address) {
  const std::string text(address);
  Bytes16 bytes = kMapped.prefix;
  if (inet_pton(AF_INET, text.c_str(), bytes.data() + 12) == 1) return bytes;
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  return std::nullopt;
}

bool is_loopback(std::string_view address) {
  const std::optional<Bytes16> bytes = parse(address);
  if (!bytes) return false;
  return within(*bytes, kMapped) ? (*bytes)[12] == 127
                                 : *bytes == Bytes16{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
}

}  // namespace

bool is_public_address(std::string_view address) {
  const std::string text(address);
  Bytes4 v4{};
  if (inet_pton(AF_INET, text.c_str(), v4.data()) == 1) return is_public(v4);
  Bytes16 v6{};
  return inet_pton(AF_INET6, text.c_str(), v6.data()) == 1 && is_public(v6);
}

bool permits(AddressReach reach, std::string_view host, std::string_view address) {
  if (reach == AddressReach::any || is_public_address(address)) return true;
  if (reach == AddressReach::public_only) return false;
  if (host == "localhost") return is_loopback(address);
  // Only the usual way to write an address counts: 0x7f.1 and 2130706433 are names that a resolver understands.
  const std::optional<Bytes16> named = parse(host);
  return named && named == parse(address);
}

std::string network_of(const std::string& address) {
  Bytes16 v6{};
  if (inet_pton(AF_INET6, address.c_str(), v6.data()) != 1) return address;
  std::fill(v6.begin() + 8, v6.end(), static_cast<unsigned char>(0));
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(AF_INET6, v6.data(), text.data(), text.size()) == nullptr ? address : std::string(text.data());
}

}  // namespace lockstep::net
