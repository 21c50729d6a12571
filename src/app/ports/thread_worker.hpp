// A connector's worker: a thread of its own.
#pragma once

#include "connector/ports.hpp"
#include "net/worker_thread.hpp"

namespace lockstep::app {

class ThreadWorker final : public connector::WorkerPort {
 public:
  void run(Action job) override { thread_.post(std::move(job)); }

 private:
  net::WorkerThread thread_;
};

}  // namespace lockstep::app
