#include "net/worker_thread.hpp"

namespace lockstep::net {

WorkerThread::WorkerThread() : thread_([this] { run(); }) {}

WorkerThread::~WorkerThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void WorkerThread::post(Action action) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(action));
    if (queue_.size() > 1) return;  // the one before has woken the thread
  }
  wake_.notify_one();
}

std::size_t WorkerThread::queued() const {
  const std::lock_guard lock(mutex_);
  return queue_.size() + batch_left_;
}

void WorkerThread::run() {
  std::vector<Action> batch;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;  // stopping, and everything has run
    batch.swap(queue_);
    batch_left_ = batch.size();
    for (Action& job : batch) {
      --batch_left_;
      lock.unlock();
      job();
      job = nullptr;  // what it owns goes before the next one starts
      lock.lock();
    }
    batch.clear();
  }
}

}  // namespace lockstep::net
