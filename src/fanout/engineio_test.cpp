#include "fanout/engineio.hpp"

#include <gmock/gmock.h>

namespace lockstep::fanout {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

// A session with what it asked of its carrier and told its listener, as texts in order.
struct Seen {
  std::vector<std::string> log;
  Delivered taken = Delivered::yes;
  std::unique_ptr<EngineSession> session;

  explicit Seen(EngineSettings settings = {}) {
    session = std::make_unique<EngineSession>(
        "S", settings,
        EngineSession::Carrier{[this](std::string body) { log.push_back("poll<" + body); },
                               [this](const wire::Frame& frame) {
                                 if (taken == Delivered::yes) {
                                   log.push_back((frame.kind() == wire::FrameKind::text ? "ws<" : "ws<bin:") +
                                                 std::string(frame.payload()));
                                 }
                                 return taken;
                               },
                               [this] { log.push_back("ws closed"); }, [] { return std::size_t{0}; }},
        EngineSession::Listener{[this](wire::FrameKind kind, std::string_view message) {
                                  log.push_back((kind == wire::FrameKind::text ? ">" : ">bin:") + std::string(message));
                                },
                                [this](std::string_view reason) { log.push_back("over: " + std::string(reason)); },
                                [this] { log.push_back("room"); }},
        Duration(0));
  }
  std::vector<std::string> take() { return std::exchange(log, {}); }
  void upgrade() {
    session->start_probe();
    session->websocket_message(wire::FrameKind::text, "2probe", {});
    session->websocket_message(wire::FrameKind::text, "5", {});
    take();
  }
};

wire::Frame text(std::string_view message) { return wire::text_frame({"4", message}); }

std::expected<EngineRequest, EngineError> read(std::string_view method, std::string_view query,
                                               RequestKind kind = RequestKind::plain) {
  return read_engine_request(method, wire::parse_target("/socket.io/?" + std::string(query)), kind);
}

TEST(EngineRequest, ErrorsAreTheProtocols) {
  EXPECT_EQ(read("GET", "EIO=4&transport=carrier-pigeon").error().code, 0);
  EXPECT_EQ(read("GET", "EIO=4").error().code, 0);
  EXPECT_EQ(read("POST", "EIO=4&transport=polling").error().code, 2);
  EXPECT_EQ(read("GET", "EIO=4&transport=websocket").error().code, 3);
  EXPECT_EQ(read("GET", "EIO=4&transport=polling&sid=x", RequestKind::upgrade).error().code, 3);
  EXPECT_EQ(read("PUT", "EIO=4&transport=polling&sid=x").error().code, 3);
  EXPECT_EQ(read("GET", "transport=polling").error().code, 5);
  EXPECT_EQ(read("GET", "transport=polling&EIO=3").error().json(),
            R"({"code":5,"message":"Unsupported protocol version"})");
  const auto good = read("GET", "v=1&EIO=4&transport=websocket&sid=abc", RequestKind::upgrade);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->sid, "abc");
  EXPECT_EQ(good->transport, Transport::websocket);
}

