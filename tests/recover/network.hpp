// A network of our own: from its construction on, this thread and all that it starts talk over a loopback that nobody
// else uses, on which packets can be lost. Needs the right to make namespaces, and the program nft.
#pragma once

#include <string>

namespace lockstep::recover {

class OwnNetwork {
 public:
  OwnNetwork();
  ~OwnNetwork();  // back to where we were
  OwnNetwork(const OwnNetwork&) = delete;
  OwnNetwork& operator=(const OwnNetwork&) = delete;

  // "" when it is there; else why not.
  const std::string& problem() const { return problem_; }

 private:
  int before_ = -1;
  std::string problem_;
};

// Of all packets on this thread's network. "" or what went wrong.
std::string lose_packets(int percent);
std::string lose_no_packets();

}  // namespace lockstep::recover
