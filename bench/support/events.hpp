// Reads the server-sent events of a source on a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "bench/support/http.hpp"
#include "bench/support/machine.hpp"

namespace lockstep::bench {

class Events {
 public:
  // `on_event` gets the data line of each event and the time when its bytes were read, on the reading thread.
  using OnEvent = std::function<void(std::string_view data, Nanoseconds read_at)>;
  // When it returns the stream is up: what is committed from now on arrives.
  Events(const Address& address, const std::string& target, OnEvent on_event);
  ~Events();
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  bool broken() const { return broken_; }  // the server ended the stream: events may be missing

 private:
  void read_all(std::string text);
  void take(std::string& text, Nanoseconds read_at);

  int socket_;
  OnEvent on_event_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> broken_ = false;
  std::thread thread_;
};

// The text after `key` up to the next quote, comma or brace: enough for members whose values hold none of these.
std::string_view member_of(std::string_view data, std::string_view key);

}  // namespace lockstep::bench
