#include "fanout/phoenix.hpp"

#include <utility>

namespace lockstep::fanout {
namespace {

constexpr std::string_view kPrefix = "realtime:";
constexpr std::string_view kEmpty = "{}";

const JsonObject& object_member(const JsonObject& object, std::string_view name) {
  static const JsonObject kNone;
  const Json* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : kNone;
}

// Clients send true, "true", or nothing.
bool is_set(const JsonObject& object, std::string_view name) {
  const Json* value = object.if_contains(name);
  if (value == nullptr) return false;
  return value->is_bool() ? value->get_bool() : value->is_string() && value->get_string() == "true";
}

// FNV-1a: the same binding has the same number everywhere, so that clients with equal bindings share their frames. 48
// bits stay exact in JavaScript.
std::uint64_t number_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash >> 16;
}

}  // namespace

bool ChangeBinding::matches(const RowChange& row) const {
  if (event != "*" && event != row.operation) return false;
  if (schema != "*" && schema != row.schema) return false;
  if (!table.empty() && table != "*" && table != row.table) return false;
  return filter.matches(row.operation == "DELETE" ? row.old_record : row.record);
}

PhoenixClient::PhoenixClient(PhoenixVersion version, PhoenixSettings settings, Owner owner,
                             std::function<MemberId()> next_member)
    : version_(version), settings_(settings), owner_(std::move(owner)), next_member_(std::move(next_member)) {}

Channel* PhoenixClient::find(std::string_view topic) {
  const auto at = channels_.find(topic);
  return at == channels_.end() ? nullptr : at->second.get();
}

Channel* PhoenixClient::find(MemberId id) {
  for (const auto& [topic, channel] : channels_) {
    if (channel->id == id) return channel.get();
  }
  return nullptr;
}

std::vector<Channel*> PhoenixClient::channels() {
  std::vector<Channel*> out;
  for (const auto& [topic, channel] : channels_) out.push_back(channel.get());
  return out;
}

void PhoenixClient::on_message(wire::FrameKind kind, std::string_view message) {
  if (kind == wire::FrameKind::binary && version_ == PhoenixVersion::v1) return owner_.on_violation("binary");
  Result<PhoenixFrame> frame =
      kind == wire::FrameKind::text ? parse_phoenix_text(message, version_) : parse_phoenix_binary(message);
  if (!frame) return owner_.on_violation(frame.error().message);
  take(std::move(*frame));
}

void PhoenixClient::take(PhoenixFrame frame) {
  if (frame.topic == "phoenix") {
    return frame.event == "heartbeat" ? reply(frame, "ok", {}) : reply(frame, "error", {{"reason", "unmatched topic"}});
  }
  if (frame.event == "phx_join") return join(std::move(frame));
  Channel* channel = find(frame.topic);
  const bool current = channel != nullptr && (!frame.join_ref || *frame.join_ref == channel->join_ref);
  if (!current) {
    // Of a channel that is gone already.
    if (frame.event == "phx_leave") return reply(frame, "ok", {});
    return reply(frame, "error", {{"reason", "unmatched topic"}});
  }
  take_for_channel(*channel, std::move(frame));
}

void PhoenixClient::join(PhoenixFrame frame) {
  if (!frame.topic.starts_with(kPrefix) || frame.topic.size() == kPrefix.size() ||
      frame.topic.size() > settings_.topic_bytes_limit || !frame.ref) {
    return reply(frame, "error", {{"reason", "unmatched topic"}});
  }
  if (Channel* old = find(frame.topic)) {  // joined twice: the newer join counts
    push(*old, "phx_close", kEmpty);
    forget(*old);
  }
  if (channels_.size() >= settings_.channels_limit) {
    return reply(frame, "error", {{"reason", "ChannelRateLimitReached: Too many channels"}});
  }
  auto made = std::make_unique<Channel>();
  made->id = next_member_();
  made->topic = frame.topic;
  made->join_ref = frame.join_ref.value_or(*frame.ref);
  if (const Result<void> configured = configure(*made, frame.payload.get_object()); !configured) {
    return reply(frame, "error", {{"reason", configured.error().message}});
  }
  // The reply goes to this reference, which is that of the join.
  Channel& channel = *made;
  channels_.emplace(channel.topic, std::move(made));
  owner_.on_join(channel);
}

