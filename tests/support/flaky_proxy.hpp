// Stands between the server and a system that it calls: passes bytes on, or is the network that one would rather not have.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "base/random.hpp"

namespace lockstep::tests {

class FlakyProxy {
 public:
  enum class Trouble {
    none,
    refuse,   // nobody listens, open connections are cut
    cut,      // every other answer ends in its middle, after the request was carried out
    rubbish,  // requests are answered by something that makes no sense, and go no further
  };

  FlakyProxy(std::uint16_t upstream, std::uint64_t seed);
  ~FlakyProxy();
  FlakyProxy(const FlakyProxy&) = delete;
  FlakyProxy& operator=(const FlakyProxy&) = delete;

  std::string origin() const { return "http://127.0.0.1:" + std::to_string(port_); }
  void set(Trouble trouble) { trouble_ = trouble; }
  std::uint64_t spoiled() const { return spoiled_; }  // answers cut or made up, connections refused

 private:
  struct Link {
    int client = -1;
    int upstream = -1;
  };
  void run();
  bool listen_again();
  void accept_one();
  bool from_client(Link& link);
  bool from_upstream(Link& link);
  static void end(Link& link);

  std::uint16_t upstream_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::atomic<Trouble> trouble_ = Trouble::none;
  std::atomic<std::uint64_t> spoiled_ = 0;
  std::atomic<bool> stopping_ = false;
  SeededRandom random_;      // of the thread
  std::vector<Link> links_;  // of the thread
  std::thread thread_;
};

}  // namespace lockstep::tests
