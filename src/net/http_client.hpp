// An asynchronous HTTP/1.1 client on an event loop: pooled keep-alive connections per origin and share, TLS
// with verification, a deadline and a bounded response for every request. On the loop's thread only.
//
// The error kind says what may have happened at the other end:
//   unavailable    certainly not applied: name look-up, connection or TLS failed, or the client was closed before
//                  a byte went out; for GET, HEAD and OPTIONS also any later failure
//   maybe_applied  bytes of another method went out and no complete answer came back (X2)
//   exhausted      a limit of ours: the queue is full (nothing was sent), or the answer to a GET is too large
//   invalid        the origin or the request cannot be sent, or the address policy refuses the host
// Any complete response is a value, whatever its status. Redirects are not followed.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/task.hpp"
#include "net/address_policy.hpp"
#include "net/event_loop.hpp"
#include "net/limits.hpp"
#include "wire/http.hpp"

namespace lockstep::net {

struct ClientRequest {
  std::string origin;      // "https://services.leadconnectorhq.com" or "http://[::1]:8080": scheme, host, port, no path
  std::string share = {};  // requests of one share use the same connections; one share's hanging calls hold up no other
  wire::HttpRequest request;                     // Host, Content-Length and Connection are set by the client
  Duration deadline = std::chrono::seconds(30);  // from now to the last byte of the answer, waiting included
  std::size_t response_bytes_limit = 4 << 20;
  std::optional<AddressReach> reach = {};  // instead of the client's
};

struct ClientSettings {
  AddressReach reach = AddressReach::public_only;  // of requests that say nothing else
  ClientLimits limits;
  std::optional<std::string> ca_file = {};  // PEM; trusted in addition to the system's roots
};

struct ClientStats {
  std::size_t connections_open = 0;  // being dialled, in use or idle
  std::size_t connections_idle = 0;
  std::size_t requests_waiting = 0;  // for a connection
  std::uint64_t connections_dialled = 0;
  std::uint64_t requests = 0;
};

class HttpClient {
 public:
  // invalid: ca_file is unreadable.
  static Result<std::unique_ptr<HttpClient>> make(EventLoop& loop, ClientSettings settings);
  ~HttpClient();  // as close()
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  Task<Result<wire::HttpResponse>> send(ClientRequest request);
  // Completes everything outstanding with unavailable or maybe_applied; later requests get unavailable.
  void close();
  ClientStats stats() const;

 private:
  struct Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockstep::net
