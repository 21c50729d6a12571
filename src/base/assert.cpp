#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace lockstep {

void assertion_failed(const char* condition, const char* why, const char* file, int line) {
  std::fprintf(stderr, "lockstep: bug at %s:%d: %s does not hold: %s\n", file, line, condition, why);
  std::fflush(stderr);
  std::abort();
}

}  // namespace lockstep
