#include "fanout/socketio.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace lockstep::fanout {
namespace {

constexpr std::size_t kNamespaceBytes = 200;
constexpr std::array<std::string_view, 6> kReserved = {"connect",       "connect_error", "disconnect",
                                                       "disconnecting", "newListener",   "removeListener"};

std::unexpected<Error> bad(std::string_view what) { return fail(ErrorKind::invalid, std::string(what)); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits at the front of `text`, taken from it; nothing when there are none.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && is_digit(text[length])) ++length;
  std::uint64_t value = 0;
  if (length == 0 || length > 15) return std::nullopt;
  std::from_chars(text.data(), text.data() + length, value);
  text.remove_prefix(length);
  return value;
}

Result<void> check_data(const SocketPacket& packet) {
  const Json& data = packet.data;
  switch (packet.type) {
    case SocketPacketType::connect:
      if (!data.is_null() && !data.is_object()) return bad("the data of CONNECT is an object");
      return {};
    case SocketPacketType::disconnect:
      if (!data.is_null()) return bad("DISCONNECT has no data");
      return {};
    case SocketPacketType::connect_error: return bad("CONNECT_ERROR is the server's");
    case SocketPacketType::event:
    case SocketPacketType::binary_event: {
      if (!data.is_array() || data.get_array().empty()) return bad("an event is a list that begins with its name");
      const Json& name = data.get_array().front();
      if (name.is_number()) return {};
      if (!name.is_string()) return bad("an event is a list that begins with its name");
      if (std::ranges::find(kReserved, std::string_view(name.get_string())) != kReserved.end())
        return bad("this name of an event is reserved");
      return {};
    }
    case SocketPacketType::ack:
    case SocketPacketType::binary_ack:
      if (!data.is_array() || !packet.id) return bad("an acknowledgement has a number and a list");
      return {};
  }
  return bad("unknown type");
}

}  // namespace

Result<SocketPacket> parse_socket_packet(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '6') return bad("unknown type");
  SocketPacket packet;
  packet.type = static_cast<SocketPacketType>(text.front() - '0');
  text.remove_prefix(1);
  if (packet.type == SocketPacketType::binary_event || packet.type == SocketPacketType::binary_ack) {
    const auto count = take_number(text);
    if (!count || *count == 0 || !text.starts_with('-')) return bad("the number of attachments is missing");
    packet.attachments = *count;
    text.remove_prefix(1);
  }
  if (text.starts_with('/')) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (end > kNamespaceBytes) return bad("the namespace is too long");
    packet.nsp = text.substr(0, std::min(end, text.find('?')));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  packet.id = take_number(text);
  if (!text.empty()) {
    LOCKSTEP_TRY(data, parse_json(text));
    packet.data = std::move(data);
    if (packet.data.is_null()) return bad("null is no data");
  }
  LOCKSTEP_CHECK(check_data(packet));
  return packet;
}

wire::Frame socket_frame(SocketPacketType type, std::string_view nsp, std::optional<std::uint64_t> id,
                         std::string_view data, std::size_t attachments) {
  std::string head = "4";
  head += static_cast<char>('0' + static_cast<int>(type));
  if (attachments > 0) head += std::to_string(attachments) + '-';
  if (nsp != "/") {
    head += nsp;
    head += ',';
  }
  if (id) head += std::to_string(*id);
  return wire::text_frame({head, data});
}

SocketClient::SocketClient(SocketSettings settings, Owner owner, Duration now)
    : settings_(settings), owner_(std::move(owner)), connect_until_(now + settings.connect_timeout) {}

