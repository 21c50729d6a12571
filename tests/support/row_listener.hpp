// A dashboard that listens to rows: a Socket.IO client over plain HTTP polling.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/http.hpp"

namespace lockstep::tests {

struct RowEvent {
  std::string operation;  // "INSERT"
  Json row;               // {"table", "record", "old_record", …}
  std::chrono::steady_clock::time_point at;
};

// What is told between two calls waits at the server. Not for several threads.
class RowListener {
 public:
  RowListener(std::uint16_t port, const std::string& token, const std::string& topic);

  // It is subscribed: the next change will be told.
  bool subscribed() const { return subscribed_; }
  // What is told until the first event for which `last` holds, that one included; without it when it did not come in time.
  std::vector<RowEvent> until(const std::function<bool(const RowEvent&)>& last, std::chrono::milliseconds deadline);

 private:
  // The packets of one answer; empty when none came in time.
  std::vector<std::string> poll(std::chrono::milliseconds deadline);

  HttpConnection connection_;
  HttpConnection answers_;
  std::string target_;
  bool subscribed_ = false;
};

}  // namespace lockstep::tests
