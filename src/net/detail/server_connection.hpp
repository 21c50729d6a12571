// One accepted connection: reads requests one after the other, answers them in order.
// Includes Asio: only for .cpp files of this module.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "net/detail/output_queue.hpp"
#include "net/detail/server_core.hpp"

namespace lockstep::net::detail {

class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  ServerConnection(std::shared_ptr<ServerCore> core, TcpSocket socket, std::string remote_address, Admission admission);
  ~ServerConnection();
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  void start();
  void close();        // at once
  void begin_drain();  // closes now when idle, else after the current exchange
  void check_deadlines(Duration now);

  // The exchange in progress; at most one at a time.
  void respond(wire::HttpResponse response);
  void start_stream(const wire::HttpResponse& head);
  WriteOutcome stream_write(std::shared_ptr<const std::string> bytes);
  void flush_stream();  // by the core, after stream_write()
  void stream_close();
  void stream_on_close(Action action);

  // After an upgrade the websocket reads and writes. `done` is called from the loop, never inside the call.
  std::shared_ptr<WebSocket> start_upgrade(WebSocketEvents events);
  using ReadDone = std::move_only_function<void(const error_code&, std::size_t)>;
  void upgraded_read(asio::mutable_buffer into, ReadDone done);
  // Done once it no longer lies beyond the limit of what may be pending.
  void upgraded_write(std::string bytes, Action done);
  WriteOutcome upgraded_send(std::shared_ptr<const std::string> bytes);
  void upgraded_on_close(Action action) { on_close_ = std::move(action); }
  void upgraded_leaving();   // a closing is on its way: the peer has a moment to answer
  void upgraded_finished();  // closes once everything queued is written
  TcpSocket::executor_type executor() { return stream_.socket().get_executor(); }
  const ServerLimits& limits() const { return core_->limits(); }

  std::size_t pending_bytes() const { return output_.pending_bytes(); }

  const std::string& remote_address() const { return remote_address_; }
  Admission admission() const { return admission_; }
  std::size_t index = 0;  // in the registry; the registry's alone

 private:
  enum class Phase {
    reading,    // between requests, or inside one
    answering,  // the handler has the request
    streaming,  // the handler writes the body
    upgraded,   // a websocket reads and writes
    last,       // nothing more is read; close after what is queued
    lingering,  // our side is shut; waiting for the peer to close
    closed,
  };

  enum class Framing { plain, chunk };

  void read();
  void on_read(const error_code& error, std::size_t bytes);
  void process();
  void parse();
  void dispatch();
  void refuse(unsigned status, std::string_view title, std::string_view detail);
  void refuse(const ParseStep& step);
  void end_exchange();
  void flush();
  void on_write(const error_code& error, std::size_t bytes);
  void linger();
  WriteOutcome queue_shared(std::shared_ptr<const std::string> bytes, Framing framing);
  void flush_at_end_of_turn();
  Persistence persistence() const;

  std::shared_ptr<ServerCore> core_;
  SocketStream stream_;
  std::string remote_address_;
  Admission admission_;
  Phase phase_ = Phase::reading;
  boost::beast::flat_buffer input_;
  RequestParser parser_;
  OutputQueue output_;
  Action on_close_;

  // Of a websocket: a read that waits for one begun before the upgrade, and a write that waits for room.
  asio::mutable_buffer waiting_buffer_;
  ReadDone waiting_read_;
  Action waiting_write_;

  Duration read_deadline_ = Duration::max();
  Duration write_deadline_ = Duration::max();

  bool reading_ = false;
  bool writing_ = false;
  bool processing_ = false;
  bool request_started_ = false;
  bool continue_sent_ = false;
  bool flush_arranged_ = false;
  bool peer_done_ = false;     // the peer has shut its side
  bool pinged_ = false;        // the websocket was silent, and was asked whether it lives
  bool keep_waiting_ = false;  // what the websocket still receives does not move its deadline
  // Of the request being answered:
  bool keep_alive_ = true;
  bool http_1_0_ = false;
  bool head_ = false;
  bool chunked_ = false;
  std::optional<wire::HttpRequest> upgrade_;  // the request, when it asks for a websocket
};

}  // namespace lockstep::net::detail
