// Socket.IO and Supabase Realtime through the whole gateway, with time that is told: rights, gaps, slow readers, limits.
// What the real clients make of it is in tests/realtime.
#include <gmock/gmock.h>

#include "gateway/realtime_clients.hpp"

namespace lockstep::gateway {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<Seq> sequences(const std::vector<std::string>& frames) {
  std::vector<Seq> out;
  for (const std::string& frame : frames) {
    if (!frame.starts_with("42[\"entry\"")) continue;
    const Result<Json> packet = parse_json(std::string_view(frame).substr(2));
    out.push_back(packet->at(1).at("seq").to_number<Seq>());
    EXPECT_EQ(std::string(packet->at(2).as_string()), std::to_string(out.back()) + ".0");
  }
  return out;
}

TEST(SocketServer, TellsEntriesFromAnyPointOn) {  // P1
  World world;
  for (int i = 0; i < 3; ++i) world.create("acme", "before" + std::to_string(i) + "@example.com");
  const auto socket = socket_io(world, "viewer");
  EXPECT_THAT(socket->received.front(), StartsWith("0{\"sid\""));
  EXPECT_THAT(socket->received.back(), StartsWith("40{\"sid\""));
  socket->say(R"(420["subscribe",{"topic":"records:acme","after":0}])");
  world.settle();
  world.create("other", "secret@example.com");
  world.create("acme", "after@example.com");
  EXPECT_EQ(sequences(socket->received), world.journal_of("acme"));
  EXPECT_THAT(socket->received, Not(Contains(HasSubstr("secret"))));
  EXPECT_THAT(socket->received, Contains(HasSubstr(R"(430[{"ok":true,"topic":"records:acme")")));
}

TEST(SocketServer, TopicsInTheAuthObjectResume) {
  World world;
  world.create("acme", "before@example.com");
  const auto socket =
      socket_io(world, "viewer", R"(,"topics":[{"topic":"records:acme","after":1},"records:other","nonsense"])");
  world.settle();
  std::vector<Seq> expected = world.journal_of("acme");
  std::erase(expected, Seq{1});
  EXPECT_EQ(sequences(socket->received), expected);
  EXPECT_THAT(socket->received, Contains(HasSubstr(R"(["unsubscribed",{"topic":"records:other")")));
  EXPECT_THAT(socket->received, Contains(HasSubstr(R"(["unsubscribed",{"topic":"nonsense")")));
}

TEST(SocketServer, RightsThatGoEndWhatTheyAllowed) {  // P2
  World world;
  const auto socket = socket_io(world, "viewer", R"(,"topics":["records:acme"])");
  const auto narrowed = socket_io(world, "admin", R"(,"topics":["records:acme","records:other"])");
  world.access.callers.erase("viewer");
  world.access.callers["admin"] = {"key admin", {}, {{SourceId("acme"), Role::viewer}}};
  world.loop.run_for(seconds(5));
  EXPECT_EQ(socket->received.back(), "41");
  EXPECT_THAT(narrowed->received.back(), HasSubstr(R"(["unsubscribed",{"topic":"records:other")"));
  const std::size_t before = socket->received.size();
  world.access.callers["boss"] = {"key boss", Role::admin, {}};
  world.call("boss", "POST", "/api/v1/sources/other/records",
             R"({"entity":"contact","fields":{"email":"secret@example.com"}})");
  world.call("boss", "POST", "/api/v1/sources/acme/records",
             R"({"entity":"contact","fields":{"email":"known@example.com"}})");
  EXPECT_EQ(socket->received.size(), before);
  EXPECT_THAT(narrowed->received, Not(Contains(HasSubstr("secret"))));
  EXPECT_THAT(narrowed->received, Contains(HasSubstr("known")));
}

// The keys of a token's issuer may be on their way: clients come back after a lost connection, not after a refusal.
TEST(SocketServer, WhoCanNotBeIdentifiedYetComesBack) {
  World world;
  const auto refused = socket_io(world, "unknown");
  EXPECT_THAT(refused->received.back(), StartsWith("44{"));
  EXPECT_EQ(refused->closed_with, 0);
  world.access.refusal = ErrorKind::unavailable;
  const auto socket = socket_io(world, "unknown");
  EXPECT_THAT(socket->received, Not(Contains(StartsWith("44"))));
  EXPECT_NE(socket->closed_with, 0);
  const Answer answer = world.call("unknown", "GET", "/api/v1/sources");
  EXPECT_EQ(answer.status(), 429u) << "not 401: that signs people out";
}

TEST(SocketServer, ASlowReaderGoesOnWhereItStands) {  // P1, O3
  World world;
  const auto socket = socket_io(world, "viewer", R"(,"topics":[{"topic":"records:acme","after":0}])");
  socket->reading = false;
  socket->pending_limit = 2'000;
  for (int i = 0; i < 10; ++i) world.create("acme", "p" + std::to_string(i) + "@example.com");
  ASSERT_LT(sequences(socket->received).size(), world.journal_of("acme").size());
  EXPECT_LE(socket->pending, 2'000u);
  socket->reading = true;
  socket->pending = 0;
  world.settle();
  EXPECT_EQ(sequences(socket->received), world.journal_of("acme"));
}

// P1: of entries, what the journal has pruned; of rows, what memory does not have.
TEST(SocketServer, WhatCanNotBeHadIsAGap) {
  World world;
  sync::Batch batch;
  batch.first_seq = 1;
  for (Seq seq = 1; seq <= 10; ++seq) {
    sync::JournalEntry entry;
    entry.seq = seq;
    entry.at = Time(seconds(seq));
    entry.source = SourceId("acme");
    entry.kind = "change";
    batch.journal.push_back(std::move(entry));
  }
  ASSERT_TRUE(world.store.commit(batch));
  world.hub->events().start_at(10);
  ASSERT_TRUE(world.store.prune(Time(), Time(seconds(6)), 100));
  const auto socket =
      socket_io(world, "viewer", R"(,"topics":[{"topic":"records:acme","after":2},{"topic":"ghl:acme","after":7}])");
  world.settle();
  EXPECT_THAT(socket->received, Contains(R"(42["gap",{"topic":"records:acme","from":3,"to":5}])"));
  EXPECT_THAT(socket->received, Contains(R"(42["gap",{"topic":"ghl:acme","from":8,"to":10}])"));
  EXPECT_EQ(sequences(socket->received), (std::vector<Seq>{6, 7, 8, 9, 10}));
}

TEST(SocketServer, SessionsEndWithTheirClient) {
  World world;
  const auto socket = socket_io(world, "viewer", R"(,"topics":["records:acme"])");
  EXPECT_EQ(world.hub->events().subscriptions(), 1u);
  socket->events.on_close(1006);
  EXPECT_EQ(world.hub->events().subscriptions(), 0u);
  const Answer open = world.call("", "GET", "/socket.io/?EIO=4&transport=polling");
  const std::string sid(string_member(*parse_json(open.response->body.substr(1)), "sid"));
  EXPECT_EQ(open.response->headers.get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(world.call("", "POST", "/socket.io/?EIO=4&transport=polling&sid=" + sid, R"(40{"token":"viewer"})")
                .response->body,
            "ok");
  EXPECT_THAT(world.call("", "GET", "/socket.io/?EIO=4&transport=polling&sid=" + sid).response->body,
              HasSubstr("40{\"sid\""));
  const auto waiting = world.send("", "GET", "/socket.io/?EIO=4&transport=polling&sid=" + sid);
  world.loop.run_for(seconds(26));
  EXPECT_EQ(waiting->response->body, "2");
  world.loop.run_for(seconds(21));
  const Answer late = world.call("", "GET", "/socket.io/?EIO=4&transport=polling&sid=" + sid);
  EXPECT_EQ(late.status(), 400u);
  EXPECT_EQ(late.response->body, R"({"code":1,"message":"Session ID unknown"})");
}

TEST(SocketServer, TwoPollsAtOnce) {
  World world;
  const Answer open = world.call("", "GET", "/socket.io/?EIO=4&transport=polling");
  const std::string target = "/socket.io/?EIO=4&transport=polling&sid=" +
                             std::string(string_member(*parse_json(open.response->body.substr(1)), "sid"));
  const auto first = world.send("", "GET", target);
  EXPECT_EQ(world.call("", "GET", target).status(), 400u);
  ASSERT_TRUE(first->response);
  EXPECT_EQ(first->response->body, "1");
}

TEST(SocketServer, ADrainTellsEverybodyToComeAgain) {
  World world;
  const auto a = socket_io(world, "viewer");
  const auto b = phoenix(world, "viewer");
  world.gateway->close_streams();
  EXPECT_EQ(a->closed_with, 1012);
  EXPECT_EQ(b->closed_with, 1012);
  EXPECT_THAT(a->received, Not(Contains("41"))) << "a client that is sent away does not come back";
}

TEST(PhoenixServer, JoinsWhatTheCallerMayRead) {  // P2
  World world;
  const auto socket = phoenix(world, "viewer");
  socket->say(join("records:other"));
  EXPECT_THAT(socket->received.back(), HasSubstr("Unauthorized: You do not have permissions to read"));
  socket->say(join("records:acme"));
  EXPECT_THAT(socket->received, Contains(HasSubstr(R"("phx_reply",{"status":"ok")")));
  world.create("other", "secret@example.com");
  world.create("acme", "known@example.com");
  EXPECT_THAT(socket->received, Contains(HasSubstr("known@example.com")));
  EXPECT_THAT(socket->received, Not(Contains(HasSubstr("secret"))));
  socket->events.on_close(1005);
  EXPECT_EQ(world.hub->events().subscriptions(), 0u);
}

TEST(PhoenixServer, RightsThatGoCloseTheChannel) {  // P2
  World world;
  const auto socket = phoenix(world, "viewer");
  socket->say(join("records:acme"));
  world.access.callers.erase("viewer");
  world.loop.run_for(seconds(5));
  EXPECT_THAT(socket->received.back(), HasSubstr("phx_close"));
  const std::size_t before = socket->received.size();
  world.create("acme", "secret@example.com");
  EXPECT_EQ(socket->received.size(), before);
  socket->say(join("records:acme"));
  EXPECT_THAT(socket->received.back(), HasSubstr("Unauthorized"));
}

TEST(PhoenixServer, BroadcastsByPost) {
  World world;
  const auto socket = phoenix(world, "viewer");
  socket->say(join("room"));
  const std::string body = R"({"messages":[{"topic":"room","event":"e","payload":{"a":1}}]})";
  EXPECT_EQ(world.call("", "POST", "/realtime/v1/api/broadcast", body, {{"apikey", "editor"}}).status(), 202u);
  EXPECT_THAT(socket->received.back(), HasSubstr(R"("broadcast",{"type":"broadcast","event":"e","payload":{"a":1}})"));
  EXPECT_EQ(world.call("", "POST", "/realtime/v1/api/broadcast", body, {{"apikey", "nobody"}}).status(), 401u);
  EXPECT_EQ(world.call("", "POST", "/realtime/v1/api/broadcast", "{}", {{"apikey", "editor"}}).status(), 422u);
  const std::string one = "/realtime/v1/api/broadcast/room/events/change";
  EXPECT_EQ(world.call("", "POST", one, "{", {{"apikey", "editor"}}).status(), 400u);
  EXPECT_EQ(world.call("", "POST", one, "{}", {{"apikey", "editor"}}).status(), 202u);
  EXPECT_THAT(socket->received.back(), HasSubstr(R"("event":"change","payload":{})"));
}

// P1: what a row's topic tells was committed. Each way in, each such topic, the rights of everybody.
TEST(PhoenixServer, NobodyForgesARow) {
  World world;
  for (const std::string topic : {"rows:acme", "ghl:acme", "records:acme", "records:acme:contact"}) {
    SCOPED_TRACE(topic);
    const auto reader = phoenix(world, "viewer");
    reader->say(join(topic));
    const auto quiet = socket_io(world, "viewer");
    quiet->say(R"(420["subscribe",")" + topic + "\"]");
    const std::size_t heard = reader->received.size();
    const std::size_t heard_too = quiet->received.size();
    for (const std::string who : {"viewer", "editor", "owner", "admin"}) {
      SCOPED_TRACE(who);
      const std::string why = "only Lockstep itself sends to " + topic;
      const auto forger = phoenix(world, who);
      forger->say(join(topic, R"({"broadcast":{"ack":true,"self":true}})"));
      forger->say(R"(["1","2","realtime:)" + topic + R"(","broadcast",{"event":"INSERT","payload":{"record":{}}}])");
      EXPECT_THAT(forger->received.back(), AllOf(HasSubstr(R"("status":"error")"), HasSubstr(why)));
      const std::string many = R"({"messages":[{"topic":"room","event":"e","payload":{}},{"topic":")" + topic +
                               R"(","event":"INSERT","payload":{"record":{}}}]})";
      const Answer post = world.call("", "POST", "/realtime/v1/api/broadcast", many, {{"apikey", who}});
      EXPECT_EQ(post.status(), 403u);
      EXPECT_THAT(post.response->body, HasSubstr(why));
      const Answer one =
          world.call("", "POST", "/realtime/v1/api/broadcast/" + topic + "/events/INSERT", "{}", {{"apikey", who}});
      EXPECT_EQ(one.status(), 403u);
      EXPECT_THAT(one.response->body, HasSubstr(why));
      const auto emitter = socket_io(world, who, R"(,"topics":[")" + topic + "\"]");
      emitter->say(R"(427["INSERT",{"topic":")" + topic + R"(","record":{}}])");
      EXPECT_THAT(emitter->received.back(), HasSubstr(R"("ok":false)"));
    }
    EXPECT_EQ(reader->received.size(), heard);
    EXPECT_EQ(quiet->received.size(), heard_too);
  }
}

