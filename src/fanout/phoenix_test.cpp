#include "fanout/phoenix.hpp"

#include <gmock/gmock.h>

namespace lockstep::fanout {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto v1 = PhoenixVersion::v1;
constexpr auto v2 = PhoenixVersion::v2;

struct Seen {
  std::vector<std::string> log;
  Delivered taken = Delivered::yes;
  MemberId last = 0;
  std::unique_ptr<PhoenixClient> client;

  explicit Seen(PhoenixVersion version = v2, PhoenixSettings settings = {}) {
    PhoenixClient::Owner owner;
    owner.send = [this](const wire::Frame& frame) {
      if (taken == Delivered::yes) log.push_back("<" + std::string(frame.payload()));
      return taken;
    };
    owner.on_join = [this](Channel& channel) { log.push_back("join " + std::string(channel.name())); };
    owner.on_leave = [this](Channel& channel) { log.push_back("leave " + std::string(channel.name())); };
    owner.on_broadcast = [this](Channel&, const Broadcast& broadcast) -> Result<void> {
      if (broadcast.event == "forbidden") return fail(ErrorKind::unauthorized, "not by you");
      log.push_back("broadcast " + broadcast.event + " " +
                    (broadcast.bytes ? "bytes " + *broadcast.bytes : to_text(broadcast.payload)));
      return {};
    };
    owner.on_track = [this](Channel&, const JsonObject& meta) { log.push_back("track " + to_text(meta)); };
    owner.on_untrack = [this](Channel&) { log.push_back("untrack"); };
    owner.on_token = [this](Channel& channel) { log.push_back("token " + channel.token); };
    owner.on_violation = [this](std::string_view) { log.push_back("violation"); };
    client = std::make_unique<PhoenixClient>(version, settings, std::move(owner), [this] { return ++last; });
  }
  void text(std::string_view message) { client->on_message(wire::FrameKind::text, message); }
  Channel& joined(const std::string& config = "{}") {
    text(R"(["1","1","realtime:room","phx_join",{"config":)" + config + "}]");
    Channel& channel = *client->find("realtime:room");
    client->accept(channel, {});
    log.clear();
    return channel;
  }
  std::vector<std::string> take() { return std::exchange(log, {}); }
};

TEST(PhoenixFrames, BothSerializers) {
  const PhoenixHead head{"1", "2", "realtime:a", "phx_reply"};
  EXPECT_EQ(phoenix_frame(v2, head, "{}").payload(), R"(["1","2","realtime:a","phx_reply",{}])");
  EXPECT_EQ(phoenix_frame(v1, head, "{}").payload(),
            R"({"topic":"realtime:a","event":"phx_reply","payload":{},"ref":"2","join_ref":"1"})");
  EXPECT_EQ(phoenix_frame(v1, {{}, {}, "t", "e"}, "{}").payload(),
            R"({"topic":"t","event":"e","payload":{},"ref":null})");
  const auto one = parse_phoenix_text(R"({"topic":"t","event":"e","payload":{"a":1},"ref":"7"})", v1);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->ref, "7");
  EXPECT_FALSE(one->join_ref);
  const auto two = parse_phoenix_text(R"([null,"17","phoenix","heartbeat",{}])", v2);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->topic, "phoenix");
}

TEST(PhoenixFrames, BinaryBroadcasts) {
  // The example of the client: lengths, then join_ref, ref, topic, event, payload.
  const std::string head("\x03\x02\x02\x11\x05\x00\x01", 7);
  const auto frame = parse_phoenix_binary(head + "1011realtime:ghl:src1hello{\"a\":1}");
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->join_ref, "10");
  EXPECT_EQ(frame->ref, "11");
  EXPECT_EQ(frame->topic, "realtime:ghl:src1");
  EXPECT_EQ(to_text(frame->payload), R"({"type":"broadcast","event":"hello","payload":{"a":1}})");
  EXPECT_EQ(phoenix_bytes_frame("ab", "e", "\x01").payload(), std::string("\x04\x02\x01\x00\x00"
                                                                          "abe\x01",
                                                                          9));
  std::string cut = head + "1011";
  EXPECT_FALSE(parse_phoenix_binary(cut));
  EXPECT_FALSE(parse_phoenix_binary(""));
  EXPECT_FALSE(parse_phoenix_binary(std::string("\x03\x00\x00\x01\x00\x00\x01\xff{}", 10))) << "text that is none";
}

