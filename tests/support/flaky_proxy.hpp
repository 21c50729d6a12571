// Stands between the server and a system that it calls: passes bytes on, or is the network that one would rather not have.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
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
    delay,    // whatever passes takes 40 to 240 ms longer, each way, and keeps its order
    trickle,  // 16 KiB a second pass, each way of each connection
    stall,    // connections stay open and are made, and nothing passes
  };

  // Of a port of this machine, or of a socket's file.
  FlakyProxy(std::uint16_t upstream, std::uint64_t seed);
  FlakyProxy(std::string socket_file, std::uint64_t seed);
  ~FlakyProxy();
  FlakyProxy(const FlakyProxy&) = delete;
  FlakyProxy& operator=(const FlakyProxy&) = delete;

  std::uint16_t port() const { return port_; }
  std::string origin() const { return "http://127.0.0.1:" + std::to_string(port_); }
  void set(Trouble trouble) { trouble_ = trouble; }
  std::uint64_t spoiled() const { return spoiled_; }  // answers cut or made up, connections refused, pieces held up

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Piece {
    std::string bytes;
    Time due;
  };
  struct Link {
    int client = -1;
    int upstream = -1;
    std::deque<Piece> up, down;  // what is on its way
    bool ended = false;          // by one of the two; what is on its way still arrives
  };
  void start();
  void run();
  bool listen_again();
  int call_upstream() const;
  void accept_one();
  bool from_client(Link& link);
  bool from_upstream(Link& link);
  void pass(std::deque<Piece>& way, std::string bytes);
  // False when the link is over.
  static bool arrive(Link& link, Time now);
  bool reads(const Link& link, const std::deque<Piece>& way) const;
  int wait_time() const;
  static void end(Link& link);

  std::uint16_t upstream_ = 0;
  std::string socket_file_;  // instead of the port
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
