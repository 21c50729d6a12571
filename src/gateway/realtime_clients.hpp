// Clients of Socket.IO and Supabase Realtime as far as frames go. Tests only.
#pragma once

#include <memory>
#include <string>

#include "gateway/gateway_world.hpp"

namespace lockstep::gateway {

inline const wire::HttpHeaders kUpgrade = {{"Upgrade", "websocket"},
                                           {"Connection", "Upgrade"},
                                           {"Sec-WebSocket-Version", "13"},
                                           {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};

inline std::shared_ptr<FakeSocket> socket_io(World& world, const std::string& token, const std::string& more = "") {
  const auto answer = world.send("", "GET", "/socket.io/?EIO=4&transport=websocket", "", kUpgrade);
  EXPECT_TRUE(answer->socket);
  answer->socket->say(R"(40{"token":")" + token + "\"" + more + "}");
  world.loop.settle();
  return answer->socket;
}

inline std::shared_ptr<FakeSocket> phoenix(World& world, const std::string& key) {
  const auto answer = world.send("", "GET", "/realtime/v1/websocket?vsn=2.0.0&apikey=" + key, "", kUpgrade);
  EXPECT_TRUE(answer->socket);
  return answer->socket;
}

inline std::string join(const std::string& topic, const std::string& config = "{}") {
  return R"(["1","1","realtime:)" + topic + R"(","phx_join",{"config":)" + config + "}]";
}

}  // namespace lockstep::gateway
