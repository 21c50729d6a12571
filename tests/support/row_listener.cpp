#include "tests/support/row_listener.hpp"

#include <algorithm>

namespace lockstep::tests {
namespace {

constexpr std::chrono::seconds kAnswer{10};
constexpr char kBetween = '\x1e';  // packets of one answer

}  // namespace

RowListener::RowListener(std::uint16_t port, const std::string& token, const std::string& topic)
    : connection_(port), answers_(port), target_("/socket.io/?EIO=4&transport=polling") {
  const auto open = connection_.call("GET", target_, {}, {}, kAnswer);
  if (!open || open->status != 200 || !open->body.starts_with('0')) return;
  const auto told = parse_json(std::string_view(open->body).substr(1));
  if (!told) return;
  target_ += "&sid=" + std::string(string_member(*told, "sid"));
  const Json auth = JsonObject{{"token", token}, {"topics", JsonArray{topic}}};
  connection_.call("POST", target_, "40" + to_text(auth), {}, kAnswer);
  const std::vector<std::string> packets = poll(kAnswer);
  subscribed_ = std::ranges::any_of(packets, [](const std::string& packet) { return packet.starts_with("40"); });
}

std::vector<std::string> RowListener::poll(std::chrono::milliseconds deadline) {
  const auto reply = connection_.call("GET", target_, {}, {}, deadline);
  std::vector<std::string> packets;
  if (!reply || reply->status != 200) return packets;
  for (std::size_t at = 0; at < reply->body.size();) {
    const std::size_t end = std::min(reply->body.find(kBetween, at), reply->body.size());
    packets.push_back(reply->body.substr(at, end - at));
    at = end + 1;
  }
  return packets;
}

std::vector<RowEvent> RowListener::until(const std::function<bool(const RowEvent&)>& last,
                                         std::chrono::milliseconds deadline) {
  std::vector<RowEvent> out;
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (std::chrono::steady_clock::now() < end) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    for (const std::string& packet : poll(left + std::chrono::milliseconds(1))) {
      if (packet == "2") answers_.call("POST", target_, "3", {}, kAnswer);  // a ping
      if (!packet.starts_with("42")) continue;
      const auto event = parse_json(std::string_view(packet).substr(2), {.bytes_limit = 1 << 20, .depth_limit = 64});
      if (!event || !event->is_array() || event->get_array().size() < 2 || !event->get_array()[0].is_string()) continue;
      out.push_back(
          {std::string(event->get_array()[0].get_string()), event->get_array()[1], std::chrono::steady_clock::now()});
      if (last(out.back())) return out;
    }
  }
  return out;
}

}  // namespace lockstep::tests
