// Socket.IO 5, the server's side, on top of Engine.IO messages, without sockets: packets to values and back, and one
// client's namespaces, acknowledgements and attachments. Wire format: https://github.com/socketio/socket.io-protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "fanout/topic_hub.hpp"
#include "wire/frame.hpp"

namespace lockstep::fanout {

enum class SocketPacketType { connect, disconnect, event, ack, connect_error, binary_event, binary_ack };

struct SocketPacket {
  SocketPacketType type = SocketPacketType::event;
  std::string nsp = "/";
  std::optional<std::uint64_t> id;  // of the acknowledgement that is asked for or given
  std::size_t attachments = 0;      // binary messages that follow
  Json data;                        // null: none
};

// `text` without the '4' of Engine.IO. `invalid` for what the protocol does not allow; the connection is then closed.
Result<SocketPacket> parse_socket_packet(std::string_view text);

// The whole Engine.IO packet, '4' included. `data` is JSON text, "" for none.
wire::Frame socket_frame(SocketPacketType type, std::string_view nsp, std::optional<std::uint64_t> id,
                         std::string_view data, std::size_t attachments = 0);

// A placeholder {"_placeholder":true,"num":n} is the attachment n; bytes stay outside of JSON.
struct SocketEvent {
  std::string nsp;
  JsonArray args;  // the first is the event's name
  std::vector<std::string> attachments;
  std::optional<std::uint64_t> ack;  // the client waits for an answer
};

struct SocketSettings {
  Duration connect_timeout = std::chrono::seconds(45);  // for the first CONNECT
  std::size_t namespaces_limit = 16;
  std::size_t attachments_limit = 16;
  std::size_t attachment_bytes_limit = 1'000'000;  // together
};

// One client. It says what is to be sent; the owner sends it over the Engine.IO session.
class SocketClient {
 public:
  struct Owner {
    std::function<Delivered(const wire::Frame&)> send;
    // A namespace is asked for. The answer comes by accept() or refuse(), now or later.
    std::function<void(const std::string& nsp, const JsonObject& auth)> on_connect;
    std::function<void(SocketEvent event)> on_event;
    std::function<void(const std::string& nsp, std::uint64_t id, const JsonArray& args)> on_ack;
    std::function<void(const std::string& nsp)> on_disconnect;  // the client has left it
    std::function<void(std::string_view why)> on_violation;     // close the transport
  };

  SocketClient(SocketSettings settings, Owner owner, Duration now);

  void on_message(wire::FrameKind kind, std::string_view message);
  void tick(Duration now);  // closes when nobody connects

  // `pid`: the private id with which the client may recover; "" for none.
  void accept(const std::string& nsp, std::string_view sid, std::string_view pid);
  void refuse(const std::string& nsp, const std::string& message, const Json& data);
  void disconnect(const std::string& nsp);  // the client does not come back by itself
  bool connected(const std::string& nsp) const;

  Delivered send(const wire::Frame& frame) { return owner_.send(frame); }
  // Sends an event with a number that the client acknowledges; on_ack gives it back.
  Delivered emit(const std::string& nsp, const JsonArray& args, std::optional<std::uint64_t> ack);
  void answer(const std::string& nsp, std::uint64_t id, const JsonArray& args,
              const std::vector<std::string>& attachments = {});

 private:
  enum class Stage { asking, connected };
  struct Half {  // a packet whose attachments are still to come
    SocketPacket packet;
    std::vector<std::string> attachments;
    std::size_t bytes = 0;
  };

  void take(SocketPacket packet, std::vector<std::string> attachments);
  void connect(const SocketPacket& packet);

  SocketSettings settings_;
  Owner owner_;
  std::map<std::string, Stage> namespaces_;
  std::optional<Half> half_;
  Duration connect_until_;
  bool ever_connected_ = false;
};

}  // namespace lockstep::fanout
