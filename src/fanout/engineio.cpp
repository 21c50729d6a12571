#include "fanout/engineio.hpp"

#include <utility>

#include "base/json.hpp"
#include "wire/signature.hpp"

namespace lockstep::fanout {
namespace {

constexpr char kSeparator = '\x1e';
constexpr std::size_t kPacketsLimit = 1'000;  // of one POST

const EngineError kTransportUnknown{0, "Transport unknown"};
const EngineError kBadHandshakeMethod{2, "Bad handshake method"};
const EngineError kBadRequest{3, "Bad request"};
const EngineError kUnsupportedVersion{5, "Unsupported protocol version"};

}  // namespace

std::string EngineError::json() const { return to_text(JsonObject{{"code", code}, {"message", message}}); }

std::expected<EngineRequest, EngineError> read_engine_request(std::string_view method, const wire::Target& target,
                                                              RequestKind kind) {
  EngineRequest out;
  const std::string_view transport = target.parameter("transport");
  if (transport == "websocket") {
    out.transport = Transport::websocket;
  } else if (transport != "polling") {
    return std::unexpected(kTransportUnknown);
  }
  out.sid = target.parameter("sid");
  const bool websocket = out.transport == Transport::websocket;
  if (out.sid.empty() && method != "GET") return std::unexpected(kBadHandshakeMethod);
  if (websocket != (kind == RequestKind::upgrade)) return std::unexpected(kBadRequest);
  if (method != "GET" && (method != "POST" || websocket)) return std::unexpected(kBadRequest);
  if (target.parameter("EIO") != "4") return std::unexpected(kUnsupportedVersion);
  return out;
}

std::optional<std::vector<std::string_view>> parse_payload(std::string_view body) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t end = std::min(body.find(kSeparator), body.size());
    const std::string_view packet = body.substr(0, end);
    // Open, upgrade and noop are never a client's, over polling.
    if (packet.empty() || std::string_view("1234b").find(packet.front()) == std::string_view::npos) return std::nullopt;
    if (out.size() == kPacketsLimit) return std::nullopt;
    out.push_back(packet);
    if (end == body.size()) return out;
    body.remove_prefix(end + 1);
  }
}

EngineSession::EngineSession(std::string sid, EngineSettings settings, Carrier carrier, Listener listener, Duration now)
    : sid_(std::move(sid)),
      settings_(settings),
      carrier_(std::move(carrier)),
      listener_(std::move(listener)),
      next_ping_(now + settings.ping_interval) {}

std::string EngineSession::open_packet(Transport transport) const {
  const auto ms = [](Duration time) { return std::chrono::duration_cast<std::chrono::milliseconds>(time).count(); };
  JsonArray upgrades;
  if (transport == Transport::polling) upgrades.emplace_back("websocket");
  return "0" + to_text(JsonObject{{"sid", sid_},
                                  {"upgrades", std::move(upgrades)},
                                  {"pingInterval", ms(settings_.ping_interval)},
                                  {"pingTimeout", ms(settings_.ping_timeout)},
                                  {"maxPayload", settings_.payload_bytes_limit}});
}

EngineSession::Polled EngineSession::poll(Duration) {
  if (closed() || transport_ != Transport::polling) return Polled::refused;
  if (polling_) {  // two at once: one of them belongs to nobody
    end("transport error");
    return Polled::refused;
  }
  polling_ = true;
  if (!queue_.empty()) {
    flush_poll();
  } else if (probed_) {
    polling_ = false;
    carrier_.answer_poll("6");
  }
  return polling_ ? Polled::waits : Polled::answered;
}

void EngineSession::poll_gone() {
  if (std::exchange(polling_, false)) end("transport close");
}

EngineSession::Posted EngineSession::post(std::string_view body, Duration now) {
  if (closed() || transport_ != Transport::polling) return Posted::refused;
  const auto packets = parse_payload(body);
  if (!packets) {
    end("parse error");
    return Posted::refused;
  }
  for (const std::string_view packet : *packets) {
    if (closed()) break;
    if (packet.front() == 'b') {
      const std::optional<std::string> bytes = wire::base64_decode(packet.substr(1));
      if (!bytes) {
        end("parse error");
        return Posted::refused;
      }
      listener_.on_message(wire::FrameKind::binary, *bytes);
    } else {
      take_packet(packet, now);
    }
  }
  return Posted::ok;
}

