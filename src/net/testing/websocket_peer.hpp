// The client's end of a websocket, by hand: tests decide on every bit.
#pragma once

#include "net/testing/loopback.hpp"

namespace lockstep::net::testing {

inline std::string websocket_request(const std::string& target = "/ws", const std::string& more = "") {
  return "GET " + target +
         " HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         more + "\r\n";
}

// A masked frame; `first` holds FIN and opcode: 0x81 is a whole text, 0x01 the beginning of one, 0x88 a closing.
inline std::string masked(unsigned char first, std::string payload) {
  std::string out(1, static_cast<char>(first));
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() < 65536) {
    out += static_cast<char>(0x80 | 126);
    for (const int shift : {8, 0}) out += static_cast<char>(payload.size() >> shift & 0xff);
  } else {
    out += static_cast<char>(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift & 0xff);
  }
  const std::string key = "\x12\x34\x56\x78";
  out += key;
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ key[i % 4]);
  return out;
}

// What a server sends: a short frame.
inline std::string plain(unsigned char first, const std::string& payload) {
  return std::string{static_cast<char>(first), static_cast<char>(payload.size())} + payload;
}

inline std::string closing(unsigned code, const std::string& reason = "") {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)} + reason;
}

}  // namespace lockstep::net::testing
