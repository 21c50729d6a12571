// Bodies, frames and packets of a client of Socket.IO, in any order: the session stays within its limits and ends once.
#include <cstdint>
#include <cstdlib>

#include "fanout/engineio.hpp"
#include "fanout/socketio.hpp"

using namespace lockstep;
using namespace lockstep::fanout;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto packets = parse_payload(text)) {
    std::size_t bytes = packets->size() - 1;
    for (const std::string_view packet : *packets) bytes += packet.size();
    if (bytes != text.size()) std::abort();
  }
  if (const auto packet = parse_socket_packet(text)) {
    const std::string content = packet->data.is_null() ? "" : to_text(packet->data);
    const auto frame = socket_frame(packet->type, packet->nsp, packet->id, content, packet->attachments);
    const auto again = parse_socket_packet(frame.payload().substr(1));
    if (!again || again->nsp != packet->nsp || again->id != packet->id || again->data != packet->data) std::abort();
  }
  std::unique_ptr<SocketClient> client;
  int ended = 0;
  EngineSettings settings;
  settings.queue_bytes_limit = 4096;
  EngineSession* running = nullptr;
  EngineSession session("sid", settings,
                        {[](const std::string&) {}, [](const wire::Frame&) { return Delivered::yes; }, [] {},
                         [] { return std::size_t{0}; }},
                        {[&](wire::FrameKind kind, std::string_view message) { client->on_message(kind, message); },
                         [&](std::string_view) { ++ended; }, nullptr},
                        Duration(0));
  running = &session;
  client = std::make_unique<SocketClient>(
      SocketSettings(),
      SocketClient::Owner{[&](const wire::Frame& frame) { return running->send(frame); },
                          [&](const std::string& nsp, const JsonObject&) { client->accept(nsp, "s", "p"); },
                          [&](const SocketEvent& event) {
                            if (event.ack) client->answer(event.nsp, *event.ack, {});
                          },
                          [](const std::string&, std::uint64_t, const JsonArray&) {}, [](const std::string&) {},
                          [&](std::string_view why) { running->close(why); }},
      Duration(0));
  // Lines of the input are messages; the first character of each says how it comes.
  std::string_view rest = text;
  Duration now(0);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty()) continue;
    now += std::chrono::seconds(1);
    const std::string_view content = line.substr(1);
    switch (line.front() % 6) {
      case 0: session.post(content, now); break;
      case 1: session.poll(now); break;
      case 2:
        if (session.may_probe()) session.start_probe();
        break;
      case 3: session.websocket_message(wire::FrameKind::text, content, now); break;
      case 4: session.websocket_message(wire::FrameKind::binary, content, now); break;
      default: session.tick(now += std::chrono::seconds(10)); break;
    }
    if (session.pending_bytes() > 3 * settings.queue_bytes_limit) std::abort();
  }
  session.close("done");
  if (ended != 1) std::abort();
  return 0;
}
