// Simulated time: events ordered by time, those of one moment in the order in which they were planned. Whoever plans an
// event adds a seeded part to its time, so that the seed decides which of two comes first.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "base/loop.hpp"

namespace lockstep::simulation {

class Timeline {
 public:
  using Key = std::pair<Time, std::uint64_t>;

  explicit Timeline(Time start) : clock_(start) {}
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  const Clock& clock() const { return clock_; }
  Time now() const { return clock_.now(); }

  Key at(Time when, Action action) {
    const Key key(std::max(when, now()), ++last_);
    events_.emplace(key, std::move(action));
    return key;
  }
  Key after(Duration delay, Action action) { return at(now() + delay, std::move(action)); }
  void cancel(const Key& key) { events_.erase(key); }

  std::optional<Time> next() const {
    return events_.empty() ? std::nullopt : std::optional(events_.begin()->first.first);
  }
  // Runs the next event; false when there is none.
  bool step() {
    if (events_.empty()) return false;
    auto event = events_.extract(events_.begin());
    clock_.set(event.key().first);
    ++steps_;
    event.mapped()();
    return true;
  }
  // Time passes though nothing happens.
  void wait_until(Time when) {
    if (when > now()) clock_.set(when);
  }
  std::uint64_t steps() const { return steps_; }

 private:
  ManualClock clock_;
  std::map<Key, Action> events_;
  std::uint64_t last_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace lockstep::simulation