TEST(PhoenixFrames, RefusesWhatIsNone) {
  for (const char* text : {"", "{}", "[]", "[1,2,3]", R"([null,null,7,"e",{}])", R"([null,null,"t","e",[]])"}) {
    EXPECT_FALSE(parse_phoenix_text(text, v2)) << text;
  }
  for (const char* text : {"[]", "{}", R"({"topic":"t"})", R"({"topic":"t","event":"e","payload":7})"}) {
    EXPECT_FALSE(parse_phoenix_text(text, v1)) << text;
  }
}

TEST(PhoenixClient, Heartbeats) {
  Seen seen;
  seen.text(R"([null,"17","phoenix","heartbeat",{}])");
  EXPECT_THAT(seen.take(), ElementsAre(R"(<[null,"17","phoenix","phx_reply",{"status":"ok","response":{}}])"));
}

TEST(PhoenixClient, JoinsAsTheClientExpects) {
  Seen seen;
  seen.text(
      R"(["10","10","realtime:ghl:src1","phx_join",{"config":{"broadcast":{"self":"true","ack":true},"presence":{"key":"k","enabled":true},"postgres_changes":[{"event":"INSERT","schema":"public","table":"a"},{"event":"*","schema":"public","table":"a","filter":"x=eq.1"}],"private":true},"access_token":"T"}])");
  Channel& channel = *seen.client->find("realtime:ghl:src1");
  EXPECT_EQ(channel.token, "T");
  EXPECT_TRUE(channel.broadcast_self && channel.broadcast_ack && channel.is_private);
  EXPECT_EQ(channel.presence_key, "k");
  EXPECT_THAT(seen.take(), ElementsAre("join ghl:src1"));
  seen.client->accept(channel, {{"k", JsonObject{{"metas", JsonArray()}}}});
  ASSERT_EQ(channel.changes.size(), 2u);
  const std::string first = std::to_string(channel.changes[0].id);
  const std::string second = std::to_string(channel.changes[1].id);
  EXPECT_NE(first, second);
  EXPECT_THAT(
      seen.take(),
      ElementsAre(
          R"(<["10","10","realtime:ghl:src1","phx_reply",{"status":"ok","response":{"postgres_changes":[{"event":"INSERT","schema":"public","table":"a","id":)" +
              first + R"(},{"event":"*","schema":"public","table":"a","filter":"x=eq.1","id":)" + second + "}]}}]",
          R"(<[null,null,"realtime:ghl:src1","presence_state",{"k":{"metas":[]}}])",
          R"(<[null,null,"realtime:ghl:src1","system",{"message":"Subscribed to PostgreSQL","status":"ok","extension":"postgres_changes","channel":"ghl:src1"}])"));
}

TEST(PhoenixClient, RefusesJoins) {
  Seen seen;
  seen.text(R"(["1","1","realtime:x","phx_join",{"config":{}}])");
  seen.take();
  seen.client->refuse(*seen.client->find("realtime:x"), "Unauthorized: no");
  EXPECT_THAT(
      seen.take(),
      ElementsAre(
          R"(<["1","1","realtime:x","phx_reply",{"status":"error","response":{"reason":"Unauthorized: no"}}])"));
  EXPECT_EQ(seen.client->find("realtime:x"), nullptr);
  for (
      const char* join :
      {R"(["1","1","other:x","phx_join",{}])", R"(["1","1","realtime:","phx_join",{}])",
       R"(["1","1","realtime:x","phx_join",{"config":{"postgres_changes":[7]}}])",
       R"(["1","1","realtime:x","phx_join",{"config":{"postgres_changes":[{"event":"TRUNCATE"}]}}])",
       R"(["1","1","realtime:x","phx_join",{"config":{"postgres_changes":[{"event":"*","filter":"a=match.(x+)+"}]}}])"}) {
    seen.text(join);
    EXPECT_THAT(seen.take(), ElementsAre(HasSubstr(R"("status":"error")"))) << join;
  }
}