TEST(PhoenixServer, RefusesHandshakes) {
  World world;
  EXPECT_EQ(world.call("", "GET", "/realtime/v1/websocket", "", kUpgrade).status(), 401u);
  EXPECT_EQ(world.call("", "GET", "/realtime/v1/websocket?apikey=a&vsn=9", "", kUpgrade).status(), 400u);
  EXPECT_EQ(world.call("", "GET", "/realtime/v1/websocket?apikey=a").status(), 400u);
  const Answer preflight = world.call("", "OPTIONS", "/realtime/v1/api/broadcast", "",
                                      {{"Access-Control-Request-Headers", "apikey,x-client-info"}});
  EXPECT_EQ(preflight.status(), 200u);
  EXPECT_EQ(preflight.response->headers.get("Access-Control-Allow-Headers"), "apikey,x-client-info");
}

TEST(Seen, IsMeasuredKeptAndNeverGoesBack) {
  World world;
  for (int i = 0; i < 3; ++i) world.create("acme", "p" + std::to_string(i) + "@example.com");
  const auto tell = [&](const std::string& who, const std::string& seq) {
    return world.call(who, "POST", "/api/v1/sources/acme/seen", R"({"seq":)" + seq + "}").status();
  };
  EXPECT_EQ(tell("viewer", "2"), 200u);
  EXPECT_EQ(tell("viewer", "1"), 200u);
  EXPECT_EQ(tell("editor", "3"), 200u);
  EXPECT_EQ(tell("viewer", "100000"), 422u);
  EXPECT_EQ(tell("viewer", "0"), 422u);
  EXPECT_EQ(tell("viewer", "\"x\""), 422u);
  EXPECT_EQ(tell("stranger", "1"), 403u);
  const auto seen = [&](const std::string& who) -> Json {
    const Json status = world.call("viewer", "GET", "/api/v1/sources/acme/status").json();
    return status.at("seen").at(who).at("seq");
  };
  EXPECT_EQ(seen("key viewer"), 2);
  EXPECT_EQ(seen("key editor"), 3);
  world.settle();
  // The gateway of the next start.
  world.gateway = std::make_unique<Gateway>(GatewayParts{world.hub.get(), &world.access, &world.loop, &world.random,
                                                         &world.log, world.accounts.get(), "test"});
  world.settle();
  EXPECT_EQ(seen("key viewer"), 2);
  EXPECT_EQ(seen("key editor"), 3);
}

}  // namespace
}  // namespace lockstep::gateway
