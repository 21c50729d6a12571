#include "net/http_client.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

#include "net/testing/loopback.hpp"

namespace lockstep::net {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::StartsWith;

void echo(ServerRequest request, const std::shared_ptr<Exchange>& exchange) {
  exchange->respond(
      {200, {{"X-Method", request.request.method}, {"X-Target", request.request.target}}, request.request.body});
}

ClientRequest to(std::uint16_t port, std::string method, std::string body = "") {
  ClientRequest request;
  request.origin = origin_of(port);
  request.request = {std::move(method), "/path?a=b", {{"X-Header", "value"}}, std::move(body)};
  request.deadline = seconds(5);
  return request;
}

ErrorKind kind_of(const Result<wire::HttpResponse>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? ErrorKind::corrupt : result.error().kind;
}

TEST(HttpClientTest, SendsOneRequestAfterTheOtherOnOneConnection) {
  EventLoop loop;
  const auto server = make_server(loop, echo);
  const auto client = make_client(loop, any_address());
  for (int i = 0; i < 3; ++i) {
    const auto answer = send(loop, *client, to(server->port(), "POST", "body " + std::to_string(i)));
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(answer->status, 200U);
    EXPECT_EQ(answer->body, "body " + std::to_string(i));
    EXPECT_EQ(answer->headers.get("x-target"), "/path?a=b");
  }
  EXPECT_EQ(server->stats().connections_accepted, 1U);
  EXPECT_EQ(client->stats().connections_idle, 1U);
  EXPECT_EQ(client->stats().requests, 3U);
}

TEST(HttpClientTest, BoundsConnectionsPerOriginAndQueuesTheRest) {
  EventLoop loop;
  std::vector<std::shared_ptr<Exchange>> waiting;
  std::size_t most = 0;
  const auto server = make_server(loop, [&](const ServerRequest&, std::shared_ptr<Exchange> exchange) {
    waiting.push_back(std::move(exchange));
    most = std::max(most, waiting.size());
    loop.after(milliseconds(2), [&] {
      const auto first = waiting.front();
      waiting.erase(waiting.begin());
      first->respond({200, {}, ""});
    });
  });
  ClientSettings settings = any_address();
  settings.limits.connections_per_origin_limit = 2;
  settings.limits.queue_per_origin_limit = 4;
  const auto client = make_client(loop, std::move(settings));
  std::vector<std::unique_ptr<Sending>> sendings;
  for (int i = 0; i < 7; ++i) sendings.push_back(std::make_unique<Sending>(*client, to(server->port(), "POST")));
  run_until(loop, [&] { return std::ranges::all_of(sendings, [](const auto& s) { return s->result.has_value(); }); });
  EXPECT_EQ(most, 2U);
  EXPECT_EQ(kind_of(*sendings.back()->result), ErrorKind::exhausted) << "two at work, four in the queue, one too many";
  for (std::size_t i = 0; i < 6; ++i) EXPECT_TRUE(sendings[i]->result->has_value()) << i;
  EXPECT_EQ(server->stats().connections_accepted, 2U);
}

TEST(HttpClientTest, AHeadAnswerHasNoBody) {
  EventLoop loop;
  const auto server = make_server(loop, [](const ServerRequest&, const std::shared_ptr<Exchange>& exchange) {
    exchange->respond({200, {}, "not sent"});
  });
  const auto client = make_client(loop, any_address());
  for (int i = 0; i < 2; ++i) {
    const auto answer = send(loop, *client, to(server->port(), "HEAD"));
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->headers.get("content-length"), "8");
    EXPECT_EQ(answer->body, "");
  }
  EXPECT_EQ(server->stats().connections_accepted, 1U);
}

