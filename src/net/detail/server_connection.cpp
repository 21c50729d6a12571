#include "net/detail/server_connection.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/json.hpp"
#include "net/detail/message_writer.hpp"

namespace lockstep::net::detail {
namespace {

constexpr std::size_t kReadBytes = 4096;           // enough for a webhook in one read
constexpr std::size_t kReadBodyBytes = 64 << 10;   // while a body is arriving
constexpr std::size_t kReadStreamBytes = 512;      // while streaming: nothing is expected but the end
constexpr std::size_t kInlineBodyBytes = 8 << 10;  // smaller bodies are copied behind their head

bool asks_to_close(const wire::HttpResponse& response) {
  return wire::equal_without_case(response.headers.get("connection"), "close");
}

class ConnectionStream final : public BodyStream {
 public:
  explicit ConnectionStream(std::shared_ptr<ServerConnection> connection) : connection_(std::move(connection)) {}
  ~ConnectionStream() override { close(); }
  ConnectionStream(const ConnectionStream&) = delete;
  ConnectionStream& operator=(const ConnectionStream&) = delete;

  WriteOutcome write(std::shared_ptr<const std::string> bytes) override {
    return connection_ ? connection_->stream_write(std::move(bytes)) : WriteOutcome::closed;
  }
  std::size_t pending_bytes() const override { return connection_ ? connection_->pending_bytes() : 0; }
  void close() override {
    // The connection goes on with the next request, which is none of this stream's business.
    if (const auto connection = std::exchange(connection_, nullptr)) connection->stream_close();
  }
  void on_close(Action action) override {
    if (connection_) connection_->stream_on_close(std::move(action));
  }

 private:
  std::shared_ptr<ServerConnection> connection_;
};

class ConnectionExchange final : public Exchange {
 public:
  explicit ConnectionExchange(std::shared_ptr<ServerConnection> connection) : connection_(std::move(connection)) {}
  ~ConnectionExchange() override {
    if (connection_) connection_->respond({500, {}, ""});
  }
  ConnectionExchange(const ConnectionExchange&) = delete;
  ConnectionExchange& operator=(const ConnectionExchange&) = delete;

  void respond(wire::HttpResponse response) override { take()->respond(std::move(response)); }
  std::shared_ptr<BodyStream> stream(wire::HttpResponse head) override {
    const auto connection = take();
    connection->start_stream(head);
    return std::make_shared<ConnectionStream>(connection);
  }
  std::shared_ptr<WebSocket> upgrade(WebSocketEvents events) override {
    return take()->start_upgrade(std::move(events));
  }
  void abort() override { take()->close(); }

 private:
  std::shared_ptr<ServerConnection> take() {
    LOCKSTEP_ASSERT(connection_, "an exchange is answered once");
    return std::exchange(connection_, nullptr);
  }

  std::shared_ptr<ServerConnection> connection_;
};

}  // namespace

ServerConnection::ServerConnection(std::shared_ptr<ServerCore> core, TcpSocket socket, std::string remote_address,
                                   Admission admission)
    : core_(std::move(core)),
      stream_(std::move(socket)),
      remote_address_(std::move(remote_address)),
      admission_(admission),
      parser_(core_->parser_limits()) {}

ServerConnection::~ServerConnection() {
  if (phase_ != Phase::closed) core_->remove(*this);
}

void ServerConnection::start() {
  const ServerLimits& limits = core_->limits();
  read_deadline_ = core_->now() + std::min(limits.request_timeout, limits.idle_timeout);
  if (core_->tls() == nullptr) return read();
  stream_.start_tls(*core_->tls())
      .async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](const error_code& error) {
        if (self->phase_ == Phase::closed) return;
        if (error) return self->close();
        self->read();
      });
}

void ServerConnection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  // Input and output stay: operations under way may look at them until they complete.
  stream_.close();
  if (on_close_) core_->loop().post(std::exchange(on_close_, nullptr));
  if (waiting_write_) core_->loop().post(std::exchange(waiting_write_, nullptr));
  core_->remove(*this);
}

void ServerConnection::begin_drain() {
  keep_alive_ = false;
  if (phase_ != Phase::reading || request_started_) return;
  if (output_.empty()) return close();
  phase_ = Phase::last;
}

void ServerConnection::check_deadlines(Duration now) {
  if (now >= write_deadline_) return close();
  if (now < read_deadline_) return;
  if (phase_ == Phase::upgraded && !std::exchange(pinged_, true)) {
    read_deadline_ = now + core_->limits().websocket_ping_after;
    output_.add({'\x89', '\0'});  // a ping without payload
    return flush();
  }
  if (phase_ == Phase::reading && request_started_) {
    return refuse(408, "Request Timeout", "the request did not arrive completely in time");
  }
  close();
}

