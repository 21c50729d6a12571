// Task<T>: a lazy coroutine that runs on the loop's thread. It starts when awaited or spawned.
//
// Rule that keeps frames alive: every asynchronous operation completes exactly once, also when it
// is closed (then with an error). A task is therefore never dropped half-way; TaskScope asserts it.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <utility>
#include <variant>

#include "base/assert.hpp"

namespace lockstep {

template <class T>
class Task;

namespace detail {

struct FinalAwaiter {
  bool await_ready() noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> handle) noexcept {
    return handle.promise().continuation ? handle.promise().continuation : std::noop_coroutine();
  }
  void await_resume() noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> continuation;
  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() { std::terminate(); }  // expected failures are Results
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() {}
  void take() {}
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
    handle_.promise().continuation = caller;
    return handle_;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  Handle handle_;
};

namespace detail {

template <class T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

struct Detached {
  struct promise_type {
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

}  // namespace detail

// Turns a call with a callback into something to co_await:
//   Bytes bytes = co_await completion<Bytes>([&](auto done) { socket.read(std::move(done)); });
// `done` must be called exactly once, on the loop's thread; it may be called before the start function returns.
template <class T>
class Completion {
 public:
  using Done = std::move_only_function<void(T)>;
  using Start = std::move_only_function<void(Done)>;

  explicit Completion(Start start) : start_(std::move(start)) {}
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;
  ~Completion() = default;

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> caller) {
    starting_ = true;
    start_([this, caller](T value) {
      LOCKSTEP_ASSERT(!value_, "an operation completes exactly once");
      value_.emplace(std::move(value));
      if (!starting_) caller.resume();
    });
    starting_ = false;
    return !value_;
  }
  T await_resume() { return std::move(*value_); }

 private:
  Start start_;
  std::optional<T> value_;
  bool starting_ = false;
};

template <class T>
Completion<T> completion(typename Completion<T>::Start start) {
  return Completion<T>(std::move(start));
}

// Owns running tasks: spawn() starts one at once and forgets it when it ends. Whoever owns a scope
// closes what the tasks wait for and then waits until idle() before destroying it.
class TaskScope {
 public:
  TaskScope() = default;
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;
  ~TaskScope() { LOCKSTEP_ASSERT(running_ == 0, "a scope outlives its tasks"); }

  void spawn(Task<void> task) { run(std::move(task)); }
  bool idle() const { return running_ == 0; }
  std::size_t running() const { return running_; }
  // Called each time the last running task ends.
  void on_idle(std::move_only_function<void()> action) { on_idle_ = std::move(action); }

 private:
  detail::Detached run(Task<void> task) {
    ++running_;
    {
      Task<void> owned = std::move(task);
      co_await owned;
    }
    if (--running_ == 0 && on_idle_) on_idle_();
  }

  std::size_t running_ = 0;
  std::move_only_function<void()> on_idle_;
};

}  // namespace lockstep
