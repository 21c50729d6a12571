// What a connector's tests run on: a loop over a real queue, worker threads, state in memory. Tests only.
// The thread that calls run_until() or run() is the loop's thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "connector/driven_loop.hpp"
#include "connector/ports.hpp"

namespace lockstep::connector {

class TestLoop final : public DrivenLoop {
 public:
  void post(Action action) override {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(action));
    wake_.notify_one();
  }
  TimerId after(Duration delay, Action action) override {
    const std::lock_guard lock(mutex_);
    timers_.emplace(std::pair(clock_.monotonic() + delay, ++last_timer_), std::move(action));
    return last_timer_;
  }
  void cancel(TimerId timer) override {
    const std::lock_guard lock(mutex_);
    std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer; });
  }
  const Clock& clock() const override { return clock_; }

  // Runs what arrives until `done()` holds, which may ask about the outside: it is asked again now and then also when
  // nothing arrives. False: it did not hold within the time.
  template <class Predicate>
  bool run_until(Predicate done, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    constexpr std::chrono::milliseconds look_again{20};
    const Duration end = clock_.monotonic() + limit;
    while (!done()) {
      const Duration now = clock_.monotonic();
      if (now >= end) return false;
      if (Action next = wait(std::min<Duration>(end, now + look_again))) next();
    }
    return true;
  }

  bool drive_until(const std::function<bool()>& done) override { return run_until(done, std::chrono::seconds(60)); }
  void run_for(Duration length) override {
    const Duration end = clock_.monotonic() + length;
    drive_until([&] { return clock_.monotonic() >= end; });
  }

 private:
  // The next action, or an empty one when `end` has come.
  Action wait(Duration end) {
    std::unique_lock lock(mutex_);
    while (true) {
      const Duration now = clock_.monotonic();
      if (!timers_.empty() && timers_.begin()->first.first <= now) {
        Action action = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
        return action;
      }
      if (!queue_.empty()) {
        Action action = std::move(queue_.front());
        queue_.pop_front();
        return action;
      }
      if (now >= end) return {};
      const Duration until = timers_.empty() ? end : std::min(end, timers_.begin()->first.first);
      wake_.wait_for(lock, until - now);
    }
  }

  SystemClock clock_;
  std::mutex mutex_;  // guards the rest
  std::condition_variable wake_;
  std::deque<Action> queue_;
  std::map<std::pair<Duration, TimerId>, Action> timers_;
  TimerId last_timer_ = 0;
};

// A thread of its own; the destructor runs what is queued, then joins.
class TestWorker final : public WorkerPort {
 public:
  TestWorker() : thread_([this] { work(); }) {}
  TestWorker(const TestWorker&) = delete;
  TestWorker& operator=(const TestWorker&) = delete;
  ~TestWorker() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      wake_.notify_one();
    }
    thread_.join();
  }
  void run(Action job) override {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(job));
    wake_.notify_one();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      Action job = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      job();
      job = {};
      lock.lock();
    }
  }

  std::mutex mutex_;  // guards the next three
  std::condition_variable wake_;
  std::deque<Action> queue_;
  bool stopping_ = false;
  std::thread thread_;  // last: it starts when all the rest is ready
};

class MemoryState final : public StatePort {
 public:
  Task<Result<Json>> get(std::string key) override {
    const auto found = values_.find(key);
    Json value = found == values_.end() ? Json() : found->second;
    co_return value;
  }
  Task<Result<void>> put(std::string key, Json value) override {
    values_[key] = std::move(value);
    co_return Result<void>();
  }
  const std::map<std::string, Json>& values() const { return values_; }

 private:
  std::map<std::string, Json> values_;
};

// Everything that Ports needs, for connectors that use no HTTP.
struct TestPorts {
  TestLoop loop;
  MemoryState state;
  SeededRandom random{1};
  SilentLog log;

  Ports ports() {
    Ports ports;
    ports.state = &state;
    ports.make_worker = [] { return std::make_unique<TestWorker>(); };
    ports.loop = &loop;
    ports.random = &random;
    ports.log = &log;
    return ports;
  }
};

}  // namespace lockstep::connector