void ServerConnection::read() {
  if (reading_ || peer_done_ || phase_ == Phase::upgraded || phase_ == Phase::last || phase_ == Phase::closed) return;
  // While a request is answered we read only to learn that the peer is gone; what it sends
  // meanwhile stays in the kernel once some of it is here.
  const bool answering = phase_ == Phase::answering || phase_ == Phase::streaming;
  if (answering && input_.size() > 0) return;
  std::size_t size = kReadBytes;
  if (phase_ == Phase::streaming) {
    size = kReadStreamBytes;
    input_.shrink_to_fit();
  } else if (request_started_ && parser_.header_done()) {
    size = kReadBodyBytes;
  }
  reading_ = true;
  stream_.async_read_some(
      input_.prepare(size),
      [self = shared_from_this()](const error_code& error, std::size_t bytes) { self->on_read(error, bytes); });
}

void ServerConnection::on_read(const error_code& error, std::size_t bytes) {
  reading_ = false;
  if (phase_ == Phase::upgraded) {
    if (!error) input_.commit(bytes);
    // Begun before the upgrade; an error comes again when the websocket reads.
    if (waiting_read_) upgraded_read(waiting_buffer_, std::exchange(waiting_read_, nullptr));
    return;
  }
  if (phase_ == Phase::closed) return;
  if (error == asio::error::operation_aborted) return read();  // by start_stream()
  if (error) {
    const bool half_closed = error == asio::error::eof;
    if (!half_closed || phase_ == Phase::streaming || phase_ == Phase::lingering) return close();
    peer_done_ = true;  // a client may shut its side and still wait for the answer
  } else if (phase_ == Phase::lingering) {
    return read();  // not committed: discarded
  } else {
    input_.commit(bytes);
  }
  process();
}

void ServerConnection::process() {
  if (processing_ || phase_ == Phase::closed) return;
  processing_ = true;
  parse();
  processing_ = false;
  flush();  // all responses that parse() led to, in one write
  if (phase_ == Phase::closed) return;
  if (output_.empty()) {
    if (phase_ == Phase::last) return linger();
    if (peer_done_ && phase_ == Phase::reading) return close();
  }
  read();
}

void ServerConnection::parse() {
  if (reading_) return;  // nothing new, and a read under way owns the end of the buffer
  const std::size_t pending_limit = core_->limits().pipeline_pending_bytes_limit;
  while (phase_ == Phase::reading && input_.size() > 0 && output_.pending_bytes() < pending_limit) {
    if (!request_started_) {
      request_started_ = true;
      continue_sent_ = false;
      parser_.reset();
      read_deadline_ = core_->now() + core_->limits().request_timeout;
    }
    const auto bytes = input_.cdata();
    const ParseStep step = parser_.put({static_cast<const char*>(bytes.data()), bytes.size()});
    input_.consume(step.consumed);
    if (step.status != ParseStatus::done && step.status != ParseStatus::need_more) return refuse(step);
    if (admission_ == Admission::refuse && parser_.header_done()) {
      return refuse(429, "Too Many Requests", "too many connections; try again later");
    }
    if (step.status == ParseStatus::done) {
      dispatch();
      continue;
    }
    if (parser_.header_done() && parser_.expects_continue() && !continue_sent_) {
      continue_sent_ = true;
      output_.add("HTTP/1.1 100 Continue\r\n\r\n");
    }
    // A chunk extension or trailer without end: the parser waits for its end, we do not.
    if (input_.size() > core_->limits().header_bytes_limit) return refuse({ParseStatus::header_too_large, 0});
    return;
  }
}

void ServerConnection::dispatch() {
  phase_ = Phase::answering;
  request_started_ = false;
  read_deadline_ = Duration::max();
  keep_alive_ = parser_.persistence() == Persistence::keep_alive && !core_->draining();
  http_1_0_ = parser_.is_http_1_0();
  wire::HttpRequest request = parser_.take();
  head_ = request.method == "HEAD";
  if (is_websocket_upgrade(request)) upgrade_ = request;
  core_->handle({std::move(request), remote_address_}, std::make_shared<ConnectionExchange>(shared_from_this()));
}

void ServerConnection::refuse(const ParseStep& step) {
  switch (step.status) {
    case ParseStatus::header_too_large:
      return refuse(431, "Request Header Fields Too Large", "the request's head is larger than this server takes");
    case ParseStatus::body_too_large:
      return refuse(413, "Content Too Large", "the request's body is larger than this server takes");
    default: return refuse(400, "Bad Request", "this is no well-formed HTTP/1.1 request");
  }
}

