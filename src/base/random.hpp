// Randomness is an argument too: the same seed gives the same run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace lockstep {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;

  // Uniform in [0, bound); bound must not be 0.
  std::uint64_t below(std::uint64_t bound);
  // Uniform in [0, 1).
  double fraction();
};

// splitmix64: small, fast, good enough for jitter and ids; not for keys.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override;

 private:
  std::uint64_t state_;
};

// A seed from the operating system.
std::uint64_t random_seed();

// 26 characters, sorted by time of creation (48 bits of milliseconds, 80 random bits, Crockford base 32).
std::string make_ulid(Time now, Random& random);
// When it was made, to the millisecond; nullopt: the text is none.
std::optional<Time> ulid_time(std::string_view ulid);

}  // namespace lockstep
