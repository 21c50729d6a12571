// Upgraded connections: messages, limits, silence, closing from either side, drain.
#include <gmock/gmock.h>

#include "net/http_server.hpp"
#include "net/testing/serving.hpp"
#include "net/testing/websocket_peer.hpp"

namespace lockstep::net {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::Not;

// A server whose websockets echo, with what they have seen.
class Echo {
 public:
  explicit Echo(ServerLimits limits = {}) {
    server = make_server(
        loop,
        [this](const ServerRequest& request, const std::shared_ptr<Exchange>& exchange) {
          if (!is_websocket_upgrade(request.request)) return echo(request, exchange);
          if (request.request.target == "/later") {
            loop.after(milliseconds(5), [this, exchange] { upgrade(*exchange); });
          } else {
            upgrade(*exchange);
          }
          if (request.request.target == "/greet") socket->send(wire::text_frame("welcome"));
        },
        with_limits(limits));
    peer = RawPeer::connect(server->port());
  }

  void upgrade(Exchange& exchange) {
    WebSocketEvents events;
    events.on_message = [this](wire::FrameKind kind, std::string_view message) {
      seen.emplace_back(message);
      EXPECT_EQ(socket->send(wire::Frame(kind, {message})), WriteOutcome::accepted);
    };
    events.on_close = [this](std::uint16_t code) { closed_with = code; };
    socket = exchange.upgrade(std::move(events));
  }

  void open(const std::string& target = "/ws") {
    peer->send(websocket_request(target));
    run_until(loop, [&] { return peer->has("\r\n\r\n"); });
  }
  void wait_for(const std::string& bytes) {
    run_until(loop, [&] { return peer->has(bytes); });
  }

  EventLoop loop;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<RawPeer> peer;
  std::shared_ptr<WebSocket> socket;
  std::vector<std::string> seen;
  std::optional<std::uint16_t> closed_with;
};

TEST(WebSocketTest, AnswersTheHandshakeAndEchoes) {
  Echo echo;
  echo.open();
  EXPECT_THAT(echo.peer->received(), HasSubstr("HTTP/1.1 101"));
  EXPECT_THAT(echo.peer->received(), HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));  // RFC 6455, 1.3
  EXPECT_THAT(echo.peer->received(), Not(HasSubstr("Beast")));
  echo.peer->send(masked(0x81, "hello"));
  echo.wait_for(plain(0x81, "hello"));
  echo.peer->send(masked(0x82, std::string("\0\xff", 2)));
  echo.wait_for(plain(0x82, std::string("\0\xff", 2)));
}

TEST(WebSocketTest, TakesWhatCameWithTheRequest) {
  Echo echo;
  echo.peer->send(websocket_request() + masked(0x81, "early") + masked(0x81, "bird"));
  echo.wait_for(plain(0x81, "early") + plain(0x81, "bird"));
}

TEST(WebSocketTest, WhatIsSentAtOnceComesAfterTheHandshake) {
  Echo echo;
  echo.open("/greet");
  echo.wait_for("\r\n\r\n" + plain(0x81, "welcome"));
  EXPECT_THAT(echo.peer->received(), ::testing::StartsWith("HTTP/1.1 101"));
}

TEST(WebSocketTest, AnUpgradeThatComesLateIsServedTheSame) {
  Echo echo;
  echo.peer->send(websocket_request("/later"));
  run_until(echo.loop, [&] { return echo.socket != nullptr; });
  echo.wait_for("\r\n\r\n");
  echo.peer->send(masked(0x81, "late"));
  echo.wait_for(plain(0x81, "late"));
  Echo before;
  before.peer->send(websocket_request("/later") + masked(0x81, "early"));
  before.wait_for(plain(0x81, "early"));
}

TEST(WebSocketTest, JoinsFragmentsAndAnswersPingsBetweenThem) {
  Echo echo;
  echo.open();
  echo.peer->send(masked(0x01, "one ") + masked(0x89, "are you there") + masked(0x80, "message"));
  echo.wait_for(plain(0x8a, "are you there"));
  echo.wait_for(plain(0x81, "one message"));
  EXPECT_EQ(echo.seen.size(), 1U);
}

