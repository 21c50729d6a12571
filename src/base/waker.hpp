// Lets a task sleep until somebody wakes it or a time has passed. One sleeper at a time; a wake-up that comes
// while nobody sleeps is remembered.
#pragma once

#include <optional>
#include <variant>

#include "base/loop.hpp"
#include "base/task.hpp"

namespace lockstep {

class Waker {
 public:
  explicit Waker(Loop& loop) : loop_(loop) {}

  void wake() {
    if (!sleeper_) {
      woken_ = true;
      return;
    }
    if (timer_) loop_.cancel(*timer_);
    timer_.reset();
    auto sleeper = std::move(*sleeper_);
    sleeper_.reset();
    sleeper(std::monostate{});
  }

  // Ends at once when woken before; never later than `limit` when given.
  Task<void> sleep(std::optional<Duration> limit) {
    if (woken_) {
      woken_ = false;
      co_return;
    }
    co_await completion<std::monostate>([&](auto done) {
      sleeper_ = std::move(done);
      if (limit) {
        timer_ = loop_.after(*limit, [this] {
          timer_.reset();
          wake();
        });
      }
    });
    woken_ = false;
  }

 private:
  Loop& loop_;
  bool woken_ = false;
  std::optional<Completion<std::monostate>::Done> sleeper_;
  std::optional<TimerId> timer_;
};

}  // namespace lockstep
