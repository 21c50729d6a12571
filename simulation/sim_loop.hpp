// The loop and the threads of one simulated process, all on a Timeline.
//
// When the process dies, nothing that it planned happens in the world any more. Its objects can not simply be dropped
// (a coroutine on its way owns what others point to), so they come to their end in an afterlife: a queue and a clock of
// their own, cut off from disk and network. See life.hpp.
#pragma once

#include <functional>
#include <map>
#include <unordered_map>

#include "base/random.hpp"
#include "connector/ports.hpp"
#include "simulation/timeline.hpp"

namespace lockstep::simulation {

class SimLoop final : public Loop {
 public:
  SimLoop(Timeline& timeline, Random& random) : timeline_(timeline), random_(random), clock_(*this) {}
  SimLoop(const SimLoop&) = delete;
  SimLoop& operator=(const SimLoop&) = delete;
  ~SimLoop() override;

  void post(Action action) override;
  TimerId after(Duration delay, Action action) override;
  void cancel(TimerId timer) override;
  // Exactly then.
  void at(Time when, Action action) { plan(when, std::move(action)); }
  const Clock& clock() const override { return clock_; }

  // How far the process's wall clock is from the world's. Its monotonic clock is always right.
  void set_skew(Duration skew) { skew_ = skew; }

  // Takes all events out of the world.
  void die();
  bool dead() const { return dead_; }
  // After die(): runs what is left until `done()`; false when nothing is left or `steps_limit` events did not do it.
  bool run_afterlife(const std::function<bool()>& done, std::size_t steps_limit);

  Time true_now() const { return dead_ ? afterlife_ : timeline_.now(); }

 private:
  class LoopClock final : public Clock {
   public:
    explicit LoopClock(const SimLoop& loop) : loop_(loop) {}
    Time now() const override { return loop_.true_now() + loop_.skew_; }
    Duration monotonic() const override { return loop_.true_now().time_since_epoch(); }

   private:
    const SimLoop& loop_;
  };
  struct Event {
    Action action;
    Timeline::Key key;  // in the world
  };
  using Key = std::pair<Time, TimerId>;

  TimerId plan(Time when, Action action);
  void fire(const Key& key);

  Timeline& timeline_;
  Random& random_;
  LoopClock clock_;
  std::map<Key, Event> events_;
  std::unordered_map<TimerId, Time> times_;
  TimerId last_ = 0;
  Time last_post_{};
  Duration skew_{0};
  bool dead_ = false;
  Time afterlife_{};
};

// A thread: jobs one after the other, each takes a time and has its effects at its end.
class SimThread final : public Executor {
 public:
  using JobTime = std::function<Duration()>;
  SimThread(SimLoop& loop, JobTime job_time) : loop_(loop), job_time_(std::move(job_time)) {}
  void post(Action action) override;

 private:
  SimLoop& loop_;
  JobTime job_time_;
  Time free_{};
};

class SimWorker final : public connector::WorkerPort {
 public:
  SimWorker(SimLoop& loop, SimThread::JobTime job_time) : thread_(loop, std::move(job_time)) {}
  void run(Action job) override { thread_.post(std::move(job)); }

 private:
  SimThread thread_;
};

}  // namespace lockstep::simulation
