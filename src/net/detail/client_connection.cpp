// ClientConnection once it is connected: one request and its answer at a time.
#include "net/detail/client_connection.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "net/detail/message_writer.hpp"

namespace lockstep::net::detail {
namespace {

constexpr std::size_t kReadBytes = 8192;
constexpr std::size_t kReadBodyBytes = 64 << 10;
constexpr std::size_t kInterimResponsesLimit = 8;  // 1xx before the answer

}  // namespace

bool ClientConnection::usable() const {
  if (core_->now() - idle_since_ >= core_->settings().limits.idle_timeout) return false;
  char byte = 0;
  const auto got =
      ::recv(const_cast<SocketStream&>(stream_).socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void ClientConnection::carry(std::shared_ptr<Flight> flight) {
  flight_ = std::move(flight);
  reused_ = true;
  send();
}

Progress ClientConnection::abandon() {
  phase_ = Phase::closed;
  stop_timer();
  resolver_.cancel();
  stream_.close();
  return write_started_ ? Progress::sent : Progress::nothing_sent;
}

void ClientConnection::send() {
  phase_ = Phase::carrying;
  const ClientLimits& limits = core_->settings().limits;
  wire::HttpRequest& request = flight_->request.request;
  parser_.emplace(
      ParserLimits{limits.header_bytes_limit, limits.header_fields_limit, flight_->request.response_bytes_limit});
  parser_->reset(request.method == "HEAD" ? ResponseBody::never : ResponseBody::as_framed);
  written_ = 0;
  interim_responses_ = 0;
  answer_started_ = false;

  std::string head;
  append_request_head(head, request, pool_.origin.host_header());
  output_.add(std::move(head));
  // Shared with the flight, which may need it again for a retry; the flight outlives the write.
  output_.add_shared(std::shared_ptr<const std::string>(flight_, &request.body));
  write_started_ = true;
  write();
  read();  // at once: an early refusal must be seen while a long body is still going out
}

void ClientConnection::write() {
  writing_ = true;
  stream_.async_write_some(output_.gather(), [self = shared_from_this()](const error_code& error, std::size_t bytes) {
    self->on_write(error, bytes);
  });
}

void ClientConnection::on_write(const error_code& error, std::size_t bytes) {
  writing_ = false;
  if (phase_ != Phase::carrying) return;
  written_ += bytes;
  output_.consume(bytes);
  if (error) {
    // With bytes out, an answer may still be on its way (an early refusal): the read decides.
    if (written_ == 0) {
      write_started_ = false;
      fail("write: " + error.message());
    }
    return;
  }
  if (!output_.empty()) write();
}

void ClientConnection::read() {
  const std::size_t size = answer_started_ ? kReadBodyBytes : kReadBytes;
  stream_.async_read_some(
      input_.prepare(size),
      [self = shared_from_this()](const error_code& error, std::size_t bytes) { self->on_read(error, bytes); });
}

void ClientConnection::on_read(const error_code& error, std::size_t bytes) {
  if (phase_ != Phase::carrying) return;
  if (!error) {
    answer_started_ = true;
    input_.commit(bytes);
    return parse();
  }
  // A body that ends with the connection is complete at a clean end only, under TLS at a close_notify.
  if (error == asio::error::eof && answer_started_ && parser_->put_eof() == ParseStatus::done) return complete();
  fail("read: " + error.message());
}

void ClientConnection::parse() {
  while (input_.size() > 0) {
    const auto data = input_.cdata();
    const ParseStep step = parser_->put({static_cast<const char*>(data.data()), data.size()});
    input_.consume(step.consumed);
    if (step.status == ParseStatus::need_more) break;
    if (step.status != ParseStatus::done) return refuse_answer(step.status);
    const unsigned status = parser_->status();
    if (status >= 200) return complete();
    if (status == 101 || ++interim_responses_ > kInterimResponsesLimit) return refuse_answer(ParseStatus::malformed);
    parser_->reset(flight_->request.request.method == "HEAD" ? ResponseBody::never : ResponseBody::as_framed);
  }
  if (input_.size() > core_->settings().limits.header_bytes_limit) return refuse_answer(ParseStatus::header_too_large);
  read();
}

void ClientConnection::complete() {
  const auto self = shared_from_this();
  const auto flight = flight_;
  core_->finish(*flight, parser_->take());
  const bool reusable = parser_->persistence() == Persistence::keep_alive && input_.size() == 0 && !writing_ &&
                        output_.empty() && stream_.is_open();
  if (!reusable) {
    abandon();
    return core_->drop(pool_, *this);
  }
  phase_ = Phase::idle;
  flight_.reset();
  write_started_ = false;
  idle_since_ = core_->now();
  core_->park(pool_, self);
}

void ClientConnection::fail(std::string what) {
  const auto self = shared_from_this();
  const auto flight = flight_;
  const Progress progress = abandon();
  // The server may close an idle connection just when we use it again. Where nothing can have been done,
  // a fresh connection gets one try.
  const bool harmless = progress == Progress::nothing_sent || flight->safe;
  if (reused_ && !answer_started_ && harmless && !flight->retried) {
    core_->retry(pool_, flight);
  } else {
    core_->fail_flight(*flight, progress, pool_.origin.host + ": " + std::move(what));
  }
  core_->drop(pool_, *this);
}

void ClientConnection::refuse_answer(ParseStatus status) {
  const auto self = shared_from_this();
  const auto flight = flight_;
  const Progress progress = abandon();
  if (status == ParseStatus::body_too_large && flight->safe) {
    core_->finish(*flight, lockstep::fail(ErrorKind::exhausted,
                                          pool_.origin.host + ": the answer is larger than " +
                                              std::to_string(flight->request.response_bytes_limit) + " bytes"));
  } else {
    core_->fail_flight(*flight, progress,
                       pool_.origin.host + ": the answer is not usable: " + std::string(parser_->trouble()));
  }
  core_->drop(pool_, *this);
}

}  // namespace lockstep::net::detail