void ServerConnection::refuse(unsigned status, std::string_view title, std::string_view detail) {
  ++core_->stats().requests_refused;
  request_started_ = false;
  keep_alive_ = false;
  read_deadline_ = Duration::max();
  phase_ = Phase::last;
  const JsonObject problem{{"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}};
  wire::HttpResponse response{status, {{"Content-Type", "application/problem+json"}}, to_text(problem)};
  if (status == 429) response.headers.add("Retry-After", std::to_string(core_->limits().refused_retry_after.count()));
  std::string bytes;
  append_response_head(bytes, response, {BodyFraming::content_length, Persistence::close, core_->date()});
  bytes += response.body;
  output_.add(std::move(bytes));
  process();
}

void ServerConnection::respond(wire::HttpResponse response) {
  if (phase_ != Phase::answering) return;  // the peer is gone
  upgrade_.reset();
  if (asks_to_close(response)) keep_alive_ = false;
  const bool has_body = !head_ && may_have_body(response.status);
  const bool inline_body = response.body.size() <= kInlineBodyBytes;
  std::string bytes;
  bytes.reserve(256 + (has_body && inline_body ? response.body.size() : 0));
  append_response_head(bytes, response, {BodyFraming::content_length, persistence(), core_->date()});
  if (has_body && inline_body) bytes += response.body;
  output_.add(std::move(bytes));
  if (has_body && !inline_body) output_.add(std::move(response.body));
  end_exchange();
}

void ServerConnection::end_exchange() {
  phase_ = keep_alive_ ? Phase::reading : Phase::last;
  read_deadline_ = keep_alive_ ? core_->now() + core_->limits().idle_timeout : Duration::max();
  process();
}

void ServerConnection::start_stream(const wire::HttpResponse& head) {
  if (phase_ != Phase::answering) return;  // the peer is gone
  LOCKSTEP_ASSERT(head.body.empty(), "a stream's body is written, not given");
  phase_ = Phase::streaming;
  chunked_ = !http_1_0_;
  if (http_1_0_ || asks_to_close(head)) keep_alive_ = false;
  // A read under way holds a buffer for a whole request; start it again with a small one: an idle
  // subscriber should cost little. (Under TLS the session is what costs, and cancelling would break it.)
  error_code ignored;  // the read then just goes on with the larger buffer
  if (reading_ && stream_.tls() == nullptr && !writing_) stream_.socket().cancel(ignored);
  std::string bytes;
  append_response_head(bytes, head,
                       {chunked_ ? BodyFraming::chunked : BodyFraming::until_close, persistence(), core_->date()});
  output_.add(std::move(bytes));
  flush();
}

WriteOutcome ServerConnection::stream_write(std::shared_ptr<const std::string> bytes) {
  if (phase_ != Phase::streaming) return WriteOutcome::closed;
  if (bytes->empty() || head_) return WriteOutcome::accepted;
  return queue_shared(std::move(bytes), chunked_ ? Framing::chunk : Framing::plain);
}

WriteOutcome ServerConnection::queue_shared(std::shared_ptr<const std::string> bytes, Framing framing) {
  if (output_.pending_bytes() + bytes->size() > core_->limits().stream_pending_bytes_limit) {
    return WriteOutcome::over_limit;
  }
  if (framing == Framing::chunk) {
    output_.add_chunk(std::move(bytes));
  } else {
    output_.add_shared(std::move(bytes));
  }
  flush_at_end_of_turn();
  return WriteOutcome::accepted;
}

void ServerConnection::flush_at_end_of_turn() {
  if (std::exchange(flush_arranged_, true)) return;
  core_->flush_later(shared_from_this());
}

void ServerConnection::flush_stream() {
  flush_arranged_ = false;
  if (!writing_) process();  // the stream may have been closed meanwhile, and the connection goes on
}

void ServerConnection::stream_close() {
  if (phase_ != Phase::streaming) return;
  const Action dropped = std::exchange(on_close_, nullptr);
  if (chunked_ && !head_) output_.add("0\r\n\r\n");
  end_exchange();
}

void ServerConnection::stream_on_close(Action action) {
  if (phase_ == Phase::streaming) {
    on_close_ = std::move(action);
  } else {
    core_->loop().post(std::move(action));
  }
}

void ServerConnection::flush() {
  if (writing_ || output_.empty() || phase_ == Phase::closed || processing_) return;
  writing_ = true;
  write_deadline_ = core_->now() + core_->limits().write_timeout;
  stream_.async_write_some(output_.gather(), [self = shared_from_this()](const error_code& error, std::size_t bytes) {
    self->on_write(error, bytes);
  });
}

void ServerConnection::on_write(const error_code& error, std::size_t bytes) {
  writing_ = false;
  if (phase_ == Phase::closed) return;
  if (error) return close();
  output_.consume(bytes);
  write_deadline_ = Duration::max();
  // New stream writes wait for their flush, the rest of an unfinished one does not.
  if (waiting_write_ && output_.pending_bytes() <= core_->limits().stream_pending_bytes_limit) {
    core_->loop().post(std::exchange(waiting_write_, nullptr));
  }
  if (flush_arranged_ && output_.batch_done()) return;
  if (!output_.empty()) return flush();
  process();
}

void ServerConnection::linger() {
  // Closing with unread bytes would reset the connection, and the reset may overtake our answer.
  phase_ = Phase::lingering;
  read_deadline_ = core_->now() + core_->limits().linger_timeout;
  if (stream_.tls() != nullptr) {
    stream_.tls()->async_shutdown([self = shared_from_this()](const error_code&) { self->close(); });
    return;
  }
  error_code error;
  stream_.socket().shutdown(asio::socket_base::shutdown_send, error);
  if (error || peer_done_) return close();
  read();
}

Persistence ServerConnection::persistence() const {
  return keep_alive_ && !core_->draining() ? Persistence::keep_alive : Persistence::close;
}

}  // namespace lockstep::net::detail
