// What a connector may touch of the outside. Each port already holds deadline, quota, address filter and redaction;
// a connector never sees a socket, the operating system's clock or another tenant.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/loop.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "sync/batch.hpp"
#include "wire/http.hpp"

namespace lockstep::connector {

struct HttpCall {
  wire::HttpRequest request;
  sync::WorkClass work = sync::WorkClass::live;
  std::chrono::milliseconds deadline{30'000};
  // Costs quota. Token calls do not count against the API's budget.
  bool metered = true;
};

// HTTP to the one origin that the system's settings name. Waits for quota before sending; learns it from the answers.
// Errors: `unavailable` was certainly not applied, `maybe_applied` may have been, `rate_limited` when the budget does
// not allow it within the deadline (retry_after says when).
class HttpPort {
 public:
  virtual ~HttpPort() = default;
  virtual Task<Result<wire::HttpResponse>> send(HttpCall call) = 0;
};

// Durable key-value state of one system (cursors, catalogs, tokens). put() returns when it is on the disk. What stands
// under a key that begins with `secret/` is sealed there: tokens belong under such a key.
class StatePort {
 public:
  virtual ~StatePort() = default;
  virtual Task<Result<Json>> get(std::string key) = 0;  // null: none
  virtual Task<Result<void>> put(std::string key, Json value) = 0;
};

// The store's key for a connector's state, apart from the keys of the hub.
inline std::string stored_state_key(std::string_view key) { return "connector/" + std::string(key); }
// The beginning of the store's keys of connectors' secrets.
inline std::string stored_secret_prefix() { return stored_state_key("secret/"); }

// A thread that blocking calls (database drivers) run on, one at a time, in order. The action owns nothing that the
// loop's thread uses; results come back by posting to the loop.
class WorkerPort {
 public:
  virtual ~WorkerPort() = default;
  virtual void run(Action job) = 0;
};

// Runs `job` on the worker and resumes on the loop with what it returned.
template <class T>
Task<T> run_on(WorkerPort& worker, Executor& loop, std::move_only_function<T()> job) {
  std::move_only_function<T()> owned = std::move(job);
  T value = co_await completion<T>([&](typename Completion<T>::Done done) {
    worker.run([&loop, work = std::move(owned), done = std::move(done)]() mutable {
      loop.post([result = work(), done = std::move(done)]() mutable { done(std::move(result)); });
    });
  });
  co_return value;
}

struct Ports {
  HttpPort* http = nullptr;  // null for connectors whose descriptor asks for none
  StatePort* state = nullptr;
  std::function<std::unique_ptr<WorkerPort>()> make_worker;
  Loop* loop = nullptr;
  Random* random = nullptr;
  Log* log = nullptr;
};

}  // namespace lockstep::connector