TEST(WebSocketTest, LargeMessagesUpToTheLimitPass) {
  ServerLimits limits;
  limits.websocket_message_bytes_limit = 70'000;
  limits.stream_pending_bytes_limit = 200'000;
  Echo echo(limits);
  echo.open();
  const std::string large(70'000, 'x');
  echo.peer->send(masked(0x81, large));
  echo.wait_for(std::string("\x81\x7f\0\0\0\0\0\x01\x11\x70", 10) + large);
  echo.peer->send(masked(0x81, large + "x"));
  run_until(echo.loop, [&] { return echo.closed_with.has_value(); });
  echo.wait_for(plain(0x88, closing(1009)));
  EXPECT_EQ(echo.seen.size(), 1U);
}

TEST(WebSocketTest, RefusesTextThatIsNone) {
  Echo echo;
  echo.open();
  echo.peer->send(masked(0x81, "\xc3\x28"));
  echo.wait_for(plain(0x88, closing(1007)));
  run_until(echo.loop, [&] { return echo.closed_with.has_value(); });
  EXPECT_TRUE(echo.seen.empty());
}

TEST(WebSocketTest, RefusesFramesThatAreNotMasked) {
  Echo echo;
  echo.open();
  echo.peer->send(plain(0x81, "bare"));
  echo.wait_for(plain(0x88, closing(1002)));
  EXPECT_TRUE(echo.seen.empty());
}

TEST(WebSocketTest, TheClientCloses) {
  Echo echo;
  echo.open();
  echo.peer->send(masked(0x88, closing(4001, "done")));
  run_until(echo.loop, [&] { return echo.peer->closed(); });
  EXPECT_EQ(echo.closed_with, 4001);
  EXPECT_THAT(echo.peer->received(), HasSubstr(plain(0x88, closing(4001))));
  EXPECT_EQ(echo.socket->send(wire::text_frame("late")), WriteOutcome::closed);
  run_until(echo.loop, [&] { return echo.peer.reset(), echo.server->stats().connections_open == 0; });
}

TEST(WebSocketTest, TheServerClosesAfterWhatIsQueued) {
  Echo echo;
  echo.open();
  echo.socket->send(wire::text_frame("last words"));
  echo.socket->close(1012, "restart");
  echo.socket->close(1000, "again");
  EXPECT_EQ(echo.socket->send(wire::text_frame("late")), WriteOutcome::closed);
  echo.wait_for(plain(0x81, "last words") + plain(0x88, closing(1012, "restart")));
  echo.peer->send(masked(0x81, "not heard any more") + masked(0x88, closing(1012)));
  run_until(echo.loop, [&] { return echo.peer->closed(); });
  EXPECT_EQ(echo.closed_with, 1012);
  EXPECT_TRUE(echo.seen.empty());
}

TEST(WebSocketTest, APeerThatDoesNotAnswerTheClosingIsCutOff) {
  ServerLimits limits;
  limits.linger_timeout = milliseconds(50);
  Echo echo(limits);
  echo.open();
  echo.socket->close(1001, "");
  run_until(echo.loop, [&] { return echo.peer->closed() && echo.closed_with.has_value(); });
}

TEST(WebSocketTest, ASilentPeerIsPingedAndThenClosed) {
  ServerLimits limits;
  limits.websocket_ping_after = milliseconds(60);
  Echo echo(limits);
  echo.open();
  for (int i = 0; i < 3; ++i) {  // it lives: each pong is as good as a message
    const std::size_t before = count(echo.peer->received(), plain(0x89, ""));
    run_until(echo.loop, [&] { return count((echo.peer->closed(), echo.peer->received()), plain(0x89, "")) > before; });
    echo.peer->send(masked(0x8a, ""));
  }
  EXPECT_FALSE(echo.closed_with.has_value());
  run_until(echo.loop, [&] { return echo.peer->closed() && echo.closed_with.has_value(); });
  EXPECT_EQ(echo.closed_with, 1006);
}

TEST(WebSocketTest, ALostConnectionIsTold) {
  Echo echo;
  echo.open();
  echo.peer->reset();
  echo.peer.reset();
  run_until(echo.loop, [&] { return echo.closed_with.has_value(); });
  EXPECT_EQ(echo.closed_with, 1006);
  EXPECT_EQ(echo.server->stats().connections_open, 0U);
}

TEST(WebSocketTest, ASlowReaderCostsBoundedMemory) {  // O3
  ServerLimits limits;
  limits.stream_pending_bytes_limit = 100'000;
  limits.write_timeout = milliseconds(100);
  Echo echo(limits);
  echo.open();
  const wire::Frame block = wire::text_frame(std::string(50'000, 'x'));
  run_until(echo.loop, [&] {
    const bool over = echo.socket->send(block) == WriteOutcome::over_limit;
    EXPECT_LE(echo.socket->pending_bytes(), 100'000U);
    return over;
  });
  run_until(echo.loop, [&] { return echo.closed_with.has_value(); });
}

// Pings ask for pongs: who never reads them is not read on.
TEST(WebSocketTest, PingsWithoutEndAreHeldBack) {
  ServerLimits limits;
  limits.stream_pending_bytes_limit = 10'000;
  limits.write_timeout = milliseconds(100);
  Echo echo(limits);
  echo.open();
  const std::string ping = masked(0x89, std::string(125, 'p'));
  std::string pings;
  run_until(echo.loop, [&] {
    EXPECT_LE(echo.socket->pending_bytes(), 10'500U);
    while (pings.size() < 500 * ping.size()) pings += ping;
    pings.erase(0, echo.peer->send_some(pings));
    return echo.closed_with.has_value();
  });
}

TEST(WebSocketTest, OtherRequestsAreNoUpgrade) {
  wire::HttpRequest request{"GET", "/", {{"Upgrade", "WebSocket"}, {"Connection", "upgrade"}}, ""};
  EXPECT_FALSE(is_websocket_upgrade(request));
  request.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  request.headers.add("Sec-WebSocket-Version", "13");
  EXPECT_TRUE(is_websocket_upgrade(request));
  request.headers.set("Sec-WebSocket-Version", "8");
  EXPECT_FALSE(is_websocket_upgrade(request));
  request.headers.set("Sec-WebSocket-Version", "13");
  request.method = "POST";
  EXPECT_FALSE(is_websocket_upgrade(request));
}

TEST(WebSocketTest, ADrainWaitsForItsOwnerToClose) {
  Echo echo;
  echo.open();
  bool drained = false;
  echo.server->drain([&] { drained = true; });
  echo.peer->send(masked(0x81, "still here"));
  echo.wait_for(plain(0x81, "still here"));
  EXPECT_FALSE(drained);
  echo.socket->close(1012, "");
  echo.peer->send(masked(0x88, closing(1012)));
  run_until(echo.loop, [&] {
    if (echo.peer && echo.peer->closed()) echo.peer.reset();
    return drained;
  });
}

}  // namespace
}  // namespace lockstep::net
