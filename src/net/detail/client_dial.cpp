// ClientConnection until it is connected: name, address policy, TCP, TLS.
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>

#include "net/detail/client_connection.hpp"

namespace lockstep::net::detail {

ClientConnection::ClientConnection(std::shared_ptr<ClientCore> core, ClientPool& pool)
    : core_(std::move(core)),
      pool_(pool),
      stream_(TcpSocket(core_->loop().impl().context)),
      resolver_(core_->loop().impl().context) {}

void ClientConnection::dial(std::shared_ptr<Flight> flight) {
  flight_ = std::move(flight);
  error_code not_numeric;
  const auto address = asio::ip::make_address(pool_.origin.host, not_numeric);
  if (!not_numeric) return choose({TcpEndpoint(address, pool_.origin.port)});
  resolve();
}

void ClientConnection::resolve() {
  start_timer(core_->settings().limits.connect_timeout);
  resolver_.async_resolve(pool_.origin.host, std::to_string(pool_.origin.port),
                          asio::ip::resolver_base::numeric_service,
                          [self = shared_from_this()](const error_code& error, const Resolver::results_type& results) {
                            if (self->phase_ == Phase::closed) return;
                            if (error) return self->dial_failed(ErrorKind::unavailable, "look-up: " + error.message());
                            self->choose({results.begin(), results.end()});
                          });
}

void ClientConnection::choose(const std::vector<TcpEndpoint>& found) {
  for (const TcpEndpoint& endpoint : found) {
    if (permits(pool_.reach, pool_.origin.host, endpoint.address().to_string())) endpoints_.push_back(endpoint);
  }
  if (endpoints_.empty()) {
    return dial_failed(ErrorKind::invalid, "not a public address; `reach: any` at the system allows it");
  }
  connect_next();
}

void ClientConnection::connect_next() {
  if (next_endpoint_ == endpoints_.size()) return dial_failed(ErrorKind::unavailable, last_trouble_);
  phase_ = Phase::connecting;
  // Shared between the addresses, so that one that swallows packets leaves time for the next.
  start_timer(core_->settings().limits.connect_timeout / static_cast<int>(endpoints_.size()));
  stream_.close();
  stream_.socket().async_connect(endpoints_[next_endpoint_++], [self = shared_from_this()](const error_code& error) {
    if (self->phase_ == Phase::closed) return;
    if (error) {
      self->last_trouble_ =
          error == asio::error::operation_aborted ? "connect: timed out" : "connect: " + error.message();
      return self->connect_next();
    }
    error_code option_error;
    self->stream_.socket().set_option(asio::ip::tcp::no_delay(true), option_error);
    if (option_error) return self->dial_failed(ErrorKind::unavailable, "connect: " + option_error.message());
    if (self->pool_.origin.scheme == Scheme::https) return self->secure();
    self->stop_timer();
    self->send();
  });
}

void ClientConnection::secure() {
  phase_ = Phase::securing;
  start_timer(core_->settings().limits.connect_timeout);
  auto& tls = stream_.start_tls(core_->tls());
  error_code numeric;
  asio::ip::make_address(pool_.origin.host, numeric);
  const bool is_name = static_cast<bool>(numeric);
  // RFC 6066 section 3: server names are names, never addresses.
  // (SSL_set_tlsext_host_name is a macro with a cast in it.)
  if (is_name && SSL_ctrl(tls.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                          pool_.origin.host.data()) != 1) {
    return dial_failed(ErrorKind::unavailable, "TLS: the host name is not accepted");
  }
  error_code error;
  tls.set_verify_callback(asio::ssl::host_name_verification(pool_.origin.host), error);
  if (error) return dial_failed(ErrorKind::unavailable, "TLS: " + error.message());
  tls.async_handshake(asio::ssl::stream_base::client, [self = shared_from_this()](const error_code& failure) {
    if (self->phase_ == Phase::closed) return;
    if (failure) return self->dial_failed(ErrorKind::unavailable, "TLS: " + failure.message());
    self->stop_timer();
    self->send();
  });
}

void ClientConnection::dial_failed(ErrorKind kind, std::string what) {
  const auto self = shared_from_this();
  const auto flight = flight_;
  abandon();
  core_->finish(*flight, lockstep::fail(kind, pool_.origin.host + ": " + std::move(what)));
  core_->drop(pool_, *this);
}

void ClientConnection::start_timer(Duration limit) {
  stop_timer();
  timer_ = core_->loop().after(limit, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_timer();
  });
}

void ClientConnection::stop_timer() {
  if (timer_) core_->loop().cancel(*std::exchange(timer_, std::nullopt));
}

void ClientConnection::on_timer() {
  timer_.reset();
  // A connection attempt fails by its closed socket, and the next address has its turn.
  if (phase_ == Phase::connecting) return stream_.close();
  // A look-up in the C library cannot be interrupted, so nothing is waited for here.
  dial_failed(ErrorKind::unavailable, phase_ == Phase::resolving ? "look-up: timed out" : "TLS: timed out");
}

}  // namespace lockstep::net::detail
