// One WebSocket message of a server as it goes over the wire: a frame header (RFC 6455, unmasked, not fragmented) and
// the payload, in one buffer that any number of connections can share. What is not a websocket (a long poll) uses the
// payload alone.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace lockstep::wire {

enum class FrameKind { text, binary };

class Frame {
 public:
  Frame() = default;
  // The payload is the parts, joined.
  Frame(FrameKind kind, std::initializer_list<std::string_view> parts);

  // Bytes without a header, for what shares them and is no websocket.
  static Frame unframed(std::string bytes);

  FrameKind kind() const { return kind_; }
  std::string_view payload() const { return bytes_ ? std::string_view(*bytes_).substr(header_) : std::string_view(); }
  const std::shared_ptr<const std::string>& bytes() const { return bytes_; }  // header and payload
  std::size_t size() const { return bytes_ ? bytes_->size() : 0; }
  explicit operator bool() const { return bytes_ != nullptr; }

 private:
  FrameKind kind_ = FrameKind::text;
  std::uint8_t header_ = 0;
  std::shared_ptr<const std::string> bytes_;
};

inline Frame text_frame(std::initializer_list<std::string_view> parts) { return {FrameKind::text, parts}; }
inline Frame text_frame(std::string_view payload) { return {FrameKind::text, {payload}}; }
inline Frame binary_frame(std::string_view payload) { return {FrameKind::binary, {payload}}; }

}  // namespace lockstep::wire
