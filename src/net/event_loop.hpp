// The server's loop: one thread runs every action, timer and socket completion of a shard.
//
// post() and stop() may be called from any thread, the rest from the thread inside run() (or before it).
// Posted actions run in order, in batches: one lock and one wake-up serve all that arrived meanwhile.
// The loop outlives every server, client and exchange made on it. Actions still queued when it is
// destroyed are destroyed without being run.
#pragma once

#include <initializer_list>
#include <memory>

#include "base/loop.hpp"

namespace lockstep::net {

class EventLoop final : public Loop {
 public:
  EventLoop();
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void post(Action action) override;
  TimerId after(Duration delay, Action action) override;
  void cancel(TimerId timer) override;
  const Clock& clock() const override;

  // Runs until stop(), also when there is nothing to do. May be called again after it returned.
  void run();
  void stop();

  // From now on these signals call the action with their number instead of their default effect. Called at most once:
  // one call names all signals.
  void on_signal(std::initializer_list<int> signals, std::move_only_function<void(int)> action);

  // For the sources of this module: detail/event_loop_impl.hpp.
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockstep::net
