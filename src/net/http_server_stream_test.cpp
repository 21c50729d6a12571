// Responses that go on: chunks, flushing, slow and lost readers.
#include <gmock/gmock.h>

#include "net/http_server.hpp"
#include "net/testing/loopback.hpp"
#include "net/testing/serving.hpp"

namespace lockstep::net {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(HttpServerStreamTest, StreamsInChunksAndGoesOnWithTheNextRequest) {
  EventLoop loop;
  std::shared_ptr<BodyStream> stream;
  const auto server = make_server(loop, [&](const ServerRequest& request, const std::shared_ptr<Exchange>& exchange) {
    if (request.request.target == "/stream") {
      stream = exchange->stream({200, {{"Content-Type", "text/event-stream"}}, ""});
    } else {
      echo(request, exchange);
    }
  });
  const auto peer = RawPeer::connect(server->port());
  peer->send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n");
  run_until(loop, [&] { return peer->has("\r\n\r\n"); });
  EXPECT_THAT(peer->received(), HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_EQ(stream->write(shared("hello")), WriteOutcome::accepted);
  run_until(loop, [&] { return peer->has("5\r\nhello\r\n"); });
  run_until(loop, [&] { return stream->pending_bytes() == 0; });
  // What is written in one turn of the loop goes out together.
  for (const char* text : {"a", "bb", "ccc"}) EXPECT_EQ(stream->write(shared(text)), WriteOutcome::accepted);
  run_until(loop, [&] { return peer->has("6\r\nabbccc\r\n"); });
  EXPECT_THAT(peer->received(), Not(HasSubstr("/next"))) << "answered in order";
  stream->close();
  EXPECT_EQ(stream->write(shared("late")), WriteOutcome::closed);
  run_until(loop, [&] { return peer->has("X-Target: /next"); });
  EXPECT_THAT(peer->received(), HasSubstr("\r\n0\r\n\r\nHTTP/1.1 200 OK"));
}

TEST(HttpServerStreamTest, AStreamThatStartsLateIsServedTheSame) {
  EventLoop loop;
  std::shared_ptr<BodyStream> stream;
  const auto server = make_server(loop, [&](const ServerRequest&, const std::shared_ptr<Exchange>& exchange) {
    // By then a read for the next request is under way, and is started again.
    loop.after(milliseconds(2), [&, exchange] { stream = exchange->stream({200, {}, ""}); });
  });
  const auto peer = RawPeer::connect(server->port());
  peer->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  run_until(loop, [&] { return peer->has("\r\n\r\n"); });
  stream->write(shared("late"));
  run_until(loop, [&] { return peer->has("late"); });
  std::exchange(stream, nullptr)->close();
  peer->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  run_until(loop, [&] { return stream != nullptr && count((peer->closed(), peer->received()), "HTTP/1.1 200") == 2; });
}

TEST(HttpServerStreamTest, AFlushIntervalGathersWritesButHoldsNoFirstOneBack) {
  ServerLimits limits;
  limits.stream_flush_interval = milliseconds(150);
  EventLoop loop;
  std::shared_ptr<BodyStream> stream;
  const auto server = make_server(
      loop,
      [&](const ServerRequest&, const std::shared_ptr<Exchange>& exchange) {
        stream = exchange->stream({200, {}, ""});
      },
      with_limits(limits));
  const auto peer = RawPeer::connect(server->port());
  peer->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  run_until(loop, [&] { return stream != nullptr; });
  const Duration start = loop.clock().monotonic();
  stream->write(shared("first"));
  run_until(loop, [&] { return peer->has("5\r\nfirst\r\n"); });
  EXPECT_LT(loop.clock().monotonic() - start, milliseconds(150));
  stream->write(shared("second"));
  loop.after(milliseconds(5), [&] { stream->write(shared("third")); });
  run_until(loop, [&] { return peer->has("third"); });
  EXPECT_GE(loop.clock().monotonic() - start, milliseconds(150));
  EXPECT_THAT(peer->received(), HasSubstr("b\r\nsecondthird\r\n"));
  // A close waits for nothing, and the connection goes on.
  stream->write(shared("last"));
  std::exchange(stream, nullptr)->close();
  run_until(loop, [&] { return peer->has("last\r\n0\r\n\r\n"); });
  peer->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  run_until(loop, [&] { return stream != nullptr; });
}

TEST(HttpServerStreamTest, AClientThatPipelinesWithoutReadingIsHeldBack) {
  ServerLimits limits;
  limits.write_timeout = milliseconds(100);
  EventLoop loop;
  const auto server = make_server(
      loop,
      [](const ServerRequest&, const std::shared_ptr<Exchange>& exchange) {
        exchange->respond({200, {}, std::string(20'000, 'x')});
      },
      with_limits(limits));
  const auto peer = RawPeer::connect(server->port());
  constexpr int kRequests = 2000;  // 40 MB of answers: more than the kernel takes
  std::string bytes;
  for (int i = 0; i < kRequests; ++i) bytes += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  peer->send(bytes);
  run_until(loop, [&] { return server->stats().requests > 0 && server->stats().connections_open == 0; });
  EXPECT_LT(server->stats().requests, kRequests / 2U);
}

TEST(HttpServerStreamTest, ASlowReaderIsReportedAndCostsBoundedMemory) {
  ServerLimits limits;
  limits.stream_pending_bytes_limit = 100'000;
  limits.write_timeout = milliseconds(100);
  EventLoop loop;
  std::shared_ptr<BodyStream> stream;
  const auto server = make_server(
      loop,
      [&](const ServerRequest&, const std::shared_ptr<Exchange>& exchange) {
        stream = exchange->stream({200, {}, ""});
      },
      with_limits(limits));
  const auto peer = RawPeer::connect(server->port());
  peer->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  run_until(loop, [&] { return stream != nullptr; });
  bool closed = false;
  stream->on_close([&] { closed = true; });
  const auto block = shared(std::string(50'000, 'x'));
  bool over = false;
  // The peer never reads: the kernel's buffers fill first, then ours.
  run_until(loop, [&] {
    over = stream->write(block) == WriteOutcome::over_limit;
    EXPECT_LE(stream->pending_bytes(), 100'000U + 64U);
    return over;
  });
  EXPECT_TRUE(over);
  // Left alone, it is closed after the write timeout, and its owner hears of it.
  run_until(loop, [&] { return closed; });
  EXPECT_EQ(stream->write(block), WriteOutcome::closed);
  EXPECT_EQ(server->stats().connections_open, 0U);
}

TEST(HttpServerStreamTest, AStreamHearsThatItsReaderIsGone) {
  EventLoop loop;
  std::shared_ptr<BodyStream> stream;
  const auto server = make_server(loop, [&](const ServerRequest&, const std::shared_ptr<Exchange>& exchange) {
    stream = exchange->stream({200, {}, ""});
  });
  auto peer = RawPeer::connect(server->port());
  peer->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  run_until(loop, [&] { return stream != nullptr; });
  bool closed = false;
  stream->on_close([&] { closed = true; });
  peer.reset();
  run_until(loop, [&] { return closed; });
  bool late = false;
  stream->on_close([&] { late = true; });
  run_until(loop, [&] { return late; });
}

}  // namespace
}  // namespace lockstep::net
