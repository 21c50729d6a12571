// An executor with one thread of its own, for work that blocks (fsync, libpq).
//
// Jobs run one after the other in the order of post(). The thread owns no state: a job gets its
// input by value and posts its result to the loop. The destructor runs what is queued, then joins.
// The queue has no limit of its own: post() cannot refuse, so whoever posts bounds what it has
// outstanding (the store has one commit at a time).
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "base/loop.hpp"

namespace lockstep::net {

class WorkerThread final : public Executor {
 public:
  WorkerThread();
  ~WorkerThread() override;
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  void post(Action action) override;  // from any thread
  std::size_t queued() const;         // jobs not yet started; from any thread

 private:
  void run();

  mutable std::mutex mutex_;  // guards the next three
  std::vector<Action> queue_;
  std::size_t batch_left_ = 0;
  bool stopping_ = false;
  std::condition_variable wake_;
  std::thread thread_;  // last: it starts when all the rest is ready
};

}  // namespace lockstep::net