TEST(HttpClientTest, ReadsStreamedAnswersAndInterimOnesAndThoseThatEndWithTheConnection) {
  EventLoop loop;
  RawListener listener;
  const auto client = make_client(loop, any_address());
  for (const auto& [bytes, body] : std::vector<std::pair<std::string, std::string>>{
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"},
           {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok"},
           {"HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end"},
       }) {
    Sending sending(*client, to(listener.port(), "POST", "x"));
    auto peer = listener.accept(loop, "\r\n\r\nx");
    peer->send(bytes);
    peer.reset();
    run_until(loop, [&] { return sending.result.has_value(); });
    ASSERT_TRUE(sending.result->has_value()) << sending.result->error().message;
    EXPECT_EQ((*sending.result)->status, 200U);
    EXPECT_EQ((*sending.result)->body, body);
  }
}

TEST(HttpClientTest, WritesTheRequestAsGiven) {
  EventLoop loop;
  RawListener listener;
  const auto client = make_client(loop, any_address());
  ClientRequest request = to(listener.port(), "POST", "body");
  request.request.headers.add("Host", "evil.example");
  request.request.headers.add("Content-Length", "1");
  request.request.headers.add("Transfer-Encoding", "chunked");
  Sending sending(*client, std::move(request));
  const auto peer = listener.accept(loop, "body");
  EXPECT_EQ(peer->received(), "POST /path?a=b HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(listener.port()) +
                                  "\r\nX-Header: value\r\nContent-Length: 4\r\n\r\nbody");
  client->close();
  run_until(loop, [&] { return sending.result.has_value(); });
}

TEST(HttpClientTest, ARefusedConnectionIsUnavailable) {
  EventLoop loop;
  RawListener listener;
  listener.close();
  const auto client = make_client(loop, any_address());
  EXPECT_EQ(kind_of(send(loop, *client, to(listener.port(), "POST", "x"))), ErrorKind::unavailable);
  run_until(loop, [&] { return client->stats().connections_open == 0; });
}

TEST(HttpClientTest, AnAnswerCutShortLeavesAPostUnknownAndAGetUnavailable) {
  EventLoop loop;
  RawListener listener;
  const auto client = make_client(loop, any_address());
  for (const std::string_view cut :
       {"", "HTTP/1.1 200 OK\r\nContent-Len", "HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", "this is not HTTP\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n"}) {
    for (const auto& [method, kind] :
         std::vector<std::pair<std::string, ErrorKind>>{{"POST", ErrorKind::maybe_applied},
                                                        {"PUT", ErrorKind::maybe_applied},
                                                        {"PATCH", ErrorKind::maybe_applied},
                                                        {"DELETE", ErrorKind::maybe_applied},
                                                        {"GET", ErrorKind::unavailable}}) {
      Sending sending(*client, to(listener.port(), method));
      auto peer = listener.accept(loop, "\r\n\r\n");
      peer->send(cut);
      peer.reset();
      run_until(loop, [&] { return sending.result.has_value(); });
      EXPECT_EQ(kind_of(*sending.result), kind) << method << " cut after: " << cut;
    }
  }
}

TEST(HttpClientTest, AResetLeavesAPostUnknown) {
  EventLoop loop;
  RawListener listener;
  const auto client = make_client(loop, any_address());
  Sending sending(*client, to(listener.port(), "POST", "x"));
  auto peer = listener.accept(loop, "\r\n\r\nx");
  peer->reset();
  peer.reset();
  run_until(loop, [&] { return sending.result.has_value(); });
  EXPECT_EQ(kind_of(*sending.result), ErrorKind::maybe_applied);
}

TEST(HttpClientTest, TheDeadlineHoldsWhileSendingAndWhileWaitingForAConnection) {
  EventLoop loop;
  RawListener listener;
  ClientSettings settings = any_address();
  settings.limits.connections_per_origin_limit = 1;
  const auto client = make_client(loop, std::move(settings));
  ClientRequest request = to(listener.port(), "POST", "x");
  request.deadline = milliseconds(30);
  Sending first(*client, request);
  request.deadline = milliseconds(10);
  Sending second(*client, request);
  run_until(loop, [&] { return first.result && second.result; });
  EXPECT_EQ(kind_of(*first.result), ErrorKind::maybe_applied) << "bytes went out, no answer came";
  EXPECT_EQ(kind_of(*second.result), ErrorKind::unavailable) << "it never left the queue";

  request.request.method = "GET";
  request.request.body = "";
  EXPECT_EQ(kind_of(send(loop, *client, request)), ErrorKind::unavailable);
}

TEST(HttpClientTest, TheAnswersSizeIsBounded) {
  EventLoop loop;
  const auto server = make_server(loop, [](const ServerRequest&, const std::shared_ptr<Exchange>& exchange) {
    exchange->respond({200, {}, std::string(1001, 'x')});
  });
  const auto client = make_client(loop, any_address());
  ClientRequest request = to(server->port(), "GET");
  request.response_bytes_limit = 1000;
  EXPECT_EQ(kind_of(send(loop, *client, request)), ErrorKind::exhausted);
  request.request.method = "POST";
  EXPECT_EQ(kind_of(send(loop, *client, request)), ErrorKind::maybe_applied);
  request.response_bytes_limit = 1001;
  EXPECT_TRUE(send(loop, *client, request).has_value());
}

TEST(HttpClientTest, AnIdleConnectionTheServerClosedIsNotUsedAgain) {
  EventLoop loop;
  RawListener listener;
  const auto client = make_client(loop, any_address());
  for (int i = 0; i < 3; ++i) {
    Sending sending(*client, to(listener.port(), "POST", "x"));
    auto peer = listener.accept(loop, "\r\n\r\nx");
    peer->send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    run_until(loop, [&] { return sending.result.has_value(); });
    ASSERT_TRUE(sending.result->has_value()) << i << ": " << sending.result->error().message;
    EXPECT_EQ(client->stats().connections_idle, 1U);
  }
  EXPECT_EQ(client->stats().connections_dialled, 3U);
}

// The server closes the connection on seeing the second request: the race that checking beforehand cannot win.
TEST(HttpClientTest, OnAReusedConnectionAGetIsTriedAgainAndAPostIsNot) {
  EventLoop loop;
  RawListener listener;
  const auto client = make_client(loop, any_address());
  for (const std::string method : {"GET", "POST"}) {
    Sending first(*client, to(listener.port(), method));
    auto peer = listener.accept(loop, "\r\n\r\n");
    peer->send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    run_until(loop, [&] { return first.result.has_value(); });
    Sending second(*client, to(listener.port(), method));
    const std::size_t before = peer->received().size();
    run_until(loop, [&] { return peer->closed() || peer->received().size() > before; });
    peer.reset();
    if (method == "GET") {
      auto fresh = listener.accept(loop, "GET /path?a=b");
      fresh->send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    }
    run_until(loop, [&] { return second.result.has_value(); });
    if (method == "GET") {
      ASSERT_TRUE(second.result->has_value());
      EXPECT_EQ((*second.result)->status, 204U);
    } else {
      EXPECT_EQ(kind_of(*second.result), ErrorKind::maybe_applied);
      EXPECT_EQ(client->stats().connections_dialled, 3U) << "one for each first request, one for the GET's second try";
    }
  }
}

TEST(HttpClientTest, AnEarlyRefusalIsSeenWhileTheBodyIsStillGoingOut) {
  EventLoop loop;
  ServerSettings settings;
  settings.limits.body_bytes_limit = 1000;
  const auto server = make_server(loop, echo, settings);
  const auto client = make_client(loop, any_address());
  const auto answer = send(loop, *client, to(server->port(), "POST", std::string(20 << 20, 'x')));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->status, 413U);
}

