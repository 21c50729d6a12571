#include "fanout/phoenix_frames.hpp"

#include <array>
#include <utility>

namespace lockstep::fanout {
namespace {

std::unexpected<Error> bad(const char* what) { return fail(ErrorKind::invalid, what); }

// A reference: text, null or absent; old clients send numbers.
std::optional<std::string> reference(const Json* value) {
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (value->is_string()) return std::string(value->get_string());
  return to_text(*value);
}

std::string quoted(std::optional<std::string_view> text) { return text ? to_text(Json(*text)) : "null"; }

}  // namespace

Result<PhoenixFrame> parse_phoenix_text(std::string_view text, PhoenixVersion version) {
  LOCKSTEP_TRY(json, parse_json(text));
  std::array<const Json*, 5> parts{};  // join_ref, ref, topic, event, payload
  if (version == PhoenixVersion::v2) {
    if (!json.is_array() || json.get_array().size() != 5) return bad("a frame is a list of five");
    for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = &json.get_array()[i];
  } else {
    if (!json.is_object()) return bad("a frame is an object");
    constexpr std::array<const char*, 5> kNames = {"join_ref", "ref", "topic", "event", "payload"};
    for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = find_member(json, kNames[i]);
  }
  if (parts[2] == nullptr || !parts[2]->is_string() || parts[3] == nullptr || !parts[3]->is_string())
    return bad("a frame has a topic and an event");
  PhoenixFrame frame;
  frame.join_ref = reference(parts[0]);
  frame.ref = reference(parts[1]);
  frame.topic = parts[2]->get_string();
  frame.event = parts[3]->get_string();
  frame.payload = parts[4] == nullptr || parts[4]->is_null() ? Json(JsonObject()) : *parts[4];
  if (!frame.payload.is_object()) return bad("a payload is an object");
  return frame;
}

Result<PhoenixFrame> parse_phoenix_binary(std::string_view bytes) {
  constexpr std::size_t kHead = 7;
  if (bytes.size() < kHead || bytes[0] != 3) return bad("only broadcasts are binary");
  const auto size = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])); };
  const std::array<std::size_t, 5> sizes = {size(1), size(2), size(3), size(4), size(5)};
  const bool is_json = bytes[6] == 1;
  if (!is_json && bytes[6] != 0) return bad("the encoding is not known");
  bytes.remove_prefix(kHead);
  std::array<std::string, 5> parts;  // join_ref, ref, topic, event, meta
  for (std::size_t i = 0; i < 5; ++i) {
    if (bytes.size() < sizes[i]) return bad("the frame is cut off");
    parts[i] = bytes.substr(0, sizes[i]);
    bytes.remove_prefix(sizes[i]);
  }
  PhoenixFrame frame;
  if (!parts[0].empty()) frame.join_ref = parts[0];
  if (!parts[1].empty()) frame.ref = parts[1];
  frame.topic = parts[2];
  frame.event = "broadcast";
  // What goes on as text must be text.
  LOCKSTEP_CHECK(parse_json(to_text(JsonArray{parts[0], parts[1], parts[2], parts[3]})));
  JsonObject payload{{"type", "broadcast"}, {"event", parts[3]}};
  if (is_json) {
    LOCKSTEP_TRY(content, parse_json(bytes));
    payload["payload"] = std::move(content);
  } else {
    frame.bytes = bytes;
  }
  frame.payload = std::move(payload);
  return frame;
}

wire::Frame phoenix_frame(PhoenixVersion version, const PhoenixHead& head, std::string_view payload) {
  const std::string topic = quoted(head.topic);
  const std::string event = quoted(head.event);
  if (version == PhoenixVersion::v2) {
    return wire::text_frame(
        {"[", quoted(head.join_ref), ",", quoted(head.ref), ",", topic, ",", event, ",", payload, "]"});
  }
  std::string join_ref;
  if (head.join_ref) join_ref = ",\"join_ref\":" + quoted(head.join_ref);
  return wire::text_frame({"{\"topic\":", topic, ",\"event\":", event, ",\"payload\":", payload,
                           ",\"ref\":", quoted(head.ref), join_ref, "}"});
}

wire::Frame phoenix_bytes_frame(std::string_view topic, std::string_view event, std::string_view bytes) {
  const std::string head = {'\x04', static_cast<char>(topic.size()), static_cast<char>(event.size()), '\0', '\0'};
  return {wire::FrameKind::binary, {head, topic, event, bytes}};
}

}  // namespace lockstep::fanout
