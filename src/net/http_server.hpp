// An HTTP/1.1 server on an event loop: keep-alive, pipelining (answered in order), TLS when a
// certificate is given, chunked streaming.
//
// Owns the listening socket and all its connections; called on the loop's thread only. What it finds wrong
// itself it answers as application/problem+json (RFC 9457): 400 malformed, 408 too slow, 413 body and 431 head
// too large, 429 with Retry-After when there are too many connections (A2: GHL redelivers only after a 429).
// Memory is bounded by connections_limit x (header, body and pending limits) (O3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "net/event_loop.hpp"
#include "net/exchange.hpp"
#include "net/limits.hpp"

namespace lockstep::net {

struct ServerTls {
  std::string certificate_chain_file;  // PEM, leaf first
  std::string private_key_file;        // PEM
};

struct ServerSettings {
  std::string address = "127.0.0.1";  // an IPv4 or IPv6 address; "::" takes both families
  std::uint16_t port = 0;             // 0: the system chooses, see port()
  ServerLimits limits;
  std::optional<ServerTls> tls = {};
};

struct ServerStats {
  std::size_t connections_open = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  // over a connection limit
  std::uint64_t requests = 0;             // handed to the handler
  std::uint64_t requests_refused = 0;     // answered here: malformed, too large, too slow, too many
};

class HttpServer {
 public:
  // invalid: the address or the TLS files; unavailable: the port is taken.
  static Result<std::unique_ptr<HttpServer>> listen(EventLoop& loop, ServerSettings settings, Handler handler);
  ~HttpServer();  // as close(), and the handler is not called any more
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;
  ServerStats stats() const;

  // Stops accepting, closes idle connections, lets current exchanges finish; then calls `done`, once.
  // Streams are exchanges too: their owners close them.
  void drain(Action done);
  // Closes the listening socket and every connection now.
  void close();

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockstep::net
