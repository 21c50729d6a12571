// A small blocking HTTP/1.1 client for tests: one connection, kept alive, with a deadline for every call.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace lockstep::tests {

struct HttpReply {
  unsigned status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string header(const std::string& name) const;
  // The body as JSON; null when it is none.
  Json json() const;
};

// Connects when it is first used, and again after the connection was lost. Not for several threads.
class HttpConnection {
 public:
  using Headers = std::map<std::string, std::string>;

  explicit HttpConnection(std::uint16_t port) : port_(port) {}
  ~HttpConnection() { close(); }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // nullopt: no whole answer came in time. Nothing is sent twice.
  std::optional<HttpReply> call(std::string_view method, std::string_view target, std::string_view body = {},
                                const Headers& headers = {},
                                std::chrono::milliseconds deadline = std::chrono::seconds(20));

  // Bytes as they are; what can be sent until the peer closes. False when it did.
  bool send(std::string_view bytes);
  std::optional<HttpReply> read(std::chrono::milliseconds deadline);
  void close();

 private:
  bool open();

  std::uint16_t port_;
  int socket_ = -1;
  std::string received_;
};

}  // namespace lockstep::tests