void EngineSession::start_on_websocket() {
  transport_ = Transport::websocket;
  control(wire::text_frame(open_packet(Transport::websocket)));
}

void EngineSession::websocket_message(wire::FrameKind kind, std::string_view message, Duration now) {
  if (closed()) return;
  if (probing_) {
    if (kind == wire::FrameKind::text && message == "2probe" && !probed_) {
      probed_ = true;
      if (carrier_.send_frame(wire::text_frame("3probe")) == Delivered::full) return end("transport error");
      if (std::exchange(polling_, false)) carrier_.answer_poll("6");
      return;
    }
    if (kind == wire::FrameKind::text && message == "5" && probed_) return finish_upgrade();
    carrier_.close_websocket();  // the session goes on without it
    return websocket_gone();
  }
  if (kind == wire::FrameKind::binary) return listener_.on_message(kind, message);
  if (message.empty() || std::string_view("134").find(message.front()) == std::string_view::npos) {
    return end("parse error");
  }
  take_packet(message, now);
}

void EngineSession::take_packet(std::string_view packet, Duration now) {
  switch (packet.front()) {
    case '1':
      if (std::exchange(polling_, false)) carrier_.answer_poll("6");
      return end("transport close");
    case '3':
      if (pong_until_) next_ping_ = now + settings_.ping_interval;
      pong_until_.reset();
      return;
    case '4': return listener_.on_message(wire::FrameKind::text, packet.substr(1));
    default: return;  // a ping from a client of an older kind
  }
}

void EngineSession::finish_upgrade() {
  probing_ = probed_ = false;
  transport_ = Transport::websocket;
  if (std::exchange(polling_, false)) carrier_.answer_poll("6");
  const auto queue = std::exchange(queue_, {});
  queue_bytes_ = 0;
  for (const wire::Frame& frame : queue) {
    if (carrier_.send_frame(frame) == Delivered::full) return end("transport error");
  }
  if (listener_.on_room) listener_.on_room();
}

void EngineSession::websocket_gone() {
  if (closed()) return;
  if (!probing_) return end("transport close");
  probing_ = probed_ = false;
  if (polling_ && !queue_.empty()) flush_poll();
}

Delivered EngineSession::send(const wire::Frame& frame) {
  if (closed()) return Delivered::yes;
  if (transport_ == Transport::websocket) return carrier_.send_frame(frame);
  if (queue_bytes_ + frame.size() > settings_.queue_bytes_limit) return Delivered::full;
  control(frame);
  return Delivered::yes;
}

// What must not be refused for want of room: little, and not often.
void EngineSession::control(const wire::Frame& frame) {
  if (transport_ == Transport::websocket) {
    if (carrier_.send_frame(frame) == Delivered::full) end("transport error");
    return;
  }
  queue_bytes_ += frame.size();
  queue_.push_back(frame);
  if (polling_ && !probed_) flush_poll();
}

void EngineSession::flush_poll() {
  std::string body;
  body.reserve(queue_bytes_ + queue_.size());
  for (const wire::Frame& frame : queue_) {
    if (!body.empty()) body += kSeparator;
    if (frame.kind() == wire::FrameKind::text) {
      body += frame.payload();
    } else {
      body += 'b';
      body += wire::base64_encode(frame.payload());
    }
  }
  queue_.clear();
  queue_bytes_ = 0;
  polling_ = false;
  carrier_.answer_poll(std::move(body));
  if (listener_.on_room) listener_.on_room();
}

std::size_t EngineSession::pending_bytes() const {
  return queue_bytes_ + (transport_ == Transport::websocket ? carrier_.websocket_pending() : 0);
}

void EngineSession::tick(Duration now) {
  if (closed()) return;
  if (pong_until_) {
    if (now >= *pong_until_) end("ping timeout");
    return;
  }
  if (now < next_ping_) return;
  pong_until_ = now + settings_.ping_timeout;
  control(wire::text_frame("2"));
}

void EngineSession::close(std::string_view reason) {
  if (!closed()) end(reason);
}

void EngineSession::end(std::string_view reason) {
  if (closed()) return;
  state_ = State::closed;
  queue_.clear();
  queue_bytes_ = 0;
  if (std::exchange(polling_, false)) carrier_.answer_poll("1");
  if (transport_ == Transport::websocket || probing_) carrier_.close_websocket();
  listener_.on_closed(reason);
}

}  // namespace lockstep::fanout