TEST(HttpClientTest, IdleConnectionsAreClosedAfterTheirTime) {
  EventLoop loop;
  const auto server = make_server(loop, echo);
  ClientSettings settings = any_address();
  settings.limits.idle_timeout = milliseconds(20);
  const auto client = make_client(loop, std::move(settings));
  ASSERT_TRUE(send(loop, *client, to(server->port(), "GET")).has_value());
  EXPECT_EQ(client->stats().connections_idle, 1U);
  run_until(loop, [&] { return client->stats().connections_open == 0 && server->stats().connections_open == 0; });
}

TEST(HttpClientTest, CloseCompletesEverythingByWhatMayHaveHappened) {
  EventLoop loop;
  RawListener listener;
  ClientSettings settings = any_address();
  settings.limits.connections_per_origin_limit = 2;
  const auto client = make_client(loop, std::move(settings));
  Sending post(*client, to(listener.port(), "POST", "x"));
  const auto first = listener.accept(loop, "\r\n\r\nx");
  Sending get(*client, to(listener.port(), "GET"));
  const auto second = listener.accept(loop, "GET");
  Sending queued(*client, to(listener.port(), "POST"));
  client->close();
  run_until(loop, [&] { return post.result && get.result && queued.result; });
  EXPECT_EQ(kind_of(*post.result), ErrorKind::maybe_applied);
  EXPECT_EQ(kind_of(*get.result), ErrorKind::unavailable);
  EXPECT_EQ(kind_of(*queued.result), ErrorKind::unavailable);
  EXPECT_EQ(kind_of(send(loop, *client, to(listener.port(), "POST"))), ErrorKind::unavailable);
}

