// Where work runs. The server's loop is net's event loop; the simulator's is a queue ordered by
// simulated time. Both call everything on one thread.
#pragma once

#include <cstdint>
#include <functional>

#include "base/clock.hpp"

namespace lockstep {

using Action = std::move_only_function<void()>;

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs the action later, never inside this call. May be called from any thread.
  virtual void post(Action action) = 0;
};

using TimerId = std::uint64_t;

class Loop : public Executor {
 public:
  // The rest only from the loop's own thread.
  virtual TimerId after(Duration delay, Action action) = 0;
  virtual void cancel(TimerId timer) = 0;  // does nothing when it has fired
  virtual const Clock& clock() const = 0;
};

}  // namespace lockstep
