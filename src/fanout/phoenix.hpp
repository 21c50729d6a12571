// Supabase Realtime, the server's side of one websocket, without sockets: channels, their configuration, and what is
// answered to what. Rights and topics are the owner's; so is time, for there is nothing here that waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "fanout/phoenix_frames.hpp"
#include "fanout/presence.hpp"
#include "fanout/row_filter.hpp"
#include "fanout/topic_hub.hpp"

namespace lockstep::fanout {

// One entry of `postgres_changes` of a join.
struct ChangeBinding {
  std::uint64_t id = 0;  // the same for the same text: frames can be shared
  std::string event;     // INSERT, UPDATE, DELETE or *
  std::string schema;
  std::string table;  // "" or "*": any
  RowFilter filter;
  Json given;  // as the client sent it

  bool matches(const RowChange& row) const;
};

enum class PresenceUse { off, on };

struct Channel {
  MemberId id = 0;
  std::string topic;     // as on the wire: "realtime:ghl:acme"
  std::string join_ref;  // of its join
  bool joined = false;   // accepted by the owner
  bool broadcast_self = false;
  bool broadcast_ack = false;
  bool is_private = false;
  PresenceUse presence = PresenceUse::off;
  std::string presence_key;
  bool asks_changes = false;  // has `postgres_changes`, be it empty
  std::vector<ChangeBinding> changes;
  std::string token;  // of the join, or refreshed

  std::string_view name() const { return std::string_view(topic).substr(9); }  // without "realtime:"
};

struct PhoenixSettings {
  std::size_t channels_limit = 100;
  std::size_t bindings_limit = 100;  // of a channel
  std::size_t topic_bytes_limit = 240;
};

struct Broadcast {
  std::string event;
  Json payload;
  std::optional<std::string> bytes;
};

class PhoenixClient {
 public:
  struct Owner {
    std::function<Delivered(const wire::Frame&)> send;
    // Answer by accept() or refuse(), now or later; the channel may be gone by then.
    std::function<void(Channel& channel)> on_join;
    std::function<void(Channel& channel)> on_leave;  // joined ones only: before it is forgotten
    // Refused: the client is told why, and nothing was sent.
    std::function<Result<void>(Channel& channel, Broadcast broadcast)> on_broadcast;
    std::function<void(Channel& channel, const JsonObject& meta)> on_track;
    std::function<void(Channel& channel)> on_untrack;
    std::function<void(Channel& channel)> on_token;  // channel.token is a new one
    std::function<void(std::string_view why)> on_violation;
  };

  // `next_member` numbers channels, over all clients.
  PhoenixClient(PhoenixVersion version, PhoenixSettings settings, Owner owner, std::function<MemberId()> next_member);

  void on_message(wire::FrameKind kind, std::string_view message);
  // The websocket is gone.
  void end();

  // P3: the owner calls this when the next commit is sure to be delivered.
  void accept(Channel& channel, const JsonObject& presence_state);
  void refuse(Channel& channel, const std::string& reason);
  // Rights are gone, or a gap: the client comes again by itself (phx_error), or stays away (phx_close).
  void fail_channel(Channel& channel, const std::string& system_message);
  void close_channel(Channel& channel, const std::string& system_message);

  Channel* find(std::string_view topic);
  Channel* find(MemberId id);
  std::vector<Channel*> channels();

  // The three things a hub's message becomes. Frames are shared between all clients.
  Delivered deliver_broadcast(const Channel& channel, const Message& message);
  Delivered deliver_change(const Channel& channel, const Message& message);  // when a binding matches
  Delivered deliver_presence(const Channel& channel, const Message& message);

 private:
  void take(PhoenixFrame frame);
  void join(PhoenixFrame frame);
  Result<void> configure(Channel& channel, const JsonObject& payload);
  Result<ChangeBinding> read_binding(const Json& given) const;
  void take_for_channel(Channel& channel, PhoenixFrame frame);
  void take_presence(Channel& channel, const PhoenixFrame& frame);
  void reply(const PhoenixFrame& to, std::string_view status, const JsonObject& response);
  void push(const Channel& channel, std::string_view event, std::string_view payload);
  void push_system(const Channel& channel, std::string_view status, std::string_view extension,
                   const std::string& message);
  void forget(Channel& channel);

  PhoenixVersion version_;
  PhoenixSettings settings_;
  Owner owner_;
  std::function<MemberId()> next_member_;
  std::map<std::string, std::unique_ptr<Channel>, std::less<>> channels_;  // by topic
};

}  // namespace lockstep::fanout