TEST(PhoenixClient, ChannelsAndBindingsAreLimited) {  // O3
  PhoenixSettings settings;
  settings.channels_limit = 1;
  settings.bindings_limit = 1;
  Seen seen(v2, settings);
  seen.text(R"(["1","1","realtime:a","phx_join",{"config":{"postgres_changes":[{"event":"*"},{"event":"INSERT"}]}}])");
  EXPECT_THAT(seen.take(), ElementsAre(HasSubstr("Too many postgres_changes")));
  seen.joined();
  seen.text(R"(["2","2","realtime:b","phx_join",{}])");
  EXPECT_THAT(seen.take(), ElementsAre(HasSubstr("ChannelRateLimitReached")));
}

TEST(PhoenixClient, LeavesAndJoinsAgain) {
  Seen seen;
  seen.joined();
  seen.text(R"(["1","5","realtime:room","phx_leave",{}])");
  EXPECT_THAT(seen.take(), ElementsAre(R"(<["1","5","realtime:room","phx_reply",{"status":"ok","response":{}}])",
                                       R"(<["1","1","realtime:room","phx_close",{}])", "leave room"));
  seen.text(R"(["1","6","realtime:room","phx_leave",{}])");
  EXPECT_THAT(seen.take(), ElementsAre(HasSubstr(R"("status":"ok")")));
  seen.joined();
  seen.text(R"(["7","7","realtime:room","phx_join",{}])");
  EXPECT_THAT(seen.take(), ElementsAre(R"(<["1","1","realtime:room","phx_close",{}])", "leave room", "join room"));
}

TEST(PhoenixClient, BroadcastsAreHandedOnAndAcknowledgedWhenAsked) {
  Seen seen;
  seen.joined(R"({"broadcast":{"ack":true}})");
  seen.text(R"(["1","2","realtime:room","broadcast",{"type":"broadcast","event":"hi","payload":{"a":1}}])");
  EXPECT_THAT(seen.take(), ElementsAre(R"(broadcast hi {"a":1})", HasSubstr(R"("1","2","realtime:room","phx_reply")")));
  seen.client->on_message(wire::FrameKind::binary,
                          std::string("\x03\x01\x01\x0d\x02\x00\x00", 7) + "13realtime:roomhi\x01\x02");
  EXPECT_THAT(seen.take(), ElementsAre("broadcast hi bytes \x01\x02", HasSubstr("phx_reply")));
  Seen quiet;
  quiet.joined();
  quiet.text(R"(["1","2","realtime:room","broadcast",{"event":"hi","payload":{}}])");
  EXPECT_THAT(quiet.take(), ElementsAre("broadcast hi {}"));
  quiet.text(R"(["9","3","realtime:room","broadcast",{"event":"hi","payload":{}}])");
  EXPECT_THAT(quiet.take(), ElementsAre(HasSubstr("unmatched topic"))) << "of a join that is over";
}

TEST(PhoenixClient, ARefusedBroadcastIsToldWhy) {
  const std::string forbidden = R"(["1","2","realtime:room","broadcast",{"event":"forbidden","payload":{}}])";
  Seen asks;
  asks.joined(R"({"broadcast":{"ack":true}})");
  asks.text(forbidden);
  EXPECT_THAT(asks.take(), ElementsAre("<"
                                       R"(["1","2","realtime:room","phx_reply",)"
                                       R"({"status":"error","response":{"reason":"not by you"}}])"));
  Seen quiet;
  quiet.joined();
  quiet.text(forbidden);
  EXPECT_THAT(quiet.take(), ElementsAre("<"
                                        R"([null,null,"realtime:room","system",{"message":"not by you",)"
                                        R"("status":"error","extension":"broadcast","channel":"room"}])"));
  EXPECT_TRUE(quiet.client->find("realtime:room")->joined) << "the channel goes on";
}

