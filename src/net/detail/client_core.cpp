#include "net/detail/client_core.hpp"

#include <algorithm>
#include <utility>

#include "net/detail/client_connection.hpp"
#include "net/detail/message_writer.hpp"

namespace lockstep::net::detail {
namespace {

// Methods that RFC 9110 section 9.2.1 calls safe and that we send.
bool is_safe(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

}  // namespace

ClientCore::ClientCore(EventLoop& loop, ClientSettings settings, asio::ssl::context tls)
    : loop_(loop), settings_(std::move(settings)), tls_(std::move(tls)) {}

void ClientCore::start(ClientRequest request, Flight::Done done) {
  ++stats_.requests;
  const auto flight = std::make_shared<Flight>();
  flight->request = std::move(request);
  flight->done = std::move(done);
  flight->safe = is_safe(flight->request.request.method);

  if (closed_) return fail_flight(*flight, Progress::nothing_sent, "the client is closed");
  const Result<Origin> origin = parse_origin(flight->request.origin);
  if (!origin) return finish(*flight, fail(origin.error()));
  if (auto trouble = request_trouble(flight->request.request)) {
    return finish(*flight, fail(ErrorKind::invalid, std::move(*trouble)));
  }
  const AddressReach reach = flight->request.reach.value_or(settings_.reach);
  const std::string key = origin->key() + ' ' + std::to_string(static_cast<int>(reach)) + ' ' + flight->request.share;
  if (!pools_.contains(key) && pools_.size() >= settings_.limits.origins_limit) {
    return finish(*flight, fail(ErrorKind::exhausted, "too many origins at once"));
  }
  auto& slot = pools_[key];
  if (!slot) slot = std::make_unique<ClientPool>(ClientPool{key, *origin, reach, {}, {}, {}});
  ClientPool& pool = *slot;
  if (pool.waiting.size() >= settings_.limits.queue_per_origin_limit) {
    return finish(*flight, fail(ErrorKind::exhausted, "too many requests wait for " + pool.origin.host));
  }
  // The pool lives as long as it has connections or waiting flights; a flight without both has no timer any more.
  flight->deadline_timer = loop_.after(flight->request.deadline, [self = shared_from_this(), &pool, flight] {
    flight->deadline_timer.reset();
    self->on_deadline(pool, flight);
  });
  pool.waiting.push_back(flight);
  pump(pool);
}

void ClientCore::on_deadline(ClientPool& pool, const std::shared_ptr<Flight>& flight) {
  if (const auto connection = flight->connection) {
    const Progress progress = connection->abandon();
    fail_flight(*flight, progress, "no complete answer from " + pool.origin.host + " before the deadline");
    drop(pool, *connection);
    return;
  }
  std::erase(pool.waiting, flight);
  fail_flight(*flight, Progress::nothing_sent, "no free connection to " + pool.origin.host + " before the deadline");
}

void ClientCore::finish(Flight& flight, Result<wire::HttpResponse> result) {
  if (flight.deadline_timer) loop_.cancel(*std::exchange(flight.deadline_timer, std::nullopt));
  flight.connection.reset();
  // Posted: the caller may send again at once, and must not find us in the middle of something.
  loop_.post(
      [done = std::exchange(flight.done, nullptr), result = std::move(result)]() mutable { done(std::move(result)); });
}

void ClientCore::fail_flight(Flight& flight, Progress progress, std::string what) {
  const bool unknown = progress == Progress::sent && !flight.safe;
  finish(flight, fail(unknown ? ErrorKind::maybe_applied : ErrorKind::unavailable, std::move(what)));
}

std::shared_ptr<ClientConnection> ClientCore::take_idle(ClientPool& pool) {
  while (!pool.idle.empty()) {
    const auto connection = std::move(pool.idle.back());
    pool.idle.pop_back();
    if (connection->usable()) return connection;
    connection->abandon();
    std::erase(pool.connections, connection);
  }
  return nullptr;
}

void ClientCore::dial(ClientPool& pool, std::shared_ptr<Flight> flight) {
  ++stats_.connections_dialled;
  const auto connection = std::make_shared<ClientConnection>(shared_from_this(), pool);
  pool.connections.push_back(connection);
  flight->connection = connection;
  connection->dial(std::move(flight));
}

void ClientCore::pump(ClientPool& pool) {
  while (!pool.waiting.empty()) {
    auto connection = take_idle(pool);
    if (!connection && pool.connections.size() >= settings_.limits.connections_per_origin_limit) return;
    auto flight = std::move(pool.waiting.front());
    pool.waiting.pop_front();
    if (connection) {
      flight->connection = connection;
      connection->carry(std::move(flight));
    } else {
      dial(pool, std::move(flight));
    }
  }
}

void ClientCore::retry(ClientPool& pool, std::shared_ptr<Flight> flight) {
  flight->retried = true;
  dial(pool, std::move(flight));
}

void ClientCore::park(ClientPool& pool, std::shared_ptr<ClientConnection> connection) {
  pool.idle.push_back(std::move(connection));
  pump(pool);
  start_sweep();
}

void ClientCore::drop(ClientPool& pool, ClientConnection& connection) {
  std::erase_if(pool.connections, [&](const auto& known) { return known.get() == &connection; });
  pump(pool);
  if (!pool.connections.empty() || !pool.waiting.empty()) return;
  // Later, because callers further up the stack may still be looking at the pool.
  loop_.post([weak = weak_from_this(), key = pool.key] {
    if (const auto self = weak.lock()) self->forget_if_unused(key);
  });
}

void ClientCore::forget_if_unused(const std::string& key) {
  const auto found = pools_.find(key);
  if (found == pools_.end()) return;
  if (found->second->connections.empty() && found->second->waiting.empty()) pools_.erase(found);
}

void ClientCore::start_sweep() {
  if (sweep_timer_) return;
  const bool any_idle = std::ranges::any_of(pools_, [](const auto& entry) { return !entry.second->idle.empty(); });
  if (!any_idle) return;
  const Duration interval = std::max<Duration>(settings_.limits.idle_timeout / 2, std::chrono::milliseconds(5));
  sweep_timer_ = loop_.after(interval, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->sweep();
  });
}

void ClientCore::sweep() {
  sweep_timer_.reset();
  std::vector<std::shared_ptr<ClientConnection>> over;
  for (const auto& [key, pool] : pools_) {
    std::erase_if(pool->idle, [&](const auto& connection) {
      const bool usable = connection->usable();
      if (!usable) over.push_back(connection);
      return !usable;
    });
  }
  for (const auto& connection : over) {
    connection->abandon();
    drop(connection->pool(), *connection);
  }
  start_sweep();
}

void ClientCore::close() {
  closed_ = true;
  if (sweep_timer_) loop_.cancel(*std::exchange(sweep_timer_, std::nullopt));
  const auto pools = std::exchange(pools_, {});
  for (const auto& [key, pool] : pools) {
    for (const auto& flight : pool->waiting) fail_flight(*flight, Progress::nothing_sent, "the client was closed");
    for (const auto& connection : pool->connections) {
      const auto flight = connection->busy() ? connection->flight() : nullptr;
      const Progress progress = connection->abandon();
      if (flight) fail_flight(*flight, progress, "the client was closed before the answer was complete");
    }
  }
}

ClientStats ClientCore::snapshot() const {
  ClientStats stats = stats_;
  for (const auto& [key, pool] : pools_) {
    stats.connections_open += pool->connections.size();
    stats.connections_idle += pool->idle.size();
    stats.requests_waiting += pool->waiting.size();
  }
  return stats;
}

}  // namespace lockstep::net::detail