Result<void> PhoenixClient::configure(Channel& channel, const JsonObject& payload) {
  const JsonObject& config = object_member(payload, "config");
  const JsonObject& broadcast = object_member(config, "broadcast");
  const JsonObject& presence = object_member(config, "presence");
  channel.broadcast_self = is_set(broadcast, "self");
  channel.broadcast_ack = is_set(broadcast, "ack");
  channel.is_private = is_set(config, "private");
  // Clients before 2.50 do not say whether they want it, and did always get it.
  const bool wanted = presence.if_contains("enabled") == nullptr || is_set(presence, "enabled");
  channel.presence = wanted ? PresenceUse::on : PresenceUse::off;
  channel.presence_key = string_member(presence, "key");
  channel.token = string_member(payload, "access_token");
  if (const Json* changes = config.if_contains("postgres_changes"); changes != nullptr && changes->is_array()) {
    channel.asks_changes = !changes->get_array().empty();
    if (changes->get_array().size() > settings_.bindings_limit)
      return fail(ErrorKind::exhausted, "Too many postgres_changes");
    for (const Json& given : changes->get_array()) {
      LOCKSTEP_TRY(binding, read_binding(given));
      channel.changes.push_back(std::move(binding));
    }
  }
  return {};
}

Result<ChangeBinding> PhoenixClient::read_binding(const Json& given) const {
  if (!given.is_object()) return fail(ErrorKind::invalid, "postgres_changes holds objects");
  ChangeBinding out;
  out.event = string_member(given, "event");
  out.schema = string_member(given, "schema");
  out.table = string_member(given, "table");
  if (out.schema.empty()) out.schema = "public";
  if (out.event != "*" && out.event != "INSERT" && out.event != "UPDATE" && out.event != "DELETE")
    return fail(ErrorKind::invalid, "the event of postgres_changes is *, INSERT, UPDATE or DELETE");
  LOCKSTEP_TRY(filter, parse_row_filter(string_member(given, "filter")));
  out.filter = std::move(filter);
  out.given = given;
  out.id =
      number_of(out.event + '\n' + out.schema + '\n' + out.table + '\n' + std::string(string_member(given, "filter")));
  return out;
}

void PhoenixClient::take_for_channel(Channel& channel, PhoenixFrame frame) {
  if (frame.event == "phx_leave") {
    reply(frame, "ok", {});
    push(channel, "phx_close", kEmpty);
    return forget(channel);
  }
  if (frame.event == "access_token") {
    const std::string token(string_member(frame.payload, "access_token"));
    // Keys of the newer kind name no user: what was known stays.
    if (token.empty() || token.starts_with("sb_") || token == channel.token) return;
    channel.token = token;
    return owner_.on_token(channel);
  }
  if (!channel.joined) return reply(frame, "error", {{"reason", "not joined"}});
  if (frame.event == "broadcast") {
    Broadcast broadcast{std::string(string_member(frame.payload, "event")), JsonObject(), std::move(frame.bytes)};
    if (const Json* content = find_member(frame.payload, "payload")) broadcast.payload = *content;
    const bool acknowledged = channel.broadcast_ack;  // the channel may be gone afterwards
    const Result<void> sent = owner_.on_broadcast(channel, std::move(broadcast));
    if (sent) return acknowledged ? reply(frame, "ok", {}) : void();
    // Who asks for no acknowledgement does not look at one either.
    return acknowledged ? reply(frame, "error", {{"reason", sent.error().message}})
                        : push_system(channel, "error", "broadcast", sent.error().message);
  }
  if (frame.event == "presence") return take_presence(channel, frame);
  reply(frame, "error", {{"reason", "unknown event"}});
}

void PhoenixClient::take_presence(Channel& channel, const PhoenixFrame& frame) {
  const std::string_view what = string_member(frame.payload, "event");
  if (what == "track") {
    const Json* meta = find_member(frame.payload, "payload");
    owner_.on_track(channel, meta != nullptr && meta->is_object() ? meta->get_object() : JsonObject());
  } else if (what == "untrack") {
    owner_.on_untrack(channel);
  } else {
    return reply(frame, "error", {{"reason", "presence is track or untrack"}});
  }
  reply(frame, "ok", {});
}

void PhoenixClient::reply(const PhoenixFrame& to, std::string_view status, const JsonObject& response) {
  if (!to.ref) return;
  PhoenixHead head{to.join_ref, to.ref, to.topic, "phx_reply"};
  owner_.send(phoenix_frame(version_, head, to_text(JsonObject{{"status", status}, {"response", response}})));
}

