#include "fanout/socketio.hpp"

#include <gmock/gmock.h>

namespace lockstep::fanout {
namespace {

using ::testing::ElementsAre;

struct Seen {
  std::vector<std::string> log;
  std::unique_ptr<SocketClient> client;

  explicit Seen(SocketSettings settings = {}) {
    client = std::make_unique<SocketClient>(
        settings,
        SocketClient::Owner{
            [this](const wire::Frame& frame) {
              log.push_back("<" + std::string(frame.payload()));
              return Delivered::yes;
            },
            [this](const std::string& nsp, const JsonObject& auth) { log.push_back("connect " + nsp + to_text(auth)); },
            [this](const SocketEvent& event) {
              std::string line = event.nsp + " " + to_text(event.args);
              if (event.ack) line += " ack " + std::to_string(*event.ack);
              for (const std::string& one : event.attachments) line += " +" + one;
              log.push_back(std::move(line));
            },
            [this](const std::string& nsp, std::uint64_t id, const JsonArray& args) {
              log.push_back("acked " + nsp + std::to_string(id) + to_text(args));
            },
            [this](const std::string& nsp) { log.push_back("left " + nsp); },
            [this](std::string_view why) { log.push_back("violation: " + std::string(why)); }},
        Duration(0));
  }
  void text(std::string_view message) { client->on_message(wire::FrameKind::text, message); }
  void connect(const std::string& nsp = "/") {
    text(nsp == "/" ? "0" : "0" + nsp + ",");
    client->accept(nsp, "sid", "");
    log.clear();
  }
  std::vector<std::string> take() { return std::exchange(log, {}); }
};

TEST(SocketPacket, ParsesWhatClientsSend) {
  const auto packet = parse_socket_packet(R"(51-/ghl,12["bin",{"_placeholder":true,"num":0}])");
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->type, SocketPacketType::binary_event);
  EXPECT_EQ(packet->attachments, 1u);
  EXPECT_EQ(packet->nsp, "/ghl");
  EXPECT_EQ(packet->id, 12u);
  EXPECT_EQ(packet->data.as_array().size(), 2u);
  EXPECT_EQ(parse_socket_packet("0/random")->nsp, "/random");
  EXPECT_EQ(parse_socket_packet("0/q?a=b,")->nsp, "/q");
  EXPECT_FALSE(parse_socket_packet("0")->id);
}

TEST(SocketPacket, RefusesWhatIsNone) {
  for (const char* text : {"",
                           "abc",
                           "7",
                           "2",
                           "2{}",
                           "2[]",
                           "2abc[\"x\"]",
                           "2[\"x\"",
                           "2[null]",
                           "5[\"x\"]",
                           "50-[\"x\"]",
                           "51[\"x\"]",
                           "3[]",
                           "31{}",
                           "0[]",
                           "0\"x\"",
                           "1{}",
                           "4{\"message\":\"x\"}",
                           "2[\"disconnect\"]",
                           "2[\"connect\",1]",
                           "29999999999999999999[\"x\"]",
                           "0null"}) {
    EXPECT_FALSE(parse_socket_packet(text)) << text;
  }
}

TEST(SocketPacket, FramesAreEncodedOnce) {
  EXPECT_EQ(socket_frame(SocketPacketType::event, "/", std::nullopt, R"(["a"])").payload(), R"(42["a"])");
  EXPECT_EQ(socket_frame(SocketPacketType::ack, "/ghl", 0, "[]").payload(), "43/ghl,0[]");
  EXPECT_EQ(socket_frame(SocketPacketType::binary_ack, "/", 1, "[]", 2).payload(), "462-1[]");
}

TEST(SocketClient, ConnectsSpeaksAndLeaves) {
  Seen seen;
  seen.text(R"(0/ghl,{"token":"good"})");
  EXPECT_THAT(seen.take(), ElementsAre(R"(connect /ghl{"token":"good"})"));
  seen.client->accept("/ghl", "A", "P");
  EXPECT_TRUE(seen.client->connected("/ghl"));
  seen.text("0");
  seen.client->accept("/", "B", "");
  EXPECT_THAT(seen.take(), ElementsAre(R"(<40/ghl,{"sid":"A","pid":"P"})", "connect /{}", R"(<40{"sid":"B"})"));
  seen.text(R"(2/ghl,0["subscribe","src1"])");
  seen.client->answer("/ghl", 0, {JsonObject{{"ok", true}}});
  EXPECT_THAT(seen.take(), ElementsAre(R"(/ghl ["subscribe","src1"] ack 0)", R"(<43/ghl,0[{"ok":true}])"));
  seen.client->emit("/", {"news", 1}, 7);
  seen.text("37[1]");
  EXPECT_THAT(seen.take(), ElementsAre(R"(<427["news",1])", "acked /7[1]"));
  seen.text("1/ghl,");
  EXPECT_FALSE(seen.client->connected("/ghl"));
  EXPECT_TRUE(seen.client->connected("/"));
  seen.text(R"(2/ghl,["late"])");
  EXPECT_THAT(seen.take(), ElementsAre("left /ghl"));
  seen.client->disconnect("/");
  EXPECT_THAT(seen.take(), ElementsAre("<41"));
}

TEST(SocketClient, RefusesANamespace) {
  Seen seen;
  seen.text("0/nope,");
  seen.client->refuse("/nope", "Invalid namespace", {});
  seen.text("0/no,");
  seen.client->refuse("/no", "unauthorized", JsonObject{{"code", 401}});
  EXPECT_THAT(seen.take(), ElementsAre("connect /nope{}", R"(<44/nope,{"message":"Invalid namespace"})",
                                       "connect /no{}", R"(<44/no,{"message":"unauthorized","data":{"code":401}})"));
}

TEST(SocketClient, NothingBeforeConnect) {
  Seen seen;
  seen.text(R"(2["early"])");
  EXPECT_THAT(seen.take(), ElementsAre("violation: not connected"));
  Seen twice;
  twice.connect();
  twice.text("0");
  EXPECT_THAT(twice.take(), ElementsAre("violation: connected twice"));
}

TEST(SocketClient, WhoNeverConnectsIsClosed) {
  Seen seen;
  seen.client->tick(std::chrono::seconds(44));
  EXPECT_TRUE(seen.take().empty());
  seen.client->tick(std::chrono::seconds(45));
  EXPECT_THAT(seen.take(), ElementsAre("violation: nobody has connected"));
  Seen fine;
  fine.connect();
  fine.client->tick(std::chrono::seconds(50));
  EXPECT_TRUE(fine.take().empty());
}

TEST(SocketClient, JoinsAttachments) {
  Seen seen;
  seen.connect();
  seen.text(R"(52-3["bin",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
  seen.client->on_message(wire::FrameKind::binary, "one");
  EXPECT_TRUE(seen.take().empty());
  seen.client->on_message(wire::FrameKind::binary, "two");
  EXPECT_THAT(seen.take(),
              ElementsAre(R"(/ ["bin",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}] ack 3 +one +two)"));
  seen.client->answer("/", 3, {JsonObject{{"_placeholder", true}, {"num", 0}}}, {"back"});
  EXPECT_THAT(seen.take(), ElementsAre(R"(<461-3[{"_placeholder":true,"num":0}])", "<back"));
}

TEST(SocketClient, AttachmentsHaveTheirLimits) {
  SocketSettings settings;
  settings.attachments_limit = 2;
  settings.attachment_bytes_limit = 10;
  const auto violation = [&](const std::vector<std::string>& messages) {
    Seen seen(settings);
    seen.connect();
    for (const std::string& one : messages) {
      if (one.starts_with("bin:")) {
        seen.client->on_message(wire::FrameKind::binary, one.substr(4));
      } else {
        seen.text(one);
      }
    }
    return seen.log.empty() ? "" : seen.log.back();
  };
  EXPECT_EQ(violation({R"(53-["x"])"}), "violation: too many attachments");
  EXPECT_EQ(violation({R"(52-["x"])", "bin:123456", "bin:12345"}), "violation: attachments too large");
  EXPECT_EQ(violation({R"(51-["x"])", R"(2["y"])"}), "violation: an attachment is missing");
  EXPECT_EQ(violation({"bin:1"}), "violation: a binary message that nothing announced");
}

TEST(SocketClient, NamespacesAreLimited) {
  SocketSettings settings;
  settings.namespaces_limit = 1;
  Seen seen(settings);
  seen.connect("/a");
  seen.text("0/b,");
  EXPECT_THAT(seen.take(), ElementsAre("violation: too many namespaces"));
}

}  // namespace
}  // namespace lockstep::fanout