TEST(HttpClientTest, TheClientMayBeDestroyedWhileRequestsAreOut) {
  EventLoop loop;
  RawListener listener;
  auto client = make_client(loop, any_address());
  Sending sending(*client, to(listener.port(), "POST", "x"));
  const auto peer = listener.accept(loop, "\r\n\r\nx");
  client.reset();
  run_until(loop, [&] { return sending.result.has_value(); });
  EXPECT_EQ(kind_of(*sending.result), ErrorKind::maybe_applied);
}

TEST(HttpClientTest, InwardAddressesAreRefusedWhateverTheyLookLike) {
  EventLoop loop;
  const auto server = make_server(loop, echo);
  const auto client = make_client(loop, {});  // public only
  const std::string port = ":" + std::to_string(server->port());
  const auto answer_from = [&](const std::string& host, std::optional<AddressReach> reach) {
    ClientRequest request = to(server->port(), "GET");
    request.origin = "http://" + host + port;
    request.reach = reach;
    return send(loop, *client, request);
  };
  // Names that resolve inwards, and addresses in various clothes, which the system's resolver understands.
  const std::vector<std::string> names = {"2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.0.0.1"};
  const std::vector<std::string> figures = {"127.0.0.1",       "127.0.0.2", "[::1]",    "[::ffff:127.0.0.1]",
                                            "[::ffff:7f00:1]", "localhost", "LOCALHOST"};
  const auto expect_refused = [&](const std::string& host, std::optional<AddressReach> reach) {
    const auto answer = answer_from(host, reach);
    EXPECT_EQ(kind_of(answer), ErrorKind::invalid) << host;
    EXPECT_THAT(answer.error().message, HasSubstr("not a public address")) << host;
  };
  for (const std::string& host : names) {
    expect_refused(host, std::nullopt);
    expect_refused(host, AddressReach::as_named);
  }
  for (const std::string& host : figures) expect_refused(host, std::nullopt);
  EXPECT_EQ(server->stats().connections_accepted, 0U);
  EXPECT_TRUE(answer_from("127.0.0.1", AddressReach::as_named));
  EXPECT_TRUE(answer_from("localhost", AddressReach::as_named));
  EXPECT_TRUE(answer_from("127.1", AddressReach::any));
  expect_refused("127.0.0.1", std::nullopt);  // although a connection to it is kept
}

// A vendor that is taken over, or a page of ours that is, can not send us elsewhere.
TEST(HttpClientTest, ARedirectIsAnAnswerAndLeadsNowhere) {
  EventLoop loop;
  const auto other = make_server(loop, echo);
  for (const unsigned status : {301U, 302U, 303U, 307U, 308U}) {
    const auto server = make_server(loop, [&](const ServerRequest&, const std::shared_ptr<Exchange>& exchange) {
      exchange->respond({status, {{"Location", origin_of(other->port()) + "/x"}}, ""});
    });
    const auto client = make_client(loop, any_address());
    ClientRequest request = to(server->port(), "GET");
    request.request.headers.add("Authorization", "Bearer t");
    const auto answer = send(loop, *client, request);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, status);
  }
  EXPECT_EQ(other->stats().connections_accepted, 0U);
}

TEST(HttpClientTest, RequestsThatCanNotBeSentAreInvalid) {
  EventLoop loop;
  const auto client = make_client(loop, any_address());
  const auto kind_for = [&](auto change) {
    ClientRequest request = to(1, "GET");
    change(request);
    return kind_of(send(loop, *client, request));
  };
  for (const char* origin :
       {"", "example.org", "ftp://example.org", "http://", "http://user@example.org", "http://example.org/path",
        "http://example.org?x", "http://example.org:0", "http://example.org:99999", "http://a b"}) {
    EXPECT_EQ(kind_for([&](ClientRequest& r) { r.origin = origin; }), ErrorKind::invalid) << origin;
  }
  EXPECT_EQ(kind_for([](ClientRequest& r) { r.request.method = "GET /x"; }), ErrorKind::invalid);
  EXPECT_EQ(kind_for([](ClientRequest& r) { r.request.target = "/x\r\nA: b"; }), ErrorKind::invalid);
  EXPECT_EQ(kind_for([](ClientRequest& r) { r.request.target = "http://elsewhere/"; }), ErrorKind::invalid);
  EXPECT_EQ(kind_for([](ClientRequest& r) { r.request.headers.add("A", "b\r\nC: d"); }), ErrorKind::invalid);
  EXPECT_EQ(kind_for([](ClientRequest& r) { r.request.headers.add("A:", "b"); }), ErrorKind::invalid);
}

}  // namespace
}  // namespace lockstep::net
