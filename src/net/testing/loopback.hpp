// What the tests of this module share: a loop with a watchdog, a server on port 0, a client, and a raw
// socket that sends and reads bytes as a badly behaved peer would.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "net/http_client.hpp"
#include "net/http_server.hpp"

namespace lockstep::net::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Runs the loop until the condition holds. A condition that never holds fails the test instead of hanging it.
template <class Condition>
void run_until(EventLoop& loop, Condition condition, Duration limit = seconds(10)) {
  const Duration start = loop.clock().monotonic();
  bool expired = false;
  std::function<void()> check = [&] {
    expired = loop.clock().monotonic() - start > limit;
    if (expired || condition()) return loop.stop();
    loop.after(milliseconds(1), [&] { check(); });
  };
  loop.post([&] { check(); });
  loop.run();
  ASSERT_FALSE(expired) << "the condition did not come true in time";
}

inline std::unique_ptr<HttpServer> make_server(EventLoop& loop, Handler handler, ServerSettings settings = {}) {
  auto server = HttpServer::listen(loop, std::move(settings), std::move(handler));
  EXPECT_TRUE(server.has_value()) << (server ? "" : server.error().message);
  return server ? std::move(*server) : nullptr;
}

inline std::unique_ptr<HttpClient> make_client(EventLoop& loop, ClientSettings settings) {
  auto client = HttpClient::make(loop, std::move(settings));
  EXPECT_TRUE(client.has_value()) << (client ? "" : client.error().message);
  return client ? std::move(*client) : nullptr;
}

inline ClientSettings any_address() {
  ClientSettings settings;
  settings.reach = AddressReach::any;
  return settings;
}

// A request whose outcome appears in `result` while the loop runs.
class Sending {
 public:
  Sending(HttpClient& client, ClientRequest request) { tasks_.spawn(run(client, std::move(request), result)); }

  std::optional<Result<wire::HttpResponse>> result;

 private:
  static Task<void> run(HttpClient& client, ClientRequest request, std::optional<Result<wire::HttpResponse>>& out) {
    Result<wire::HttpResponse> answer = co_await client.send(std::move(request));
    out.emplace(std::move(answer));
  }

  TaskScope tasks_;
};

inline Result<wire::HttpResponse> send(EventLoop& loop, HttpClient& client, ClientRequest request) {
  Sending sending(client, std::move(request));
  run_until(loop, [&] { return sending.result.has_value(); });
  return sending.result ? std::move(*sending.result) : fail(ErrorKind::corrupt, "no outcome");
}

// A TCP peer without manners: sends and takes raw bytes, without blocking, between turns of the loop.
class RawPeer {
 public:
  explicit RawPeer(int descriptor) : descriptor_(descriptor) {}
  ~RawPeer() { ::close(descriptor_); }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  static std::unique_ptr<RawPeer> connect(std::uint16_t port) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(port);
    EXPECT_EQ(::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    return std::make_unique<RawPeer>(descriptor);
  }

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  // False when the other side has reset the connection.
  bool send(std::string_view bytes) {
    return ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  // What there is room for; how many bytes that were.
  std::size_t send_some(std::string_view bytes) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  void finish_sending() { ::shutdown(descriptor_, SHUT_WR); }
  // Closes so that the other side sees a reset.
  void reset() {
    const linger none{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
  }

  // Takes what has arrived; true once the other side has closed.
  bool closed() {
    std::array<char, 16384> bytes{};
    while (true) {
      const ssize_t got = ::recv(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (got > 0) {
        received_.append(bytes.data(), static_cast<std::size_t>(got));
        continue;
      }
      return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    }
  }
  bool has(std::string_view text) {
    closed();
    return received_.find(text) != std::string::npos;
  }
  const std::string& received() const { return received_; }

 private:
  int descriptor_;
  std::string received_;
};

// A listening socket whose peers the test drives by hand.
class RawListener {
 public:
  RawListener() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in address = RawPeer::loopback(0);
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(descriptor_, 16), 0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~RawListener() { close(); }
  RawListener(const RawListener&) = delete;
  RawListener& operator=(const RawListener&) = delete;

  std::uint16_t port() const { return port_; }
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }

  // The next peer, once its bytes so far hold `text`.
  std::unique_ptr<RawPeer> accept(EventLoop& loop, std::string_view text) {
    int accepted = -1;
    run_until(loop, [&] { return (accepted = ::accept(descriptor_, nullptr, nullptr)) >= 0; });
    auto peer = std::make_unique<RawPeer>(accepted);
    run_until(loop, [&] { return peer->has(text); });
    return peer;
  }

 private:
  int descriptor_;
  std::uint16_t port_ = 0;
};

inline std::string origin_of(std::uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }

}  // namespace lockstep::net::testing
