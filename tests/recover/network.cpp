#include "tests/recover/network.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "tests/support/installation.hpp"

namespace lockstep::recover {
namespace {

constexpr const char* kNft = "/usr/sbin/nft";
constexpr std::chrono::seconds kDeadline{10};

bool loopback_up() {
  const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  bool up = ioctl(any, SIOCGIFFLAGS, &request) == 0;
  request.ifr_flags |= IFF_UP;
  up = up && ioctl(any, SIOCSIFFLAGS, &request) == 0;
  close(any);
  return up;
}

std::string nft(const std::string& rules) {
  const tests::TestFolder folder;
  tests::Process process({{kNft, rules}, {}, folder.path(), "nft"});
  return process.wait(kDeadline) == 0 ? "" : "nft: " + process.log();
}

}  // namespace

OwnNetwork::OwnNetwork() {
  if (!std::filesystem::exists(kNft)) {
    problem_ = "nft is not installed (Debian package nftables)";
    return;
  }
  before_ = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (before_ < 0 || unshare(CLONE_NEWNET) != 0) {
    problem_ = std::string("a network namespace can not be made: ") + std::strerror(errno);
  } else if (!loopback_up()) {
    problem_ = "the loopback of a new namespace does not start";
  } else {
    problem_ = lose_no_packets();
  }
}

OwnNetwork::~OwnNetwork() {
  if (before_ < 0) return;
  if (setns(before_, CLONE_NEWNET) != 0) std::perror("the network of before can not be used again");
  close(before_);
}

std::string lose_packets(int percent) {
  return nft("add rule inet lockstep lose numgen random mod 100 < " + std::to_string(percent) + " drop");
}

std::string lose_no_packets() {
  return nft(
      "add table inet lockstep; add chain inet lockstep lose { type filter hook input priority 0; }; flush chain inet "
      "lockstep lose");
}

}  // namespace lockstep::recover
