#include "net/http_server.hpp"

#include <gmock/gmock.h>

#include "base/json.hpp"
#include "net/testing/loopback.hpp"
#include "net/testing/serving.hpp"

namespace lockstep::net {
namespace {

using namespace testing;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// What the server answers to these bytes, until it closes.
std::string answer_to(std::string_view bytes, ServerLimits limits = {}) {
  EventLoop loop;
  const auto server = make_server(loop, echo, with_limits(limits));
  const auto peer = RawPeer::connect(server->port());
  EXPECT_TRUE(peer->send(bytes));
  run_until(loop, [&] { return peer->closed(); });
  return peer->received();
}

TEST(HttpServerTest, AnswersRequestsOnOneConnectionInOrder) {
  EventLoop loop;
  const auto server = make_server(loop, echo);
  const auto peer = RawPeer::connect(server->port());
  peer->send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none");
  run_until(loop, [&] { return peer->has("one"); });
  EXPECT_THAT(peer->received(), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(peer->received(), HasSubstr("\r\nX-Target: /a\r\n"));
  EXPECT_THAT(peer->received(), HasSubstr("\r\nContent-Length: 3\r\n"));
  EXPECT_THAT(peer->received(), HasSubstr(" GMT\r\n"));
  peer->send("PUT /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n2\r\n!!\r\n0\r\n\r\n");
  run_until(loop, [&] { return peer->has("two!!"); });
  EXPECT_EQ(server->stats().requests, 2U);
  EXPECT_EQ(server->stats().connections_accepted, 1U);
  EXPECT_EQ(server->stats().connections_open, 1U);
}

TEST(HttpServerTest, AnswersPipelinedRequestsInOrderAlsoWhenAnsweredLate) {
  EventLoop loop;
  const auto server = make_server(loop, [&](ServerRequest request, std::shared_ptr<Exchange> exchange) {
    loop.after(milliseconds(1), [request = std::move(request), exchange] { echo(request, exchange); });
  });
  const auto peer = RawPeer::connect(server->port());
  std::string bytes;
  for (int i = 0; i < 20; ++i) bytes += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  peer->send(bytes);
  run_until(loop, [&] { return count((peer->closed(), peer->received()), "HTTP/1.1 200") == 20; });
  std::size_t at = 0;
  for (int i = 0; i < 20; ++i) {
    at = peer->received().find("X-Target: /" + std::to_string(i) + "\r\n", at);
    ASSERT_NE(at, std::string::npos) << "answer " << i << " is missing or out of order";
  }
}

TEST(HttpServerTest, AcceptsARequestByteByByte) {
  // Also the input that trips an assertion in Beast: a first chunk header that is the last, split after "0\r\n".
  for (const std::string_view bytes :
       {"POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nz\r\n0\r\nTrailer: no\r\n\r\n",
        "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nzz"}) {
    EventLoop loop;
    const auto server = make_server(loop, echo);
    const auto peer = RawPeer::connect(server->port());
    for (const char byte : bytes) {
      peer->send({&byte, 1});
      loop.after(Duration(50), [&] { loop.stop(); });
      loop.run();
    }
    run_until(loop, [&] { return peer->has("\r\n\r\n"); });
    EXPECT_THAT(peer->received(), StartsWith("HTTP/1.1 200 OK\r\n")) << bytes;
  }
}

TEST(HttpServerTest, ClosesWhenTheClientAsksForIt) {
  EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer_to("GET / HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(HttpServerTest, AHeadRequestGetsTheLengthButNoBody) {
  EventLoop loop;
  const auto server = make_server(loop, [](const ServerRequest&, const std::shared_ptr<Exchange>& exchange) {
    exchange->respond({200, {}, "12345"});
  });
  const auto peer = RawPeer::connect(server->port());
  peer->send("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  run_until(loop, [&] { return peer->closed(); });
  EXPECT_THAT(peer->received(), HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(peer->received(), EndsWith("\r\n\r\n"));
}

TEST(HttpServerTest, AHalfClosedClientStillGetsItsAnswer) {
  EventLoop loop;
  const auto server = make_server(loop, [&](ServerRequest request, std::shared_ptr<Exchange> exchange) {
    loop.after(milliseconds(5), [request = std::move(request), exchange] { echo(request, exchange); });
  });
  const auto peer = RawPeer::connect(server->port());
  peer->send("GET /half HTTP/1.1\r\nHost: x\r\n\r\n");
  peer->finish_sending();
  run_until(loop, [&] { return peer->closed(); });
  EXPECT_THAT(peer->received(), HasSubstr("X-Target: /half"));
}

TEST(HttpServerTest, SaysContinueWhenTheClientWaitsForIt) {
  EventLoop loop;
  const auto server = make_server(loop, echo);
  const auto peer = RawPeer::connect(server->port());
  peer->send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  run_until(loop, [&] { return peer->has("100 Continue\r\n\r\n"); });
  peer->send("ok");
  run_until(loop, [&] { return peer->has("HTTP/1.1 200 OK"); });
  EXPECT_EQ(count(peer->received(), "100 Continue"), 1U);
}

TEST(HttpServerTest, RefusesMalformedRequestsAsProblems) {
  for (
      const std::string_view bytes : {
          "nonsense\r\n\r\n",
          "GET / HTTP/2.0\r\nHost: x\r\n\r\n",
          "GET / HTTP/1.1\r\n\r\n",                                                                          // no Host
          "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",                                                    // two
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",  // smuggling
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
          "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nabcd",
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
          "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
      }) {
    const std::string answer = answer_to(bytes);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n")) << bytes;
    EXPECT_THAT(answer, HasSubstr("Content-Type: application/problem+json\r\n"));
    const auto problem = parse_json(answer.substr(answer.find("\r\n\r\n") + 4));
    ASSERT_TRUE(problem.has_value()) << answer;
    EXPECT_EQ(*find_member(*problem, "status"), 400);
    EXPECT_EQ(string_member(*problem, "title"), "Bad Request");
  }
}

TEST(HttpServerTest, RefusesBodiesOverTheLimitWhetherAnnouncedOrNot) {
  ServerLimits limits;
  limits.body_bytes_limit = 1000;
  EXPECT_THAT(answer_to("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", limits),
              StartsWith("HTTP/1.1 413 "));
  std::string chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 11; ++i) chunked += "64\r\n" + std::string(100, 'x') + "\r\n";
  EXPECT_THAT(answer_to(chunked, limits), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(answer_to("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n" +
                            std::string(1000, 'x'),
                        limits),
              StartsWith("HTTP/1.1 200 "));
}

TEST(HttpServerTest, TheRefusalArrivesThoughTheClientKeepsSending) {
  EventLoop loop;
  const auto server = make_server(loop, echo);
  const auto peer = RawPeer::connect(server->port());
  peer->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n");
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(peer->send(std::string(10'000, 'x')));
    loop.after(Duration(100), [&] { loop.stop(); });
    loop.run();
  }
  peer->finish_sending();
  run_until(loop, [&] { return peer->closed(); });
  EXPECT_THAT(peer->received(), StartsWith("HTTP/1.1 413 "));
}

TEST(HttpServerTest, RefusesHeadsOverTheLimits) {
  ServerLimits limits;
  limits.header_bytes_limit = 1000;
  limits.header_fields_limit = 10;
  EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(1000, 'a') + "\r\n\r\n", limits),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(answer_to("GET /" + std::string(2000, 'a'), limits), StartsWith("HTTP/1.1 431 "));
  std::string fields;
  for (int i = 0; i < 11; ++i) fields += "A: b\r\n";
  EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n", limits), StartsWith("HTTP/1.1 431 "));
  // A chunk extension that never ends.
  EXPECT_THAT(
      answer_to("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(3000, 'a'), limits),
      StartsWith("HTTP/1.1 431 "));
}

TEST(HttpServerTest, ASlowSenderGets408HoweverOftenItSendsAByte) {
  ServerLimits limits;
  limits.request_timeout = milliseconds(60);
  EventLoop loop;
  const auto server = make_server(loop, echo, with_limits(limits));
  const auto peer = RawPeer::connect(server->port());
  peer->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
  std::function<void()> drip = [&] {
    if (peer->closed()) return;
    peer->send("x");
    loop.after(milliseconds(5), [&] { drip(); });
  };
  loop.post([&] { drip(); });
  run_until(loop, [&] { return peer->has("408"); });
  EXPECT_THAT(peer->received(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
}

TEST(HttpServerTest, AnIdleConnectionIsClosedWithoutAWord) {
  ServerLimits limits;
  limits.idle_timeout = milliseconds(30);
  EventLoop loop;
  const auto server = make_server(loop, echo, with_limits(limits));
  const auto fresh = RawPeer::connect(server->port());
  const auto used = RawPeer::connect(server->port());
  used->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  run_until(loop, [&] { return fresh->closed() && used->closed(); });
  EXPECT_EQ(fresh->received(), "");
  EXPECT_EQ(count(used->received(), "HTTP/1.1"), 1U);
  EXPECT_EQ(server->stats().connections_open, 0U);
}

TEST(HttpServerTest, ConnectionsOverTheLimitAreToldToComeBack) {
  ServerLimits limits;
  limits.connections_limit = 1;
  limits.refused_connections_limit = 1;
  EventLoop loop;
  const auto server = make_server(loop, echo, with_limits(limits));
  const auto first = RawPeer::connect(server->port());
  run_until(loop, [&] { return server->stats().connections_open == 1; });
  const auto second = RawPeer::connect(server->port());
  run_until(loop, [&] { return server->stats().connections_open == 2; });
  const auto third = RawPeer::connect(server->port());
  run_until(loop, [&] { return third->closed(); });
  EXPECT_EQ(third->received(), "") << "beyond all limits: closed at once";
  second->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nz");
  run_until(loop, [&] { return second->closed(); });
  EXPECT_THAT(second->received(), StartsWith("HTTP/1.1 429 Too Many Requests\r\n"));
  EXPECT_THAT(second->received(), HasSubstr("Retry-After: 5\r\n"));
  first->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  run_until(loop, [&] { return first->has("HTTP/1.1 200"); });
  EXPECT_EQ(server->stats().connections_refused, 2U);
}

TEST(HttpServerTest, OneAddressCanNotTakeAllConnections) {
  ServerLimits limits;
  limits.connections_per_address_limit = 1;
  EventLoop loop;
  const auto server = make_server(loop, echo, with_limits(limits));
  auto first = RawPeer::connect(server->port());
  run_until(loop, [&] { return server->stats().connections_open == 1; });
  const auto second = RawPeer::connect(server->port());
  second->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  run_until(loop, [&] { return second->has("HTTP/1.1 429"); });
  first.reset();
  run_until(loop, [&] { return server->stats().connections_open <= 1; });
  const auto third = RawPeer::connect(server->port());
  third->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  run_until(loop, [&] { return third->has("HTTP/1.1 200"); });
}

TEST(HttpServerTest, AConnectionGivesItsPlaceBackHoweverItEnds) {
  ServerLimits limits;
  limits.connections_per_address_limit = 1;
  limits.request_timeout = milliseconds(30);
  limits.idle_timeout = milliseconds(30);
  limits.linger_timeout = milliseconds(30);
  EventLoop loop;
  ServerSettings settings = with_limits(limits);
  settings.address = "::";  // IPv4 peers come mapped, and count as what they are
  const auto server = make_server(loop, echo, settings);
  for (const char* bytes :
       {"", "GET / HT", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx", "nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"}) {
    const auto peer = RawPeer::connect(server->port());
    peer->send(bytes);
    run_until(loop, [&] { return peer->closed(); });
    EXPECT_EQ(peer->received().find("HTTP/1.1 429"), std::string::npos) << bytes;
    run_until(loop, [&] { return server->stats().connections_open == 0; });
  }
  EXPECT_EQ(server->stats().connections_refused, 0U);
}

TEST(HttpServerTest, AnUnansweredExchangeAnswers500) {
  EventLoop loop;
  const auto server = make_server(loop, [](const ServerRequest&, const std::shared_ptr<Exchange>&) {});
  const auto peer = RawPeer::connect(server->port());
  peer->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  run_until(loop, [&] { return peer->has("\r\n\r\n"); });
  EXPECT_THAT(peer->received(), StartsWith("HTTP/1.1 500 "));
}

TEST(HttpServerTest, AHeaderValueCanNotSmuggleAHeaderIn) {
  EventLoop loop;
  const auto server = make_server(loop, [](const ServerRequest&, const std::shared_ptr<Exchange>& exchange) {
    exchange->respond({302, {{"Location", "/x\r\nSet-Cookie: a=b"}, {"Bad Name", "x"}, {"Content-Length", "7"}}, ""});
  });
  const auto peer = RawPeer::connect(server->port());
  peer->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  run_until(loop, [&] { return peer->has("\r\n\r\n"); });
  EXPECT_THAT(peer->received(), HasSubstr("Location: /x  Set-Cookie: a=b\r\n"));
  EXPECT_THAT(peer->received(), Not(HasSubstr("Bad Name")));
  EXPECT_THAT(peer->received(), HasSubstr("Content-Length: 0\r\n"));
}

TEST(HttpServerTest, DrainFinishesWhatIsRunningAndClosesTheRest) {
  EventLoop loop;
  std::shared_ptr<Exchange> waiting;
  const auto server = make_server(
      loop, [&](const ServerRequest&, std::shared_ptr<Exchange> exchange) { waiting = std::move(exchange); });
  const auto busy = RawPeer::connect(server->port());
  const auto idle = RawPeer::connect(server->port());
  busy->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  run_until(loop, [&] { return waiting && server->stats().connections_open == 2; });
  bool drained = false;
  server->drain([&] { drained = true; });
  run_until(loop, [&] { return idle->closed(); });
  EXPECT_FALSE(drained);
  EXPECT_FALSE(busy->closed());
  std::exchange(waiting, nullptr)->respond({200, {}, "done"});
  run_until(loop, [&] { return busy->closed(); });
  EXPECT_THAT(busy->received(), HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(busy->received(), EndsWith("done"));
  run_until(loop, [&] { return drained || (busy->finish_sending(), false); });
  EXPECT_TRUE(drained);
  EXPECT_EQ(server->stats().connections_open, 0U);
}

TEST(HttpServerTest, CloseEndsADrainThatDoesNotEnd) {
  EventLoop loop;
  std::shared_ptr<BodyStream> stream;
  const auto server = make_server(loop, [&](const ServerRequest&, const std::shared_ptr<Exchange>& exchange) {
    stream = exchange->stream({200, {}, ""});
  });
  const auto peer = RawPeer::connect(server->port());
  peer->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  run_until(loop, [&] { return stream != nullptr; });
  bool drained = false;
  server->drain([&] { drained = true; });
  EXPECT_EQ(stream->write(shared("still served")), WriteOutcome::accepted);
  server->close();
  run_until(loop, [&] { return drained && peer->closed(); });
  EXPECT_EQ(stream->write(shared("x")), WriteOutcome::closed);
}

TEST(HttpServerTest, AnExchangeMayOutliveItsServer) {
  EventLoop loop;
  std::shared_ptr<Exchange> kept;
  auto server =
      make_server(loop, [&](const ServerRequest&, std::shared_ptr<Exchange> exchange) { kept = std::move(exchange); });
  const auto peer = RawPeer::connect(server->port());
  peer->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  run_until(loop, [&] { return kept != nullptr; });
  server.reset();
  kept->respond({200, {}, "too late"});
  kept.reset();
  run_until(loop, [&] { return peer->closed(); });
  EXPECT_EQ(peer->received(), "");
}

TEST(HttpServerTest, ListeningFailsWithAReason) {
  EventLoop loop;
  ServerSettings wrong;
  wrong.address = "not an address";
  const auto invalid = HttpServer::listen(loop, wrong, echo);
  ASSERT_FALSE(invalid.has_value());
  EXPECT_EQ(invalid.error().kind, ErrorKind::invalid);

  const auto server = make_server(loop, echo);
  ServerSettings taken;
  taken.port = server->port();
  const auto unavailable = HttpServer::listen(loop, taken, echo);
  ASSERT_FALSE(unavailable.has_value());
  EXPECT_EQ(unavailable.error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace lockstep::net
