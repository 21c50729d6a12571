// Reads the server-sent events of a source on a thread of its own. When the server cuts the stream because this reader
// was too slow, it resumes after the last event, as browsers do.
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
  Events(Address address, std::string target, OnEvent on_event);
  ~Events();
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  int resumed() const { return resumed_; }  // how often the server cut the stream

 private:
  std::string open();  // connects; returns what came with the line that says that the stream is up
  void read_all(std::string text);
  void take(std::string& text, Nanoseconds read_at);

  Address address_;
  std::string target_;
  std::string last_id_;
  bool ended_ = false;  // the server has ended the stream, not the connection
  std::atomic<int> socket_ = -1;
  OnEvent on_event_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> resumed_ = 0;
  std::thread thread_;
};

// The text after `key` up to the next quote, comma or brace: enough for members whose values hold none of these.
std::string_view member_of(std::string_view data, std::string_view key);

}  // namespace lockstep::bench
