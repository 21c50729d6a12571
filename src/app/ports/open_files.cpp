#include "app/ports/open_files.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace lockstep::app {
namespace {

constexpr std::size_t kGuaranteed = 20;
// More than any limit of connections: "unlimited" would be a number that nothing can be taken from.
constexpr rlim_t kMost = 4'000'000;

}  // namespace

std::size_t raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kGuaranteed;
  rlimit raised = limit;
  raised.rlim_cur = std::min(limit.rlim_max, kMost);
  if (raised.rlim_cur > limit.rlim_cur && ::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return static_cast<std::size_t>(std::min(limit.rlim_cur, kMost));
}

std::size_t affordable_connections(std::size_t wanted, std::size_t open_files, std::size_t refused) {
  const std::size_t left = open_files > refused ? open_files - refused : 0;
  return std::max<std::size_t>(std::min(wanted, left - left / 4), 1);
}

}  // namespace lockstep::app
