// What the client's connections share: pools per origin, waiting requests, how failures are named.
// Includes Asio: only for .cpp files of this module.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/detail/event_loop_impl.hpp"
#include "net/detail/message_parser.hpp"
#include "net/detail/origin.hpp"
#include "net/detail/socket_stream.hpp"
#include "net/http_client.hpp"

namespace lockstep::net::detail {

class ClientConnection;

// Whether the other end can have seen anything of a request.
enum class Progress { nothing_sent, sent };

// One request on its way. `done` is called exactly once, posted to the loop.
struct Flight {
  using Done = std::move_only_function<void(Result<wire::HttpResponse>)>;

  ClientRequest request;
  Done done;
  std::optional<TimerId> deadline_timer;
  std::shared_ptr<ClientConnection> connection;  // null while it waits
  bool safe = false;                             // GET, HEAD, OPTIONS: sending it again changes nothing
  bool retried = false;
};

struct ClientPool {
  std::string key;  // origin, share and reach
  Origin origin;
  AddressReach reach;
  std::vector<std::shared_ptr<ClientConnection>> connections;  // all, whatever they do
  std::vector<std::shared_ptr<ClientConnection>> idle;         // the one used last is at the back
  std::deque<std::shared_ptr<Flight>> waiting;
};

class ClientCore : public std::enable_shared_from_this<ClientCore> {
 public:
  ClientCore(EventLoop& loop, ClientSettings settings, asio::ssl::context tls);

  void start(ClientRequest request, Flight::Done done);
  void close();
  ClientStats snapshot() const;

  EventLoop& loop() { return loop_; }
  const ClientSettings& settings() const { return settings_; }
  asio::ssl::context& tls() { return tls_; }
  Duration now() const { return loop_.clock().monotonic(); }

  // From a connection, which has ended its flight:
  void finish(Flight& flight, Result<wire::HttpResponse> result);
  void fail_flight(Flight& flight, Progress progress, std::string what);
  void retry(ClientPool& pool, std::shared_ptr<Flight> flight);  // once, on a fresh connection
  void park(ClientPool& pool, std::shared_ptr<ClientConnection> connection);
  void drop(ClientPool& pool, ClientConnection& connection);

 private:
  void on_deadline(ClientPool& pool, const std::shared_ptr<Flight>& flight);
  std::shared_ptr<ClientConnection> take_idle(ClientPool& pool);
  void dial(ClientPool& pool, std::shared_ptr<Flight> flight);
  void pump(ClientPool& pool);
  void forget_if_unused(const std::string& key);
  void start_sweep();
  void sweep();

  EventLoop& loop_;
  ClientSettings settings_;
  asio::ssl::context tls_;
  std::unordered_map<std::string, std::unique_ptr<ClientPool>> pools_;
  std::optional<TimerId> sweep_timer_;
  ClientStats stats_;
  bool closed_ = false;
};

}  // namespace lockstep::net::detail
