#include "simulation/sim_loop.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace lockstep::simulation {
namespace {

constexpr std::uint64_t kPostDelayLimit = 40;    // microseconds until a posted action runs
constexpr std::uint64_t kTimerLateLimit = 1000;  // microseconds by which a timer is late

}  // namespace

SimLoop::~SimLoop() {
  if (!dead_) die();
}

TimerId SimLoop::plan(Time when, Action action) {
  const Key key(when, ++last_);
  Event& event = events_[key];
  event.action = std::move(action);
  times_[key.second] = when;
  if (!dead_) event.key = timeline_.at(when, [this, key] { fire(key); });
  return key.second;
}

void SimLoop::fire(const Key& key) {
  auto event = events_.extract(key);
  LOCKSTEP_ASSERT(!event.empty(), "an event of the world is one of the loop");
  times_.erase(key.second);
  event.mapped().action();
}

// First in, first out, as a real loop's queue.
void SimLoop::post(Action action) {
  const Duration delay(static_cast<std::int64_t>(random_.below(kPostDelayLimit)));
  last_post_ = std::max(last_post_, true_now() + delay);
  plan(last_post_, std::move(action));
}

TimerId SimLoop::after(Duration delay, Action action) {
  const Duration late(static_cast<std::int64_t>(random_.below(kTimerLateLimit)));
  return plan(true_now() + std::max(delay, Duration(0)) + late, std::move(action));
}

void SimLoop::cancel(TimerId timer) {
  const auto at = times_.find(timer);
  if (at == times_.end()) return;
  auto event = events_.extract(Key(at->second, timer));
  times_.erase(at);
  if (!dead_) timeline_.cancel(event.mapped().key);
}

void SimLoop::die() {
  LOCKSTEP_ASSERT(!dead_, "a process dies once");
  for (const auto& [key, event] : events_) timeline_.cancel(event.key);
  afterlife_ = timeline_.now();
  dead_ = true;
}

bool SimLoop::run_afterlife(const std::function<bool()>& done, std::size_t steps_limit) {
  LOCKSTEP_ASSERT(dead_, "the living run on the timeline");
  for (std::size_t step = 0; !done(); ++step) {
    if (events_.empty() || step == steps_limit) return false;
    const Key key = events_.begin()->first;
    afterlife_ = std::max(afterlife_, key.first);
    fire(key);
  }
  return true;
}

void SimThread::post(Action action) {
  const Time now = loop_.true_now();
  free_ = std::max(free_, now) + job_time_();
  loop_.at(free_, std::move(action));
}

}  // namespace lockstep::simulation
