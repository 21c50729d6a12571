#include "net/detail/server_core.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include "net/address_policy.hpp"
#include "net/detail/message_writer.hpp"
#include "net/detail/server_connection.hpp"

namespace lockstep::net::detail {
namespace {

// How long accepting rests when the process is out of descriptors.
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);

// Deadlines are kept by one coarse sweep instead of a timer per request; they are late by at most this.
Duration sweep_interval(const ServerLimits& limits) {
  const Duration shortest = std::min({limits.request_timeout, limits.idle_timeout, limits.write_timeout,
                                      limits.linger_timeout, limits.websocket_ping_after});
  return std::clamp<Duration>(shortest / 4, std::chrono::milliseconds(5), std::chrono::seconds(1));
}

std::string address_text(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

}  // namespace

ServerCore::ServerCore(EventLoop& loop, ServerSettings settings, Handler handler, std::optional<asio::ssl::context> tls)
    : loop_(loop),
      settings_(std::move(settings)),
      handler_(std::move(handler)),
      tls_(std::move(tls)),
      acceptor_(loop.impl().context),
      sweep_interval_(sweep_interval(settings_.limits)) {}

ServerCore::~ServerCore() = default;

ParserLimits ServerCore::parser_limits() const {
  return {limits().header_bytes_limit, limits().header_fields_limit, limits().body_bytes_limit};
}

Result<std::uint16_t> ServerCore::listen() {
  error_code error;
  const auto address = asio::ip::make_address(settings_.address, error);
  if (error) return fail(ErrorKind::invalid, "listen address " + settings_.address + ": " + error.message());
  const TcpEndpoint endpoint(address, settings_.port);
  const auto failed = [&](std::string_view what) {
    return fail(
        ErrorKind::unavailable,
        std::string(what) + " " + settings_.address + ":" + std::to_string(settings_.port) + ": " +
            (error == asio::error::address_in_use ? "another program has this port; choose another one, or stop it"
                                                  : error.message()));
  };
  acceptor_.open(endpoint.protocol(), error);
  if (error) return failed("open");
  acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (error) return failed("reuse");
  if (address.is_v6()) {
    acceptor_.set_option(asio::ip::v6_only(false), error);
    if (error) return failed("accept IPv4 on");
  }
  acceptor_.bind(endpoint, error);
  if (error) return failed("listen on");
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return failed("listen on");
  const auto bound = acceptor_.local_endpoint(error);
  if (error) return failed("listen on");
  date_ = http_date(loop_.clock().now());
  return bound.port();
}

void ServerCore::accept() {
  acceptor_.async_accept([self = shared_from_this()](const error_code& error, TcpSocket socket) {
    self->on_accept(error, std::move(socket));
  });
}

void ServerCore::on_accept(const error_code& error, TcpSocket socket) {
  if (!acceptor_.is_open()) return;  // draining or closed
  if (error == asio::error::no_descriptors || error == asio::error::no_memory ||
      error == asio::error::no_buffer_space) {
    accept_timer_ = loop_.after(kAcceptPause, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && self->acceptor_.is_open()) self->accept();
    });
    return;
  }
  if (!error) admit(std::move(socket));
  accept();
}

std::optional<Admission> ServerCore::admission(const std::string& address) const {
  const std::size_t serving = connections_.size() - refusing_;
  bool over = serving >= limits().connections_limit;
  if (limits().connections_per_address_limit) {
    const auto found = per_address_.find(network_of(address));
    over = over || (found != per_address_.end() && found->second >= *limits().connections_per_address_limit);
  }
  if (!over) return Admission::serve;
  if (refusing_ < limits().refused_connections_limit) return Admission::refuse;
  return std::nullopt;
}

void ServerCore::admit(TcpSocket socket) {
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return;  // gone already
  std::string address = address_text(peer.address());
  const std::optional<Admission> admitted = admission(address);
  if (admitted != Admission::serve) ++stats_.connections_refused;
  if (!admitted) return;
  ++stats_.connections_accepted;
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  if (error) return;
  socket.set_option(asio::socket_base::keep_alive(true), error);
  if (error) return;

  if (*admitted == Admission::refuse) {
    ++refusing_;
  } else if (limits().connections_per_address_limit) {
    ++per_address_[network_of(address)];
  }
  const auto connection =
      std::make_shared<ServerConnection>(shared_from_this(), std::move(socket), std::move(address), *admitted);
  connection->index = connections_.size();
  connections_.push_back(connection.get());
  start_sweep();
  connection->start();
}

void ServerCore::remove(ServerConnection& connection) {
  connections_[connection.index] = connections_.back();
  connections_[connection.index]->index = connection.index;
  connections_.pop_back();
  if (connection.admission() == Admission::refuse) {
    --refusing_;
  } else if (limits().connections_per_address_limit) {
    const auto found = per_address_.find(network_of(connection.remote_address()));
    if (--found->second == 0) per_address_.erase(found);
  }
  if (draining_) finish_drain();
}

void ServerCore::handle(ServerRequest request, std::shared_ptr<Exchange> exchange) {
  ++stats_.requests;
  handler_(std::move(request), std::move(exchange));
}

void ServerCore::flush_later(std::shared_ptr<ServerConnection> connection) {
  unflushed_.push_back(std::move(connection));
  if (unflushed_.size() > 1) return;  // the first one has arranged it
  auto flush = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->flush_streams();
  };
  const Duration interval = limits().stream_flush_interval;
  const Duration passed = interval > Duration::zero() ? now() - last_flush_ : interval;
  if (passed >= interval) {
    loop_.post(std::move(flush));
  } else {
    loop_.after(interval - passed, std::move(flush));
  }
}

void ServerCore::flush_streams() {
  last_flush_ = now();
  const auto connections = std::exchange(unflushed_, {});
  for (const auto& connection : connections) connection->flush_stream();
}

void ServerCore::start_sweep() {
  if (sweep_timer_ || connections_.empty()) return;
  date_ = http_date(loop_.clock().now());
  sweep_timer_ = loop_.after(sweep_interval_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->sweep();
  });
}

void ServerCore::sweep() {
  sweep_timer_.reset();
  const Duration time = now();
  // Backwards: remove() fills the gap with a connection that was already looked at.
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (i < connections_.size()) connections_[i]->check_deadlines(time);
  }
  start_sweep();
}

ServerStats ServerCore::snapshot() const {
  ServerStats stats = stats_;
  stats.connections_open = connections_.size();
  return stats;
}

void ServerCore::stop_accepting() {
  error_code ignored;  // the descriptor is released whatever close() reports
  acceptor_.close(ignored);
  if (accept_timer_) loop_.cancel(*std::exchange(accept_timer_, std::nullopt));
}

void ServerCore::drain(Action done) {
  stop_accepting();
  draining_ = true;
  drained_ = std::move(done);
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (i < connections_.size()) connections_[i]->begin_drain();
  }
  finish_drain();
}

void ServerCore::finish_drain() {
  if (connections_.empty() && drained_) loop_.post(std::exchange(drained_, nullptr));
}

void ServerCore::close() {
  stop_accepting();
  while (!connections_.empty()) connections_.back()->close();
  unflushed_.clear();
  if (sweep_timer_) loop_.cancel(*std::exchange(sweep_timer_, std::nullopt));
}

void ServerCore::forget_handler() { handler_ = nullptr; }

}  // namespace lockstep::net::detail
