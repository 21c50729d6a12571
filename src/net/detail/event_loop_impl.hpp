// What the sources of net share of the loop. Includes Asio: only for .cpp files of this module.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "net/event_loop.hpp"

namespace lockstep::net {

namespace asio = boost::asio;

struct EventLoop::Impl {
  using SteadyTime = std::chrono::steady_clock::time_point;

  ~Impl();
  void drain_posted();
  void arm_timer();
  void fire_due();
  void await_signal();

  SystemClock clock;

  // Declared before the context, because what the context destroys may still call post().
  std::mutex posted_mutex;  // guards the next three
  std::vector<Action> posted;
  bool drain_scheduled = false;
  bool closing = false;  // in the destructor: actions are dropped

  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::vector<Action> batch;  // the one being run; keeps its capacity

  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                             asio::io_context::executor_type>
      timer{context};
  SteadyTime armed_for = SteadyTime::max();
  TimerId last_timer = 0;
  std::map<std::pair<SteadyTime, TimerId>, Action> timers;
  std::unordered_map<TimerId, SteadyTime> deadlines;

  asio::signal_set signals{context};
  std::move_only_function<void(int)> signal_action;
};

}  // namespace lockstep::net
