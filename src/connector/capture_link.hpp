// The link between the capture's thread and the loop: changes go to the sink, word of their durability comes back.
//
// The loop's thread constructs it, calls stop() and is where the sink is called. Everything else belongs to the
// capture's thread. wake_fd() becomes readable when there is something to take or the capture must stop.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connector/connector.hpp"

namespace lockstep::connector {

struct Ack {
  std::uint64_t delivery = 0;
  bool durable = false;  // false: it could not be committed here and must be delivered again
};

class CaptureLink : public std::enable_shared_from_this<CaptureLink> {
 public:
  CaptureLink(Executor& loop, CaptureSink& sink);
  ~CaptureLink();
  CaptureLink(const CaptureLink&) = delete;
  CaptureLink& operator=(const CaptureLink&) = delete;

  // From the loop: the sink is not called any more, and the capture's thread is woken to end.
  void stop();

  bool stopping() const { return stopping_; }
  int wake_fd() const { return wake_fd_; }
  void deliver(std::uint64_t delivery, std::vector<sync::Change> changes);
  // Answered like a delivery.
  void lost(std::uint64_t delivery, std::string reason);
  void status(std::string text);  // the same text twice in a row is said once
  std::vector<Ack> take_acks();

  enum class Woke { by_link, by_socket, by_time };
  // Waits until the link or the socket (-1: none) has something, or the time is over.
  Woke wait(int socket, std::chrono::milliseconds time);

 private:
  void acknowledge(Ack ack);
  void wake();

  Executor& loop_;
  CaptureSink* sink_;  // loop's thread only; null once stopped
  int wake_fd_ = -1;
  std::atomic<bool> stopping_ = false;
  std::string last_status_;  // capture's thread only
  std::mutex mutex_;         // guards the next
  std::vector<Ack> acks_;
};

}  // namespace lockstep::connector
