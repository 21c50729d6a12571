#include "app/commands/live_systems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "app/ports/client_transport.hpp"
#include "app/ports/thread_worker.hpp"
#include "base/assert.hpp"
#include "base/random.hpp"
#include "net/event_loop.hpp"
#include "net/http_client.hpp"

namespace lockstep::app {
Task<Result<Json>> MemoryState::get(std::string key) {
  const auto* value = values_.if_contains(key);
  co_return value == nullptr ? Json(nullptr) : *value;
}

Task<Result<void>> MemoryState::put(std::string key, Json value) {
  values_[key] = std::move(value);
  co_return Result<void>();
}

struct LiveSystems::Impl {
  std::span<const connector::Factory> factories;
  StateOf state;
  Log* log = nullptr;
  net::EventLoop loop;
  SeededRandom random{random_seed()};
  std::unique_ptr<net::HttpClient> client;
  TaskScope tasks;

  // Opens the system, runs `work` on its connector between start() and stop(), and returns what it returned.
  template <class T>
  using Work = std::function<Task<Result<T>>(connector::Connector&)>;

  template <class T>
  Result<T> with(const SystemConfig& system, Work<T> work);

  // `work` lives until the loop has ended.
  template <class T>
  Task<void> run(connector::Connector& connector, const Work<T>* work, std::optional<Result<T>>* result) {
    Result<void> started = co_await connector.start();
    if (started) {
      Task<Result<T>> working = (*work)(connector);
      Result<T> done = co_await working;
      result->emplace(std::move(done));
    } else {
      result->emplace(fail(started.error()));
    }
    co_await connector.stop();
    loop.stop();
  }
};

template <class T>
Result<T> LiveSystems::Impl::with(const SystemConfig& system, Work<T> work) {
  const auto factory = std::ranges::find(factories, system.connector, &connector::Factory::kind);
  LOCKSTEP_ASSERT(factory != factories.end(), "the loader accepts only connectors of this program");
  auto state_port = state(system);
  if (!state_port) return fail(state_port.error());

  const std::string origin = factory->uses_http && factory->origin ? factory->origin(system.settings.settings) : "";
  ClientTransport transport(*client, origin, system.settings.source.str(), system.reach);
  connector::Quota quota;
  connector::MeteredHttp http(transport, quota, loop, *log);
  connector::Ports ports;
  if (factory->uses_http) ports.http = &http;
  ports.state = state_port->get();
  ports.make_worker = [] { return std::make_unique<ThreadWorker>(); };
  ports.loop = &loop;
  ports.random = &random;
  ports.log = log;
  auto made = factory->make(system.settings, ports);
  if (!made) return fail(made.error());

  std::optional<Result<T>> result;
  tasks.spawn(run<T>(**made, &work, &result));
  if (!tasks.idle()) loop.run();
  LOCKSTEP_ASSERT(result, "every task of a connector ends");
  return std::move(*result);
}

LiveSystems::LiveSystems(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LiveSystems::~LiveSystems() = default;

Result<std::unique_ptr<LiveSystems>> LiveSystems::make(std::span<const connector::Factory> factories, StateOf state,
                                                       Log& log) {
  auto impl = std::make_unique<Impl>();
  impl->factories = factories;
  impl->state = std::move(state);
  impl->log = &log;
  auto client = net::HttpClient::make(impl->loop, {});
  if (!client) return fail(client.error());
  impl->client = std::move(*client);
  return std::unique_ptr<LiveSystems>(new LiveSystems(std::move(impl)));
}

Result<std::vector<connector::CheckLine>> LiveSystems::check(const SystemConfig& system) {
  using Lines = std::vector<connector::CheckLine>;
  return impl_->with<Lines>(system, [](connector::Connector& connector) -> Task<Result<Lines>> {
    Lines lines = co_await connector.check();
    co_return lines;
  });
}

Result<std::vector<std::string>> LiveSystems::migrate(const SystemConfig& system) {
  return impl_->with<std::vector<std::string>>(system,
                                               [](connector::Connector& connector) { return connector.migrate(); });
}

Result<std::vector<std::string>> LiveSystems::read(const SystemConfig& system, const connector::TableRead& read) {
  using Rows = std::vector<std::string>;
  return impl_->with<Rows>(system, [&read](connector::Connector& connector) -> Task<Result<Rows>> {
    if (connector.tables() == nullptr) co_return fail(ErrorKind::invalid, "the system has no tables");
    connector::TableRead wanted = read;
    Task<connector::TableResult> reading = connector.tables()->read(std::move(wanted));
    connector::TableResult found = co_await reading;
    if (!found) co_return fail(Error(found.error()));
    co_return std::move(found->rows);
  });
}

}  // namespace lockstep::app
