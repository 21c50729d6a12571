// One connection of the client: dials (name, address policy, TCP, TLS), then carries one request at a time.
// Includes Asio: only for .cpp files of this module.
#pragma once

#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "net/detail/client_core.hpp"
#include "net/detail/output_queue.hpp"

namespace lockstep::net::detail {

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  ClientConnection(std::shared_ptr<ClientCore> core, ClientPool& pool);
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  void dial(std::shared_ptr<Flight> flight);   // and then carry it
  void carry(std::shared_ptr<Flight> flight);  // on an idle connection
  // Closes at once and forgets the flight, which its caller ends. What the other end may have seen:
  Progress abandon();

  // False when the peer has closed meanwhile, or said something out of turn, or the idle time is over.
  bool usable() const;
  bool busy() const { return phase_ != Phase::idle && phase_ != Phase::closed; }
  const std::shared_ptr<Flight>& flight() const { return flight_; }
  ClientPool& pool() { return pool_; }

 private:
  using Resolver = asio::ip::basic_resolver<asio::ip::tcp, asio::io_context::executor_type>;
  enum class Phase { resolving, connecting, securing, carrying, idle, closed };

  void resolve();
  void choose(const std::vector<TcpEndpoint>& found);
  void connect_next();
  void secure();
  void dial_failed(ErrorKind kind, std::string what);
  void start_timer(Duration limit);
  void stop_timer();
  void on_timer();

  void send();
  void write();
  void on_write(const error_code& error, std::size_t bytes);
  void read();
  void on_read(const error_code& error, std::size_t bytes);
  void parse();
  void complete();
  void fail(std::string what);
  void refuse_answer(ParseStatus status);

  std::shared_ptr<ClientCore> core_;
  ClientPool& pool_;  // not used once closed
  SocketStream stream_;
  Resolver resolver_;
  Phase phase_ = Phase::resolving;
  std::shared_ptr<Flight> flight_;  // kept when closed: a write under way looks at its body
  std::vector<TcpEndpoint> endpoints_;
  std::size_t next_endpoint_ = 0;
  std::string last_trouble_;
  std::optional<TimerId> timer_;
  Duration idle_since_{};

  std::optional<ResponseParser> parser_;  // per flight: the body limit is the request's
  boost::beast::flat_buffer input_;
  OutputQueue output_;
  std::size_t written_ = 0;
  std::size_t interim_responses_ = 0;
  bool reused_ = false;
  bool writing_ = false;
  bool write_started_ = false;
  bool answer_started_ = false;
};

}  // namespace lockstep::net::detail
