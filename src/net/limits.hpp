// Every limit of this module, in one place (O3). At a limit we refuse; nothing grows quietly.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "base/clock.hpp"

namespace lockstep::net {

struct ServerLimits {
  std::size_t body_bytes_limit = 1 << 20;               // a larger request body: 413
  std::size_t header_bytes_limit = 16 << 10;            // a larger request head: 431
  std::size_t header_fields_limit = 128;                // more header lines: 431
  Duration request_timeout = std::chrono::seconds(15);  // from the first byte to the last of one request: 408
  Duration idle_timeout = std::chrono::seconds(75);     // between two requests: closed without a word
  Duration write_timeout = std::chrono::seconds(30);    // a reader that takes no byte for this long is closed
  Duration linger_timeout = std::chrono::seconds(2);    // after our last byte we wait this long for the peer to close
  std::size_t connections_limit = 20'000;
  // An IPv6 address counts with its /64, which is what one customer of a provider has at least.
  std::optional<std::size_t> connections_per_address_limit = {};
  // Connections beyond a limit that are still read, to answer 429 properly; beyond these too: closed at once.
  std::size_t refused_connections_limit = 256;
  std::chrono::seconds refused_retry_after{5};
  std::size_t stream_pending_bytes_limit = 256 << 10;  // BodyStream::write says over_limit beyond it
  // Stream writes go out at the end of a turn of the loop, one system call for all that a connection got in it.
  // More than zero: at most once in this time, so that a busy stream costs fewer calls; a first write after a
  // pause is not held back.
  Duration stream_flush_interval = Duration::zero();
  std::size_t websocket_message_bytes_limit = 1'000'000;  // a longer message: closed with 1009
  // A websocket that was silent for this long is pinged; silent for twice as long: closed.
  Duration websocket_ping_after = std::chrono::seconds(30);
  std::size_t pipeline_pending_bytes_limit = 256 << 10;  // no further pipelined request is started beyond it
};

struct ClientLimits {
  std::size_t connections_per_origin_limit = 16;
  std::size_t queue_per_origin_limit = 1024;  // requests that wait for a connection; beyond: exhausted
  std::size_t origins_limit = 1024;           // origins with a connection or a queue; beyond: exhausted
  std::size_t header_bytes_limit = 64 << 10;  // of a response
  std::size_t header_fields_limit = 256;
  Duration connect_timeout = std::chrono::seconds(10);  // name look-up, TCP and TLS together
  // Shorter than the keep-alive of common servers (Node: 5 s), so that we close first and rarely lose the race.
  Duration idle_timeout = std::chrono::seconds(4);
};

}  // namespace lockstep::net