void PhoenixClient::push(const Channel& channel, std::string_view event, std::string_view payload) {
  owner_.send(phoenix_frame(version_, {channel.join_ref, channel.join_ref, channel.topic, event}, payload));
}

void PhoenixClient::push_system(const Channel& channel, std::string_view status, std::string_view extension,
                                const std::string& message) {
  const JsonObject payload{
      {"message", message}, {"status", status}, {"extension", extension}, {"channel", channel.name()}};
  owner_.send(phoenix_frame(version_, {{}, {}, channel.topic, "system"}, to_text(payload)));
}

void PhoenixClient::accept(Channel& channel, const JsonObject& presence_state) {
  channel.joined = true;
  JsonArray changes;
  for (const ChangeBinding& binding : channel.changes) {
    JsonObject one = binding.given.get_object();
    one["id"] = binding.id;
    changes.push_back(std::move(one));
  }
  const PhoenixFrame join{channel.join_ref, channel.join_ref, channel.topic, "phx_join", {}, {}};
  reply(join, "ok", {{"postgres_changes", std::move(changes)}});
  if (channel.presence == PresenceUse::on) {
    owner_.send(phoenix_frame(version_, {{}, {}, channel.topic, "presence_state"}, to_text(presence_state)));
  }
  if (channel.asks_changes) push_system(channel, "ok", "postgres_changes", "Subscribed to PostgreSQL");
}

void PhoenixClient::refuse(Channel& channel, const std::string& reason) {
  const PhoenixFrame join{channel.join_ref, channel.join_ref, channel.topic, "phx_join", {}, {}};
  reply(join, "error", {{"reason", reason}});
  forget(channel);
}

void PhoenixClient::fail_channel(Channel& channel, const std::string& system_message) {
  push_system(channel, "error", "system", system_message);
  push(channel, "phx_error", kEmpty);
  forget(channel);
}

void PhoenixClient::close_channel(Channel& channel, const std::string& system_message) {
  push_system(channel, "error", "system", system_message);
  push(channel, "phx_close", kEmpty);
  forget(channel);
}

void PhoenixClient::forget(Channel& channel) {
  if (channel.joined) owner_.on_leave(channel);
  channels_.erase(channels_.find(channel.topic));
}

void PhoenixClient::end() {
  while (!channels_.empty()) forget(*channels_.begin()->second);
}

Delivered PhoenixClient::deliver_broadcast(const Channel& channel, const Message& message) {
  if (message.bytes_only && version_ == PhoenixVersion::v1) return Delivered::yes;  // it has no form for them
  const std::string key = (version_ == PhoenixVersion::v1 ? "phoenix1 " : "phoenix2 ") + channel.topic;
  return owner_.send(message.frame(key, [&] {
    if (message.bytes_only) return phoenix_bytes_frame(channel.topic, message.event, message.text);
    const std::string payload =
        "{\"type\":\"broadcast\",\"event\":" + to_text(Json(message.event)) + ",\"payload\":" + message.text + "}";
    return phoenix_frame(version_, {{}, {}, channel.topic, "broadcast"}, payload);
  }));
}

Delivered PhoenixClient::deliver_presence(const Channel& channel, const Message& message) {
  const std::string key = (version_ == PhoenixVersion::v1 ? "presence1 " : "presence2 ") + channel.topic;
  return owner_.send(message.frame(
      key, [&] { return phoenix_frame(version_, {{}, {}, channel.topic, "presence_diff"}, message.text); }));
}

Delivered PhoenixClient::deliver_change(const Channel& channel, const Message& message) {
  JsonArray ids;
  for (const ChangeBinding& binding : channel.changes) {
    if (binding.matches(*message.row)) ids.emplace_back(binding.id);
  }
  if (ids.empty()) return Delivered::yes;
  const std::string numbers = to_text(ids);
  const std::string key = (version_ == PhoenixVersion::v1 ? "changes1 " : "changes2 ") + channel.topic + numbers;
  return owner_.send(message.frame(key, [&] {
    const std::string payload = "{\"ids\":" + numbers + ",\"data\":" + message.change_text + "}";
    return phoenix_frame(version_, {{}, {}, channel.topic, "postgres_changes"}, payload);
  }));
}

}  // namespace lockstep::fanout
