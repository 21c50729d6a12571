#include "base/random.hpp"

#include <random>

#include "base/assert.hpp"

namespace lockstep {

std::uint64_t Random::below(std::uint64_t bound) {
  LOCKSTEP_ASSERT(bound > 0, "an empty range has no member");
  const std::uint64_t threshold = (0 - bound) % bound;  // rejects the uneven tail, so that the result is uniform
  for (;;) {
    const std::uint64_t value = next();
    if (value >= threshold) return value % bound;
  }
}

double Random::fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::uint64_t SeededRandom::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::uint64_t random_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";

}  // namespace

std::optional<Time> ulid_time(std::string_view ulid) {
  if (ulid.size() != 26 || ulid.find_first_not_of(kAlphabet) != std::string_view::npos || ulid.front() > '7')
    return std::nullopt;
  std::uint64_t ms = 0;
  for (const char c : ulid.substr(0, 10)) ms = ms << 5 | kAlphabet.find(c);
  return from_epoch_ms(static_cast<std::int64_t>(ms));
}

std::string make_ulid(Time now, Random& random) {
  std::string out(26, '0');
  auto ms = static_cast<std::uint64_t>(to_epoch_ms(now));
  for (int i = 9; i >= 0; --i, ms >>= 5) out[static_cast<std::size_t>(i)] = kAlphabet[ms & 31];
  std::uint64_t bits = random.next();
  for (std::size_t i = 10; i < 18; ++i, bits >>= 5) out[i] = kAlphabet[bits & 31];
  bits = random.next();
  for (std::size_t i = 18; i < 26; ++i, bits >>= 5) out[i] = kAlphabet[bits & 31];
  return out;
}

}  // namespace lockstep
