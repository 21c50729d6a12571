// A loop on simulated time: nothing runs until told, time jumps to the next timer. For tests of everything that waits.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "connector/driven_loop.hpp"

namespace lockstep::connector {

class ManualLoop final : public DrivenLoop {
 public:
  void post(Action action) override { queue_.push_back(std::move(action)); }
  TimerId after(Duration delay, Action action) override {
    timers_.emplace(std::pair(clock_.monotonic() + std::max(delay, Duration(0)), ++last_timer_), std::move(action));
    return last_timer_;
  }
  void cancel(TimerId timer) override {
    std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer; });
  }
  const Clock& clock() const override { return clock_; }
  Duration now() const { return clock_.monotonic(); }

  // Runs what is due without moving time.
  void settle() {
    while (!queue_.empty()) {
      Action next = std::move(queue_.front());
      queue_.pop_front();
      next();
    }
  }

  // Runs everything that is due in the next `length`.
  void run_for(Duration length) override {
    const Duration end = now() + length;
    settle();
    while (!timers_.empty() && timers_.begin()->first.first <= end) step();
    clock_.advance(end - now());
  }

  // Runs until `done()` holds; false when nothing is left that could make it so, or `limit` of simulated time is over.
  template <class Predicate>
  bool run_until(Predicate done, Duration limit = std::chrono::hours(48)) {
    const Duration end = now() + limit;
    settle();
    while (!done()) {
      if (timers_.empty() || timers_.begin()->first.first > end) return false;
      step();
    }
    return true;
  }

  bool drive_until(const std::function<bool()>& done) override { return run_until(done); }

  // Runs a task to its end.
  template <class T>
  T run(Task<T> task) {
    return std::move(*DrivenLoop::run(std::move(task)));
  }

 private:
  void step() {
    auto first = timers_.begin();
    clock_.advance(std::max(first->first.first - now(), Duration(0)));
    Action action = std::move(first->second);
    timers_.erase(first);
    action();
    settle();
  }

  ManualClock clock_;
  std::deque<Action> queue_;
  std::map<std::pair<Duration, TimerId>, Action> timers_;
  TimerId last_timer_ = 0;
};

// Completes after some time on the loop.
inline Task<void> sleep_for(Loop& loop, Duration time) {
  Completion<int> slept(
      [&loop, time](Completion<int>::Done done) { loop.after(time, [done = std::move(done)]() mutable { done(0); }); });
  co_await slept;
}

}  // namespace lockstep::connector
