// A process that can open hardly anything any more, and clients that take even that.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace lockstep::tests {

// Files, sockets and the like that the process holds open.
std::size_t descriptors_of(pid_t process);

// From its construction on, until it goes: the process may open a few descriptors more than it held, and silent
// connections to its port take them.
class Shortage {
 public:
  Shortage(pid_t process, std::uint16_t port);
  ~Shortage();
  Shortage(const Shortage&) = delete;
  Shortage& operator=(const Shortage&) = delete;

  bool works() const { return works_; }  // false: the limit can not be set here

 private:
  pid_t process_;
  bool works_ = false;
  std::vector<int> connections_;
};

}  // namespace lockstep::tests
