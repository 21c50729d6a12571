// One accepted connection: reads requests one after the other, answers them in order.
// Includes Asio: only for .cpp files of this module.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
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
  std::size_t pending_bytes() const { return output_.pending_bytes(); }

  const std::string& remote_address() const { return remote_address_; }
  Admission admission() const { return admission_; }
  std::size_t index = 0;  // in the registry; the registry's alone

 private:
  enum class Phase {
    reading,    // between requests, or inside one
    answering,  // the handler has the request
    streaming,  // the handler writes the body
    last,       // nothing more is read; close after what is queued
    lingering,  // our side is shut; waiting for the peer to close
    closed,
  };

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

  Duration read_deadline_ = Duration::max();
  Duration write_deadline_ = Duration::max();

  bool reading_ = false;
  bool writing_ = false;
  bool processing_ = false;
  bool request_started_ = false;
  bool continue_sent_ = false;
  bool flush_arranged_ = false;
  bool peer_done_ = false;  // the peer has shut its side
  // Of the request being answered:
  bool keep_alive_ = true;
  bool http_1_0_ = false;
  bool head_ = false;
  bool chunked_ = false;
};

}  // namespace lockstep::net::detail
