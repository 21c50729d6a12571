// Frames of a client of Supabase Realtime: parsed, written and parsed again, and put to a client that joins everything.
#include <cstdint>
#include <cstdlib>

#include "fanout/phoenix.hpp"
#include "fanout/phoenix_frames.hpp"
#include "fanout/row_filter.hpp"

using namespace lockstep;
using namespace lockstep::fanout;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const PhoenixVersion version : {PhoenixVersion::v1, PhoenixVersion::v2}) {
    const auto frame = parse_phoenix_text(text, version);
    if (!frame) continue;
    const auto written =
        phoenix_frame(version, {frame->join_ref, frame->ref, frame->topic, frame->event}, to_text(frame->payload));
    const auto again = parse_phoenix_text(written.payload(), version);
    if (!again || again->topic != frame->topic || again->ref != frame->ref || again->join_ref != frame->join_ref ||
        again->payload != frame->payload)
      std::abort();
  }
  if (const auto frame = parse_phoenix_binary(text)) {
    if (!parse_json(to_text(frame->payload))) std::abort();
  }
  if (const auto filter = parse_row_filter(text)) filter->matches({{"a", 1}, {"b", "x"}, {"c", nullptr}});
  for (const PhoenixVersion version : {PhoenixVersion::v1, PhoenixVersion::v2}) {
    std::unique_ptr<PhoenixClient> client;
    MemberId last = 0;
    PhoenixClient::Owner owner;
    owner.send = [](const wire::Frame& frame) {
      if (frame.kind() == wire::FrameKind::text && !parse_json(frame.payload())) std::abort();
      return Delivered::yes;
    };
    owner.on_join = [&](Channel& channel) { client->accept(channel, {}); };
    owner.on_leave = [](Channel&) {};
    owner.on_broadcast = [](Channel&, const Broadcast& broadcast) -> Result<void> {
      if (broadcast.event.size() % 2 == 1) return fail(ErrorKind::unauthorized, "refused");
      return {};
    };
    owner.on_track = [](Channel&, const JsonObject&) {};
    owner.on_untrack = [](Channel&) {};
    owner.on_token = [](Channel&) {};
    owner.on_violation = [](std::string_view) {};
    client = std::make_unique<PhoenixClient>(version, PhoenixSettings(), std::move(owner), [&] { return ++last; });
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      client->on_message(end % 7 == 0 ? wire::FrameKind::binary : wire::FrameKind::text, rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    client->end();
  }
  return 0;
}
