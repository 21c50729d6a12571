// The part of a connection that serves a websocket.
#include <algorithm>

#include "base/assert.hpp"
#include "net/detail/server_connection.hpp"
#include "net/detail/server_web_socket.hpp"

namespace lockstep::net {
namespace {

// A token in a header that is a list: "keep-alive, Upgrade".
bool lists(std::string_view header, std::string_view token) {
  while (!header.empty()) {
    const std::size_t comma = std::min(header.find(','), header.size());
    std::string_view one = header.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (wire::equal_without_case(one, token)) return true;
    header.remove_prefix(std::min(comma + 1, header.size()));
  }
  return false;
}

}  // namespace

bool is_websocket_upgrade(const wire::HttpRequest& request) {
  return request.method == "GET" && lists(request.headers.get("Upgrade"), "websocket") &&
         lists(request.headers.get("Connection"), "upgrade") && request.headers.get("Sec-WebSocket-Version") == "13" &&
         request.headers.get("Sec-WebSocket-Key").size() == 24;
}

namespace detail {

std::shared_ptr<WebSocket> ServerConnection::start_upgrade(WebSocketEvents events) {
  LOCKSTEP_ASSERT(upgrade_, "only a request for a websocket is upgraded");
  const wire::HttpRequest request = *std::exchange(upgrade_, std::nullopt);
  if (phase_ == Phase::answering) {
    phase_ = Phase::upgraded;
    keep_alive_ = false;
    read_deadline_ = core_->now() + core_->limits().websocket_ping_after;
  }
  // When the peer is gone meanwhile, the first read says so.
  return start_web_socket(shared_from_this(), request, std::move(events));
}

void ServerConnection::upgraded_read(asio::mutable_buffer into, ReadDone done) {
  if (input_.size() > 0) {
    const std::size_t bytes = asio::buffer_copy(into, input_.data());
    input_.consume(bytes);
    if (input_.size() == 0) input_.shrink_to_fit();
    return core_->loop().post([done = std::move(done), bytes]() mutable { done({}, bytes); });
  }
  if (reading_) {
    waiting_buffer_ = into;
    waiting_read_ = std::move(done);
    return;
  }
  stream_.async_read_some(
      into, [self = shared_from_this(), done = std::move(done)](const error_code& error, std::size_t bytes) mutable {
        if (self->phase_ == Phase::upgraded && !self->keep_waiting_) {
          self->pinged_ = false;
          self->read_deadline_ = self->core_->now() + self->core_->limits().websocket_ping_after;
        }
        done(error, bytes);
      });
}

void ServerConnection::upgraded_write(std::string bytes, Action done) {
  if (phase_ != Phase::upgraded) return core_->loop().post(std::move(done));
  output_.add(std::move(bytes));
  flush_at_end_of_turn();
  if (output_.pending_bytes() <= core_->limits().stream_pending_bytes_limit) {
    core_->loop().post(std::move(done));
  } else {
    waiting_write_ = std::move(done);
  }
}

WriteOutcome ServerConnection::upgraded_send(std::shared_ptr<const std::string> bytes) {
  return phase_ == Phase::upgraded ? queue_shared(std::move(bytes), Framing::plain) : WriteOutcome::closed;
}

void ServerConnection::upgraded_leaving() {
  pinged_ = true;
  keep_waiting_ = true;
  read_deadline_ = core_->now() + core_->limits().linger_timeout;
}

void ServerConnection::upgraded_finished() {
  if (phase_ != Phase::upgraded) return;
  on_close_ = nullptr;
  phase_ = Phase::last;
  if (!writing_) process();
}

}  // namespace detail
}  // namespace lockstep::net