TEST(PhoenixClient, TokensAndPresence) {
  Seen seen;
  seen.joined();
  seen.text(R"(["1","2","realtime:room","access_token",{"access_token":"new"}])");
  seen.text(R"(["1","3","realtime:room","access_token",{"access_token":"new"}])");
  seen.text(R"(["1","4","realtime:room","access_token",{"access_token":"sb_publishable_x"}])");
  EXPECT_THAT(seen.take(), ElementsAre("token new"));
  seen.text(R"(["1","5","realtime:room","presence",{"type":"presence","event":"track","payload":{"user":"u1"}}])");
  seen.text(R"(["1","6","realtime:room","presence",{"type":"presence","event":"untrack"}])");
  EXPECT_THAT(seen.take(), ElementsAre(R"(track {"user":"u1"})", HasSubstr("ok"), "untrack", HasSubstr("ok")));
}

TEST(PhoenixClient, ViolationsAndTheEnd) {
  Seen seen;
  seen.text("nonsense");
  EXPECT_THAT(seen.take(), ElementsAre("violation"));
  Seen old(v1);
  old.client->on_message(wire::FrameKind::binary, "\x03");
  EXPECT_THAT(old.take(), ElementsAre("violation"));
  seen.joined();
  seen.client->end();
  EXPECT_THAT(seen.take(), ElementsAre("leave room"));
}

TEST(PhoenixClient, FailingAndClosing) {
  Seen seen;
  seen.client->fail_channel(seen.joined(), "gap");
  const std::string system =
      R"(<[null,null,"realtime:room","system",{"message":"gap","status":"error","extension":"system","channel":"room"}])";
  EXPECT_THAT(seen.take(), ElementsAre(system, R"(<["1","1","realtime:room","phx_error",{}])", "leave room"));
  seen.client->close_channel(seen.joined(), "gap");
  EXPECT_THAT(seen.take(), ElementsAre(system, R"(<["1","1","realtime:room","phx_close",{}])", "leave room"));
}

std::shared_ptr<Message> row_message() {
  auto message = std::make_shared<Message>();
  message->content = Content::row;
  message->seq = 1;
  message->event = "UPDATE";
  message->text = R"({"operation":"UPDATE"})";
  message->change_text = R"({"type":"UPDATE"})";
  message->row = std::make_shared<const RowChange>(
      RowChange{"public", "contacts", "UPDATE", {{"stage", "won"}}, {{"stage", "open"}}});
  return message;
}

TEST(PhoenixClient, ChangesGoToTheBindingsThatMatch) {
  Seen seen;
  Channel& channel = seen.joined(
      R"({"postgres_changes":[{"event":"*","schema":"public","table":"contacts"},{"event":"UPDATE","schema":"public","table":"contacts","filter":"stage=eq.won"},{"event":"INSERT","schema":"public","table":"contacts"},{"event":"*","schema":"public","table":"orders"}]})");
  const auto message = row_message();
  EXPECT_EQ(seen.client->deliver_change(channel, *message), Delivered::yes);
  EXPECT_THAT(seen.take(), ElementsAre(R"(<[null,null,"realtime:room","postgres_changes",{"ids":[)" +
                                       std::to_string(channel.changes[0].id) + "," +
                                       std::to_string(channel.changes[1].id) + R"(],"data":{"type":"UPDATE"}}])"));
  seen.taken = Delivered::full;
  EXPECT_EQ(seen.client->deliver_change(channel, *message), Delivered::full);
  Seen none;
  EXPECT_EQ(none.client->deliver_change(none.joined(R"({"postgres_changes":[]})"), *message), Delivered::yes);
  EXPECT_TRUE(none.take().empty());
}