TEST(EngineSession, OpensWithItsFiveKeys) {
  Seen seen;
  EXPECT_EQ(seen.session->open_packet(Transport::polling),
            R"(0{"sid":"S","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");
  seen.session->start_on_websocket();
  EXPECT_THAT(
      seen.take(),
      ElementsAre(R"(ws<0{"sid":"S","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})"));
}

TEST(EngineSession, PollsAndPosts) {
  Seen seen;
  EXPECT_EQ(seen.session->poll({}), EngineSession::Polled::waits);
  EXPECT_EQ(seen.session->post("4hello\x1e"
                               "bAQID",
                               {}),
            EngineSession::Posted::ok);
  EXPECT_THAT(seen.take(), ElementsAre(">hello", ">bin:\x01\x02\x03"));
  seen.session->send(text("a"));
  EXPECT_THAT(seen.take(), ElementsAre("poll<4a", "room"));
  seen.session->send(text("b"));
  seen.session->send(wire::binary_frame("\x01\x02\x03"));
  EXPECT_GT(seen.session->pending_bytes(), 0u);
  EXPECT_EQ(seen.session->poll({}), EngineSession::Polled::answered);
  EXPECT_THAT(seen.take(), ElementsAre("poll<4b\x1e"
                                       "bAQID",
                                       "room"));
  EXPECT_EQ(seen.session->pending_bytes(), 0u);
}

TEST(EngineSession, TwoPollsAtOnceEndIt) {
  Seen seen;
  seen.session->poll({});
  EXPECT_EQ(seen.session->poll({}), EngineSession::Polled::refused);
  EXPECT_THAT(seen.take(), ElementsAre("poll<1", "over: transport error"));
  EXPECT_EQ(seen.session->poll({}), EngineSession::Polled::refused);
  EXPECT_EQ(seen.session->post("4x", {}), EngineSession::Posted::refused);
  EXPECT_TRUE(seen.take().empty());
}

TEST(EngineSession, WhatIsNoPacketEndsIt) {
  for (const std::string body : {"", "abc", "4a\x1e", "0", "b***", "5"}) {
    Seen seen;
    EXPECT_EQ(seen.session->post(body, {}), EngineSession::Posted::refused) << body;
    EXPECT_EQ(seen.log.back(), "over: parse error") << body;
  }
  Seen seen;
  seen.session->start_on_websocket();
  seen.take();
  seen.session->websocket_message(wire::FrameKind::text, "abc", {});
  EXPECT_THAT(seen.take(), ElementsAre("ws closed", "over: parse error"));
}

TEST(EngineSession, TheClientCloses) {
  Seen seen;
  seen.session->poll({});
  EXPECT_EQ(seen.session->post("1\x1e"
                               "4late",
                               {}),
            EngineSession::Posted::ok);
  EXPECT_THAT(seen.take(), ElementsAre("poll<6", "over: transport close"));
  EXPECT_EQ(seen.session->poll({}), EngineSession::Polled::refused);
}

TEST(EngineSession, UpgradesInOrder) {
  Seen seen;
  seen.session->poll({});
  ASSERT_TRUE(seen.session->may_probe());
  seen.session->start_probe();
  EXPECT_FALSE(seen.session->may_probe());
  seen.session->websocket_message(wire::FrameKind::text, "2probe", {});
  EXPECT_THAT(seen.take(), ElementsAre("ws<3probe", "poll<6"));
  seen.session->send(text("between"));
  EXPECT_THAT(seen.take(), ElementsAre());
  seen.session->websocket_message(wire::FrameKind::text, "5", {});
  EXPECT_THAT(seen.take(), ElementsAre("ws<4between", "room"));
  seen.session->send(text("after"));
  seen.session->websocket_message(wire::FrameKind::text, "4in", {});
  EXPECT_THAT(seen.take(), ElementsAre("ws<4after", ">in"));
  EXPECT_EQ(seen.session->poll({}), EngineSession::Polled::refused);
  EXPECT_FALSE(seen.session->closed());
  EXPECT_FALSE(seen.session->may_probe());
}

TEST(EngineSession, AFailedProbeLeavesPollingAsItWas) {
  Seen seen;
  seen.session->start_probe();
  seen.session->websocket_message(wire::FrameKind::text, "2probe", {});
  seen.session->send(text("kept"));
  seen.session->websocket_gone();
  seen.take();
  EXPECT_EQ(seen.session->poll({}), EngineSession::Polled::answered);
  EXPECT_THAT(seen.take(), ElementsAre("poll<4kept", "room"));
  seen.session->start_probe();
  seen.session->websocket_message(wire::FrameKind::text, "4no probe", {});
  EXPECT_THAT(seen.take(), ElementsAre("ws closed"));
  EXPECT_FALSE(seen.session->closed());
}

TEST(EngineSession, TheServerPingsAndTheSilentAreClosed) {
  for (const Transport transport : {Transport::polling, Transport::websocket}) {
    EngineSettings settings;
    settings.ping_interval = milliseconds(300);
    settings.ping_timeout = milliseconds(200);
    Seen seen(settings);
    if (transport == Transport::websocket) seen.session->start_on_websocket();
    seen.take();
    seen.session->poll({});
    seen.session->tick(milliseconds(299));
    EXPECT_TRUE(seen.take().empty());
    seen.session->tick(milliseconds(300));
    EXPECT_EQ(seen.take().front(), transport == Transport::polling ? "poll<2" : "ws<2");
    if (transport == Transport::polling) {
      seen.session->post("3", milliseconds(350));
    } else {
      seen.session->websocket_message(wire::FrameKind::text, "3", milliseconds(350));
    }
    seen.session->tick(milliseconds(649));
    EXPECT_TRUE(seen.take().empty());
    seen.session->tick(milliseconds(650));
    seen.session->tick(milliseconds(849));
    EXPECT_FALSE(seen.session->closed());
    seen.session->tick(milliseconds(850));
    EXPECT_TRUE(seen.session->closed());
    EXPECT_EQ(seen.take().back(), "over: ping timeout");
  }
}

TEST(EngineSession, TheQueueIsBounded) {  // O3
  EngineSettings settings;
  settings.queue_bytes_limit = 1000;
  Seen seen(settings);
  const wire::Frame block = text(std::string(300, 'x'));
  EXPECT_EQ(seen.session->send(block), Delivered::yes);
  EXPECT_EQ(seen.session->send(block), Delivered::yes);
  EXPECT_EQ(seen.session->send(block), Delivered::yes);
  EXPECT_EQ(seen.session->send(block), Delivered::full);
  EXPECT_LE(seen.session->pending_bytes(), 1000u);
  seen.upgrade();
  seen.taken = Delivered::full;
  EXPECT_EQ(seen.session->send(block), Delivered::full);
}

TEST(EngineSession, TheServerCloses) {
  Seen polling;
  polling.session->poll({});
  polling.session->close("server shutting down");
  EXPECT_THAT(polling.take(), ElementsAre("poll<1", "over: server shutting down"));
  Seen websocket;
  websocket.session->start_on_websocket();
  websocket.take();
  websocket.session->close("server shutting down");
  websocket.session->close("again");
  EXPECT_THAT(websocket.take(), ElementsAre("ws closed", "over: server shutting down"));
  websocket.session->websocket_gone();
  EXPECT_EQ(websocket.session->send(text("late")), Delivered::yes);
  EXPECT_TRUE(websocket.take().empty());
}

TEST(EngineSession, AGivenUpPollEndsIt) {
  Seen seen;
  seen.session->poll({});
  seen.session->poll_gone();
  EXPECT_THAT(seen.take(), ElementsAre("over: transport close"));
}

}  // namespace
}  // namespace lockstep::fanout
