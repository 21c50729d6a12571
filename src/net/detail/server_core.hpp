// What the connections of one server share: limits, handler, registry, deadline sweep.
// Includes Asio: only for .cpp files of this module.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/detail/event_loop_impl.hpp"
#include "net/detail/message_parser.hpp"
#include "net/detail/socket_stream.hpp"
#include "net/http_server.hpp"

namespace lockstep::net::detail {

class ServerConnection;

// Whether a connection is served or only told to come back later.
enum class Admission { serve, refuse };

// Owned together by the server and its connections, so that completions that arrive after the server is gone
// find it. Connections own themselves through their pending operations; the registry only points at them.
class ServerCore : public std::enable_shared_from_this<ServerCore> {
 public:
  ServerCore(EventLoop& loop, ServerSettings settings, Handler handler, std::optional<asio::ssl::context> tls);
  ~ServerCore();

  Result<std::uint16_t> listen();  // the port
  void accept();
  void drain(Action done);
  void close();
  void forget_handler();  // after close(): no request reaches it any more

  EventLoop& loop() { return loop_; }
  const ServerLimits& limits() const { return settings_.limits; }
  ParserLimits parser_limits() const;
  asio::ssl::context* tls() { return tls_ ? &*tls_ : nullptr; }
  ServerStats& stats() { return stats_; }
  ServerStats snapshot() const;
  bool draining() const { return draining_; }
  std::string_view date() const { return date_; }
  Duration now() const { return loop_.clock().monotonic(); }

  void handle(ServerRequest request, std::shared_ptr<Exchange> exchange);
  // A connection whose stream has something to write; flushed with all others at once.
  void flush_later(std::shared_ptr<ServerConnection> connection);
  // Called by the connection when its socket is closed.
  void remove(ServerConnection& connection);

 private:
  void on_accept(const error_code& error, TcpSocket socket);
  void admit(TcpSocket socket);
  std::optional<Admission> admission(const std::string& address) const;
  void start_sweep();
  void sweep();
  void flush_streams();
  void stop_accepting();
  void finish_drain();

  EventLoop& loop_;
  ServerSettings settings_;
  Handler handler_;
  std::optional<asio::ssl::context> tls_;
  TcpAcceptor acceptor_;
  std::vector<ServerConnection*> connections_;  // each knows its index
  std::vector<std::shared_ptr<ServerConnection>> unflushed_;
  Duration last_flush_{};
  std::size_t refusing_ = 0;  // how many of them are only told to come back
  std::unordered_map<std::string, std::size_t> per_address_;
  ServerStats stats_;
  std::string date_;
  std::optional<TimerId> sweep_timer_;
  std::optional<TimerId> accept_timer_;
  Duration sweep_interval_;
  bool draining_ = false;
  Action drained_;
};

}  // namespace lockstep::net::detail
