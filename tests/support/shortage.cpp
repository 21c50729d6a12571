#include "tests/support/shortage.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

namespace lockstep::tests {
namespace {

constexpr rlim_t kLeft = 6;
constexpr int kConnections = 60;

bool limit_descriptors(pid_t process, rlim_t count) {
  rlimit limit{};
  if (prlimit(process, RLIMIT_NOFILE, nullptr, &limit) != 0) return false;
  limit.rlim_cur = std::min(count, limit.rlim_max);
  return prlimit(process, RLIMIT_NOFILE, &limit, nullptr) == 0;
}

}  // namespace

std::size_t descriptors_of(pid_t process) {
  std::error_code ended;
  std::size_t count = 0;
  const auto folder = std::filesystem::path("/proc") / std::to_string(process) / "fd";
  for (auto at = std::filesystem::directory_iterator(folder, ended);
       !ended && at != std::filesystem::directory_iterator(); at.increment(ended))
    ++count;
  return count;
}

Shortage::Shortage(pid_t process, std::uint16_t port)
    : process_(process), works_(limit_descriptors(process, descriptors_of(process) + kLeft)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; works_ && i < kConnections; ++i) {
    const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address);  // what is not accepted waits
    connections_.push_back(made);
  }
}

Shortage::~Shortage() {
  for (const int one : connections_) close(one);
  limit_descriptors(process_, RLIM_INFINITY);
}

}  // namespace lockstep::tests
