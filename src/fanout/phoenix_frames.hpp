// The frames of Supabase Realtime (Phoenix channels): JSON objects (serializer 1.0.0), or JSON arrays and binary
// broadcasts (2.0.0). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "wire/frame.hpp"

namespace lockstep::fanout {

enum class PhoenixVersion { v1, v2 };

struct PhoenixFrame {
  std::optional<std::string> join_ref;
  std::optional<std::string> ref;
  std::string topic;                 // "realtime:ghl:acme"
  std::string event;                 // "phx_join", "heartbeat", "broadcast" …
  Json payload;                      // an object
  std::optional<std::string> bytes;  // of a broadcast that is no JSON
};

// `invalid` for what is no frame of this version.
Result<PhoenixFrame> parse_phoenix_text(std::string_view text, PhoenixVersion version);
// A broadcast of serializer 2.0.0; comes out as the same frame that text would give.
Result<PhoenixFrame> parse_phoenix_binary(std::string_view bytes);

struct PhoenixHead {
  std::optional<std::string_view> join_ref;
  std::optional<std::string_view> ref;
  std::string_view topic;
  std::string_view event;
};

// `payload` is JSON text.
wire::Frame phoenix_frame(PhoenixVersion version, const PhoenixHead& head, std::string_view payload);
// A broadcast of raw bytes, which only 2.0.0 has.
wire::Frame phoenix_bytes_frame(std::string_view topic, std::string_view event, std::string_view bytes);

}  // namespace lockstep::fanout
