// Engine.IO 4, the server's side, without sockets: one session over long polling, a websocket, or first the one and
// then the other. Bytes, frames and the time come in; what has to be done goes to a Carrier (towards the network) and a
// listener (towards Socket.IO). Wire format: https://github.com/socketio/engine.io-protocol.
//
// What is sent while no poll waits and no websocket is up is queued, up to a limit (O3); during an upgrade it waits for
// its end, so that the order is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "fanout/topic_hub.hpp"
#include "wire/frame.hpp"
#include "wire/http.hpp"

namespace lockstep::fanout {

struct EngineSettings {
  Duration ping_interval = std::chrono::milliseconds(25'000);
  Duration ping_timeout = std::chrono::milliseconds(20'000);
  std::size_t payload_bytes_limit = 1'000'000;  // of a POST and of a websocket message
  std::size_t queue_bytes_limit = 256 << 10;    // of what waits for the next poll
};

enum class Transport { polling, websocket };

// What an HTTP request to the path of Engine.IO asks for.
struct EngineRequest {
  Transport transport = Transport::polling;
  std::string sid;  // "" opens a session
};

// Error codes and texts are the protocol's.
struct EngineError {
  int code = 3;
  std::string_view message = "Bad request";
  unsigned status() const { return code == 4 ? 403 : 400; }
  std::string json() const;
};

// `upgrade`: the request asks for a websocket.
enum class RequestKind { plain, upgrade };
std::expected<EngineRequest, EngineError> read_engine_request(std::string_view method, const wire::Target& target,
                                                              RequestKind kind);

// The packets of a POST's body, or nothing when one of them is none. Views into `body`.
std::optional<std::vector<std::string_view>> parse_payload(std::string_view body);

class EngineSession {
 public:
  // Called from within the session's methods. A carrier may drop its hold on the session only after they return.
  struct Carrier {
    std::function<void(std::string body)> answer_poll;  // the GET that waits
    // Over the websocket of the session.
    std::function<Delivered(const wire::Frame&)> send_frame;
    std::function<void()> close_websocket;
    std::function<std::size_t()> websocket_pending;
  };
  struct Listener {
    std::function<void(wire::FrameKind kind, std::string_view message)> on_message;
    std::function<void(std::string_view reason)> on_closed;  // once; the session is over
    std::function<void()> on_room;                           // a poll has taken what was queued
  };

  EngineSession(std::string sid, EngineSettings settings, Carrier carrier, Listener listener, Duration now);

  const std::string& sid() const { return sid_; }
  bool closed() const { return state_ == State::closed; }
  Transport transport() const { return transport_; }

  // The first answer: of the GET that opened the session, or the first frame of its websocket.
  std::string open_packet(Transport transport) const;

  enum class Polled { answered, waits, refused };  // refused: 400, and the session is closed
  Polled poll(Duration now);                       // a GET; `answered` by carrier.answer_poll
  void poll_gone();                                // the client has given its GET up
  enum class Posted { ok, refused };
  Posted post(std::string_view body, Duration now);

  // A websocket for this session was opened: the first one, or one that wants to take over from polling.
  void start_on_websocket();
  bool may_probe() const { return state_ == State::open && transport_ == Transport::polling && !probing_; }
  void start_probe() { probing_ = true; }
  void websocket_message(wire::FrameKind kind, std::string_view message, Duration now);
  void websocket_gone();

  // `frame` is a whole Engine.IO packet: text begins with '4', binary has no prefix. One buffer may serve many sessions.
  Delivered send(const wire::Frame& frame);
  // What is queued here and in the websocket.
  std::size_t pending_bytes() const;

  // Heartbeats; to be called about once a second.
  void tick(Duration now);
  void close(std::string_view reason);

 private:
  enum class State { open, closed };

  void take_packet(std::string_view packet, Duration now);
  void control(const wire::Frame& frame);
  void flush_poll();
  void finish_upgrade();
  void end(std::string_view reason);

  std::string sid_;
  EngineSettings settings_;
  Carrier carrier_;
  Listener listener_;
  State state_ = State::open;
  Transport transport_ = Transport::polling;
  bool polling_ = false;  // a GET waits
  bool probing_ = false;  // a second transport is up and not used yet
  bool probed_ = false;   // it has been answered
  std::deque<wire::Frame> queue_;
  std::size_t queue_bytes_ = 0;
  Duration next_ping_;
  std::optional<Duration> pong_until_;
};

}  // namespace lockstep::fanout
