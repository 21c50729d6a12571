// One HTTP request and its answer, as the handler sees them. Everything here is called on the
// loop's thread. Interfaces, so that the gateway can be tested without a socket.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/loop.hpp"
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

// Exactly one of respond(), stream() and abort() is called, once, now or later. An exchange that is destroyed
// unanswered answers 500. When the peer is gone the answer is dropped.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // Content-Length, Date, Connection and Transfer-Encoding are set here; "Connection: close" is honoured.
  virtual void respond(wire::HttpResponse response) = 0;
  // `head.body` must be empty.
  virtual std::shared_ptr<BodyStream> stream(wire::HttpResponse head) = 0;
  // Cuts the connection without a word: what a sandbox does when it plays a lost answer.
  virtual void abort() = 0;
};

using Handler = std::function<void(ServerRequest, std::shared_ptr<Exchange>)>;

}  // namespace lockstep::net
