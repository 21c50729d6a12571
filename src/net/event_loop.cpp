#include "net/event_loop.hpp"

#include <boost/asio/post.hpp>

#include "base/assert.hpp"
#include "net/detail/event_loop_impl.hpp"

namespace lockstep::net {

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}

EventLoop::~EventLoop() = default;

EventLoop::Impl::~Impl() {
  std::vector<Action> dropped;
  {
    const std::lock_guard lock(posted_mutex);
    closing = true;
    dropped.swap(posted);
  }
  // Actions may own sockets, which must go before their context.
  dropped.clear();
  timers.clear();
  batch.clear();
  signal_action = nullptr;
}

void EventLoop::post(Action action) {
  {
    const std::lock_guard lock(impl_->posted_mutex);
    if (impl_->closing) return;
    impl_->posted.push_back(std::move(action));
    if (impl_->drain_scheduled) return;
    impl_->drain_scheduled = true;
  }
  asio::post(impl_->context, [impl = impl_.get()] { impl->drain_posted(); });
}

void EventLoop::Impl::drain_posted() {
  {
    const std::lock_guard lock(posted_mutex);
    batch.swap(posted);
    drain_scheduled = false;
  }
  // What these post goes into the next batch, so sockets and timers get their turn in between.
  std::size_t next = 0;
  while (next < batch.size() && !context.stopped()) {
    Action action = std::move(batch[next]);
    ++next;
    action();
  }
  if (next < batch.size()) {
    // Stopped half-way: the rest goes back to the front, for the next run().
    const std::lock_guard lock(posted_mutex);
    posted.insert(posted.begin(), std::make_move_iterator(batch.begin() + static_cast<std::ptrdiff_t>(next)),
                  std::make_move_iterator(batch.end()));
    if (!drain_scheduled) {
      drain_scheduled = true;
      asio::post(context, [this] { drain_posted(); });
    }
  }
  batch.clear();
}

TimerId EventLoop::after(Duration delay, Action action) {
  Impl& impl = *impl_;
  const TimerId id = ++impl.last_timer;
  const auto deadline = std::chrono::steady_clock::now() + delay;
  impl.timers.emplace(std::pair(deadline, id), std::move(action));
  impl.deadlines.emplace(id, deadline);
  impl.arm_timer();
  return id;
}

void EventLoop::cancel(TimerId timer) {
  const auto found = impl_->deadlines.find(timer);
  if (found == impl_->deadlines.end()) return;
  impl_->timers.erase({found->second, timer});
  impl_->deadlines.erase(found);
}

const Clock& EventLoop::clock() const { return impl_->clock; }

void EventLoop::Impl::arm_timer() {
  // A timer armed too early (its entry was cancelled) fires once in vain, which is cheaper than re-arming.
  if (timers.empty() || timers.begin()->first.first >= armed_for) return;
  armed_for = timers.begin()->first.first;
  timer.expires_at(armed_for);
  timer.async_wait([this](const boost::system::error_code& error) {
    if (!error) fire_due();
  });
}

void EventLoop::Impl::fire_due() {
  armed_for = SteadyTime::max();
  const auto now = std::chrono::steady_clock::now();
  while (!timers.empty() && timers.begin()->first.first <= now && !context.stopped()) {
    auto entry = timers.extract(timers.begin());
    deadlines.erase(entry.key().second);
    entry.mapped()();
  }
  arm_timer();
}

void EventLoop::run() {
  impl_->context.restart();
  impl_->context.run();
}

void EventLoop::stop() { impl_->context.stop(); }

void EventLoop::on_signal(std::initializer_list<int> signals, std::move_only_function<void(int)> action) {
  LOCKSTEP_ASSERT(!impl_->signal_action, "a second call would take the signals of the first away");
  impl_->signal_action = std::move(action);
  for (const int signal : signals) impl_->signals.add(signal);
  impl_->await_signal();
}

void EventLoop::Impl::await_signal() {
  signals.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;  // the loop goes
    signal_action(signal);
    await_signal();
  });
}

}  // namespace lockstep::net
