// Sends prepared messages over keep-alive connections and measures when they are answered and when their events arrive.
#pragma once

#include <chrono>

#include "bench/support/machine.hpp"
#include "bench/webhooks/messages.hpp"

namespace lockstep::bench {

struct LoadResult {
  double accepted_per_second = 0;  // answered 2xx: durable
  std::size_t accepted = 0;
  std::size_t refused = 0;     // answered with anything else
  std::size_t events = 0;      // messages whose event arrived
  std::size_t suppressed = 0;  // events that say the webhook changed nothing; each message does change a name
  int resumed = 0;             // how often the reader of the events was cut off for being slow
  Percentiles answer;          // from the first byte sent to the answer
  Percentiles event;           // from the first byte sent to the event at a subscriber
};

struct LoadPlan {
  std::size_t connections = 64;
  std::chrono::milliseconds time{10'000};
  double rate_per_second = 0;  // open loop: sent when due, whatever became of the others. 0: closed loop
};

// The events are read from `events_target`. In the open loop a message counts from when it was due, so that a slow
// server cannot hide behind messages that were sent late.
LoadResult run_load(const Address& server, const std::string& events_target, const Messages& messages,
                    const LoadPlan& plan);

}  // namespace lockstep::bench
