// Reads of committed data off the loop's thread.
#pragma once

#include <memory>

#include "base/loop.hpp"
#include "base/task.hpp"
#include "store/store.hpp"

namespace lockstep::hub {

class Reads {
 public:
  Reads(store::Store& store, Executor& readers, Loop& loop)
      : reader_(store.open_reader()), readers_(readers), loop_(loop) {}

  template <class T>
  using Query = std::move_only_function<T(store::Reader&)>;

  // Runs `query` on the readers' thread and resumes on the loop with its answer. Pass a named Query: g++ 12 destroys a
  // lambda written inside a co_await expression twice.
  template <class T>
  Task<T> ask(Query<T> query) {
    Query<T> owned = std::move(query);
    T answer = co_await completion<T>([&](typename Completion<T>::Done done) {
      readers_.post([this, work = std::move(owned), done = std::move(done)]() mutable {
        loop_.post([result = work(*reader_), done = std::move(done)]() mutable { done(std::move(result)); });
      });
    });
    co_return answer;
  }

 private:
  std::unique_ptr<store::Reader> reader_;
  Executor& readers_;
  Loop& loop_;
};

}  // namespace lockstep::hub