TEST(PhoenixClient, EqualClientsShareOneFrame) {
  Seen a;
  Seen b;
  const std::string config = R"({"postgres_changes":[{"event":"*","schema":"public","table":"contacts"}]})";
  const auto message = row_message();
  Channel& of_a = a.joined(config);
  Channel& of_b = b.joined(config);
  a.client->deliver_change(of_a, *message);
  b.client->deliver_change(of_b, *message);
  a.client->deliver_broadcast(of_a, *message);
  b.client->deliver_broadcast(of_b, *message);
  EXPECT_EQ(a.log, b.log);
  EXPECT_EQ(message->frames(), 2u);
}

TEST(RowFilter, Operators) {
  const JsonObject row{{"s", "open"}, {"n", 5}, {"d", "5.50"}, {"yes", true}, {"nil", nullptr}, {"quoted", "a,b\"c"}};
  const auto holds = [&](const std::string& text) {
    const auto filter = parse_row_filter(text);
    EXPECT_TRUE(filter) << text;
    return filter && filter->matches(row);
  };
  for (const char* text : {"",
                           "s=eq.open",
                           "s=neq.won",
                           "n=lt.10",
                           "n=lte.5",
                           "n=gt.4",
                           "n=gte.5",
                           "n=in.(4,5)",
                           "s=in.(open,won)",
                           "s=like.op%",
                           "s=like.%e_",
                           "s=ilike.OP%",
                           "nil=is.null",
                           "gone=is.null",
                           "yes=is.true",
                           "yes=eq.true",
                           "s=not.eq.won",
                           "nil=isdistinct.x",
                           "s=isdistinct.null",
                           "s=eq.open,n=eq.5",
                           "quoted=in.(x,\"a,b\\\"c\")",
                           "quoted=eq.\"a,b\\\"c\"",
                           "d=eq.5.50",
                           "yes=not.is.null"}) {
    EXPECT_TRUE(holds(text)) << text;
  }
  for (const char* text : {"s=eq.won", "n=lt.5", "n=eq.50", "n=in.(4,6)", "s=like.p%", "s=like.OPEN", "nil=eq.null",
                           "nil=neq.x", "nil=not.eq.x", "gone=eq.1", "yes=is.false", "s=eq.open,n=eq.6", "s=is.null"}) {
    EXPECT_FALSE(holds(text)) << text;
  }
}

TEST(RowFilter, RefusesWhatItDoesNotKnow) {
  for (const char* text :
       {"s", "=eq.1", "s=eq", "s=match.x", "s=imatch.x", "s=in.1", "s=foo.1", "s=eq.1,", "s=not.x"}) {
    EXPECT_FALSE(parse_row_filter(text)) << text;
  }
  EXPECT_FALSE(parse_row_filter(std::string(5000, 'x')));
}

TEST(Presence, TellsWhoComesMovesAndGoes) {
  Presence presence(2);
  const auto come = presence.track("r", 1, "ann", {{"at", "desk"}});
  ASSERT_TRUE(come);
  EXPECT_EQ(to_text(*come), R"({"joins":{"ann":{"metas":[{"at":"desk","phx_ref":"L1"}]}},"leaves":{}})");
  const auto move = presence.track("r", 1, "ann", {{"at", "door"}});
  EXPECT_EQ(
      to_text(*move),
      R"({"joins":{"ann":{"metas":[{"at":"door","phx_ref":"L2","phx_ref_prev":"L1"}]}},"leaves":{"ann":{"metas":[{"at":"desk","phx_ref":"L1"}]}}})");
  ASSERT_TRUE(presence.track("r", 2, "ann", {}));
  EXPECT_EQ(presence.state("r").at("ann").at("metas").as_array().size(), 2u);
  EXPECT_FALSE(presence.track("q", 3, "bob", {})) << "too many";
  EXPECT_TRUE(presence.state("q").empty());
  EXPECT_EQ(to_text(*presence.untrack("r", 2)), R"({"joins":{},"leaves":{"ann":{"metas":[{"phx_ref":"L3"}]}}})");
  EXPECT_FALSE(presence.untrack("r", 2));
  EXPECT_TRUE(presence.untrack("r", 1));
  EXPECT_EQ(presence.members(), 0u);
}

}  // namespace
}  // namespace lockstep::fanout
