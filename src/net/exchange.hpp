// One HTTP request and its answer, as the handler sees them. Everything here is called on the
// loop's thread. Interfaces, so that the gateway can be tested without a socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/loop.hpp"
#include "wire/frame.hpp"
#include "wire/http.hpp"

namespace lockstep::net {

struct ServerRequest {
  wire::HttpRequest request;   // an Upgrade request arrives like any other
  std::string remote_address;  // of the peer's socket, without port; no forwarded header is believed
};

enum class WriteOutcome {
  accepted,
  over_limit,  // not queued: the reader is slow; the caller decides whether to skip, resync or close
  closed,      // not queued: the peer is gone
};

// A response body that is written piece by piece (SSE, long downloads).
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  // The bytes are shared, never copied: one serialization serves every subscriber.
  virtual WriteOutcome write(std::shared_ptr<const std::string> bytes) = 0;
  virtual std::size_t pending_bytes() const = 0;  // queued and not yet taken by the kernel
  // Ends the body properly once everything queued is written. Destroying the stream does the same.
  virtual void close() = 0;
  // Called once, from the loop, when the peer is gone before close() was called. One action per stream.
  virtual void on_close(Action action) = 0;
};

// What comes from the other side of a websocket. on_close is called once, whoever closed, with the code that the peer
// gave (1005: none, 1006: the connection was lost); nothing is called after it.
struct WebSocketEvents {
  std::function<void(wire::FrameKind kind, std::string_view message)> on_message;
  std::function<void(std::uint16_t code)> on_close;
};

// The server's end of a websocket. Pings are sent and answered below; messages are whole and, where text, valid UTF-8.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  // The bytes are shared, never copied.
  virtual WriteOutcome send(const wire::Frame& frame) = 0;
  virtual std::size_t pending_bytes() const = 0;
  // Says goodbye after everything queued; the peer has a moment to answer. Nothing can be sent any more.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
};

// Exactly one of respond(), stream(), upgrade() and abort() is called, once, now or later. An exchange that is destroyed
// unanswered answers 500. When the peer is gone the answer is dropped.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // Content-Length, Date, Connection and Transfer-Encoding are set here; "Connection: close" is honoured.
  virtual void respond(wire::HttpResponse response) = 0;
  // `head.body` must be empty.
  virtual std::shared_ptr<BodyStream> stream(wire::HttpResponse head) = 0;
  // Only for a request that is_websocket_upgrade(). The peer is told 101; messages may come from the next turn on.
  virtual std::shared_ptr<WebSocket> upgrade(WebSocketEvents events) = 0;
  // Cuts the connection without a word: what a sandbox does when it plays a lost answer.
  virtual void abort() = 0;
};

// A GET that asks for a websocket of version 13 in the way that RFC 6455 wants.
bool is_websocket_upgrade(const wire::HttpRequest& request);

using Handler = std::function<void(ServerRequest, std::shared_ptr<Exchange>)>;

}  // namespace lockstep::net
