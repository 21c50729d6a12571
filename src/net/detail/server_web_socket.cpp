#include "net/detail/server_web_socket.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace lockstep::net::detail {
namespace {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

constexpr std::size_t kKeptBufferBytes = 1024;  // what a quiet reader keeps of its message buffer

// The connection as the stream that Beast works on. Beast's own writes (the handshake, pongs, closing) go into the
// connection's queue, where they stand between whole frames of ours.
class Carrier {
 public:
  using executor_type = asio::io_context::executor_type;

  explicit Carrier(std::shared_ptr<ServerConnection> connection) : connection_(std::move(connection)) {}
  executor_type get_executor() { return connection_->executor(); }
  ServerConnection& connection() { return *connection_; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& into) {
          asio::mutable_buffer first;
          for (auto at = asio::buffer_sequence_begin(into); at != asio::buffer_sequence_end(into); ++at) {
            first = *at;
            if (first.size() > 0) break;
          }
          connection_->upgraded_read(first, std::move(handler));
        },
        token, buffers);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& from) {
          std::string bytes;
          for (auto at = asio::buffer_sequence_begin(from); at != asio::buffer_sequence_end(from); ++at) {
            const asio::const_buffer one = *at;
            bytes.append(static_cast<const char*>(one.data()), one.size());
          }
          const std::size_t size = bytes.size();
          // O3: a peer that sends pings and reads no pongs is not read on.
          connection_->upgraded_write(std::move(bytes), [handler = std::move(handler), size]() mutable {
            std::move(handler)(error_code(), size);
          });
        },
        token, buffers);
  }

 private:
  std::shared_ptr<ServerConnection> connection_;
};

// Both are found by Beast. The connection itself closes, once its queue is empty.
void beast_close_socket(Carrier& carrier) { carrier.connection().close(); }

template <class Done>
void async_teardown(beast::role_type, Carrier& carrier, Done&& done) {
  asio::post(carrier.get_executor(), [done = std::forward<Done>(done)]() mutable { std::move(done)(error_code()); });
}

class ServerWebSocket final : public WebSocket, public std::enable_shared_from_this<ServerWebSocket> {
 public:
  ServerWebSocket(std::shared_ptr<ServerConnection> connection, WebSocketEvents events)
      : connection_(*connection), events_(std::move(events)), stream_(Carrier(std::move(connection))) {}

  void start(const wire::HttpRequest& request) {
    connection_.upgraded_on_close([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->ended(websocket::close_code::abnormal);
    });
    beast::http::request<beast::http::empty_body> asked;
    asked.method(beast::http::verb::get);
    asked.target(request.target);
    asked.version(11);
    for (const auto& [name, value] : request.headers.items()) asked.insert(name, value);
    stream_.read_message_max(connection_.limits().websocket_message_bytes_limit);
    stream_.set_option(websocket::stream_base::decorator(
        [](websocket::response_type& answer) { answer.set(beast::http::field::server, "lockstep"); }));
    stream_.async_accept(asked, [self = shared_from_this()](const error_code& error) {
      if (error) return self->finish();
      self->read();
    });
  }

  WriteOutcome send(const wire::Frame& frame) override {
    if (closing_) return WriteOutcome::closed;
    return connection_.upgraded_send(frame.bytes());
  }
  std::size_t pending_bytes() const override { return connection_.pending_bytes(); }

  void close(std::uint16_t code, std::string_view reason) override {
    if (closing_) return;
    closing_ = true;
    connection_.upgraded_leaving();
    const websocket::close_reason why(static_cast<websocket::close_code>(code),
                                      beast::string_view(reason.data(), std::min<std::size_t>(reason.size(), 120)));
    // The end of the read loop, which sees the peer's answer, is what ends the websocket.
    stream_.async_close(why, [self = shared_from_this()](const error_code&) {});
  }

 private:
  void read();
  void finish();
  void ended(std::uint16_t code);

  ServerConnection& connection_;  // owned by the stream's carrier
  WebSocketEvents events_;
  websocket::stream<Carrier, false> stream_;
  beast::flat_buffer message_;
  bool closing_ = false;
  bool ended_ = false;
};

void ServerWebSocket::read() {
  stream_.async_read(message_, [self = shared_from_this()](const error_code& error, std::size_t) {
    if (error) return self->finish();
    const auto bytes = self->message_.cdata();
    const std::string_view message(static_cast<const char*>(bytes.data()), bytes.size());
    if (!self->closing_ && self->events_.on_message) {
      self->events_.on_message(self->stream_.got_text() ? wire::FrameKind::text : wire::FrameKind::binary, message);
    }
    self->message_.consume(self->message_.size());
    if (self->message_.capacity() > kKeptBufferBytes) self->message_.shrink_to_fit();
    self->read();
  });
}

// Beast has answered the peer's closing, or refused what it sent with a closing of its own, or the connection is lost.
void ServerWebSocket::finish() {
  const std::uint16_t code = stream_.reason().code;
  connection_.upgraded_finished();
  ended(code != 0 ? code : std::uint16_t{websocket::close_code::abnormal});
}

void ServerWebSocket::ended(std::uint16_t code) {
  closing_ = true;
  if (std::exchange(ended_, true)) return;
  const auto events = std::exchange(events_, {});  // what they hold may hold us
  if (events.on_close) events.on_close(code);
}

}  // namespace

std::shared_ptr<WebSocket> start_web_socket(std::shared_ptr<ServerConnection> connection,
                                            const wire::HttpRequest& request, WebSocketEvents events) {
  auto socket = std::make_shared<ServerWebSocket>(std::move(connection), std::move(events));
  socket->start(request);
  return socket;
}

}  // namespace lockstep::net::detail
