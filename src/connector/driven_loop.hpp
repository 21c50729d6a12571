// A loop that the test drives: on real time (TestLoop) or on simulated time (ManualLoop). Tests only.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "base/loop.hpp"
#include "base/task.hpp"

namespace lockstep::connector {

class DrivenLoop : public Loop {
 public:
  // Runs what arrives until `done()` holds; false when it did not within the loop's patience.
  virtual bool drive_until(const std::function<bool()>& done) = 0;
  // Runs everything that is due in the next `length`.
  virtual void run_for(Duration length) = 0;

  // Runs a task to its end; the result is always there.
  template <class T>
  std::optional<T> run(Task<T> task) {
    std::optional<T> result;
    finish(keep(std::move(task), result));
    return result;
  }
  void run(Task<void> task) { finish(std::move(task)); }

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& result) {
    T value = co_await task;
    result.emplace(std::move(value));
  }
  void finish(Task<void> task) {
    TaskScope scope;
    scope.spawn(std::move(task));
    const bool ended = drive_until([&] { return scope.idle(); });
    LOCKSTEP_ASSERT(ended, "every task of a connector ends");
  }
};

}  // namespace lockstep::connector