void SocketClient::on_message(wire::FrameKind kind, std::string_view message) {
  if (kind == wire::FrameKind::binary) {
    if (!half_) return owner_.on_violation("a binary message that nothing announced");
    half_->bytes += message.size();
    if (half_->bytes > settings_.attachment_bytes_limit) return owner_.on_violation("attachments too large");
    half_->attachments.emplace_back(message);
    if (half_->attachments.size() < half_->packet.attachments) return;
    Half whole = std::move(*half_);
    half_.reset();
    return take(std::move(whole.packet), std::move(whole.attachments));
  }
  if (half_) return owner_.on_violation("an attachment is missing");
  Result<SocketPacket> packet = parse_socket_packet(message);
  if (!packet) return owner_.on_violation(packet.error().message);
  if (packet->attachments > settings_.attachments_limit) return owner_.on_violation("too many attachments");
  if (packet->attachments > 0) {
    half_.emplace(Half{std::move(*packet), {}, 0});
    return;
  }
  take(std::move(*packet), {});
}

void SocketClient::take(SocketPacket packet, std::vector<std::string> attachments) {
  if (packet.type == SocketPacketType::connect) return connect(packet);
  if (!connected(packet.nsp)) {
    // What was on its way when the namespace was left. Before any CONNECT it is no client of Socket.IO.
    if (!ever_connected_) owner_.on_violation("not connected");
    return;
  }
  switch (packet.type) {
    case SocketPacketType::disconnect: namespaces_.erase(packet.nsp); return owner_.on_disconnect(packet.nsp);
    case SocketPacketType::event:
    case SocketPacketType::binary_event:
      return owner_.on_event(
          {std::move(packet.nsp), std::move(packet.data.get_array()), std::move(attachments), packet.id});
    default: return owner_.on_ack(packet.nsp, *packet.id, packet.data.get_array());
  }
}

void SocketClient::connect(const SocketPacket& packet) {
  if (namespaces_.contains(packet.nsp)) return owner_.on_violation("connected twice");
  if (namespaces_.size() >= settings_.namespaces_limit) return owner_.on_violation("too many namespaces");
  namespaces_.emplace(packet.nsp, Stage::asking);
  owner_.on_connect(packet.nsp, packet.data.is_object() ? packet.data.get_object() : JsonObject());
}

void SocketClient::tick(Duration now) {
  if (!ever_connected_ && now >= connect_until_) owner_.on_violation("nobody has connected");
}

void SocketClient::accept(const std::string& nsp, std::string_view sid, std::string_view pid) {
  const auto at = namespaces_.find(nsp);
  if (at == namespaces_.end()) return;  // left meanwhile
  at->second = Stage::connected;
  ever_connected_ = true;
  JsonObject data{{"sid", sid}};
  if (!pid.empty()) data["pid"] = pid;
  owner_.send(socket_frame(SocketPacketType::connect, nsp, std::nullopt, to_text(data)));
}

void SocketClient::refuse(const std::string& nsp, const std::string& message, const Json& data) {
  namespaces_.erase(nsp);
  JsonObject error{{"message", message}};
  if (!data.is_null()) error["data"] = data;
  owner_.send(socket_frame(SocketPacketType::connect_error, nsp, std::nullopt, to_text(error)));
}

void SocketClient::disconnect(const std::string& nsp) {
  if (namespaces_.erase(nsp) == 0) return;
  owner_.send(socket_frame(SocketPacketType::disconnect, nsp, std::nullopt, ""));
}

bool SocketClient::connected(const std::string& nsp) const {
  const auto at = namespaces_.find(nsp);
  return at != namespaces_.end() && at->second == Stage::connected;
}

Delivered SocketClient::emit(const std::string& nsp, const JsonArray& args, std::optional<std::uint64_t> ack) {
  return owner_.send(socket_frame(SocketPacketType::event, nsp, ack, to_text(args)));
}

void SocketClient::answer(const std::string& nsp, std::uint64_t id, const JsonArray& args,
                          const std::vector<std::string>& attachments) {
  const auto type = attachments.empty() ? SocketPacketType::ack : SocketPacketType::binary_ack;
  owner_.send(socket_frame(type, nsp, id, to_text(args), attachments.size()));
  for (const std::string& one : attachments) owner_.send(wire::binary_frame(one));
}

}  // namespace lockstep::fanout
