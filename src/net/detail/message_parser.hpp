// Bytes of HTTP/1.x into wire messages, incrementally and within limits. Pure: no sockets, no clock.
// One parser serves a connection for its whole life; reset() between messages.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "wire/http.hpp"

namespace lockstep::net::detail {

struct ParserLimits {
  std::size_t header_bytes_limit = 16 << 10;
  std::size_t header_fields_limit = 128;
  std::size_t body_bytes_limit = 1 << 20;
};

enum class ParseStatus { need_more, done, malformed, header_too_large, body_too_large };

struct ParseStep {
  ParseStatus status = ParseStatus::need_more;
  std::size_t consumed = 0;  // bytes the caller drops; the rest is offered again, with more behind it
};

enum class Persistence { keep_alive, close };

class RequestParser {
 public:
  explicit RequestParser(ParserLimits limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  void reset();
  ParseStep put(std::string_view bytes);
  bool header_done() const;
  bool expects_continue() const;  // "Expect: 100-continue"; meaningful once header_done()
  // The rest is meaningful once done.
  Persistence persistence() const;
  bool is_http_1_0() const;
  wire::HttpRequest take();
  // Why the message was refused; for people.
  std::string_view trouble() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

enum class ResponseBody {
  as_framed,
  never,  // the answer to a HEAD request
};

class ResponseParser {
 public:
  explicit ResponseParser(ParserLimits limits);
  ~ResponseParser();
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  void reset(ResponseBody body);
  ParseStep put(std::string_view bytes);
  // The peer has closed: done when the body was framed by that, malformed otherwise.
  ParseStatus put_eof();
  // The rest is meaningful once done.
  unsigned status() const;
  Persistence persistence() const;
  wire::HttpResponse take();
  std::string_view trouble() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockstep::net::detail
