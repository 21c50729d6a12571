// Supabase Realtime over HTTP: its websockets, their channels, and broadcasts by POST.
//
// The channel ghl:{source} (or rows:{source}) is told the rows of the source's tables as broadcasts INSERT, UPDATE and
// DELETE; records:{source} its journal. Any channel may ask for postgres_changes, which come from all sources that the
// caller may read. Other names are rooms for what clients tell each other.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "fanout/phoenix.hpp"
#include "gateway/identities.hpp"
#include "gateway/seen.hpp"
#include "gateway/topics.hpp"

namespace lockstep::gateway {

class PhoenixServer {
 public:
  PhoenixServer(Context& context, Identities& identities, Seen& seen);
  ~PhoenixServer();
  PhoenixServer(const PhoenixServer&) = delete;
  PhoenixServer& operator=(const PhoenixServer&) = delete;

  void open(const std::shared_ptr<Call>& call);
  // POST {"messages": [{"topic", "event", "payload"}]}
  void broadcast(const std::shared_ptr<Call>& call);
  // POST to the address of one topic and event; the body is the payload.
  void broadcast_one(const std::shared_ptr<Call>& call, const std::string& topic, const std::string& event);
  void close_all();
  std::size_t sessions() const { return sessions_.size(); }

 private:
  struct Session;
  struct Joined;
  using SessionPtr = std::shared_ptr<Session>;

  void on_join(Session& session, fanout::Channel& channel);
  void on_leave(Session& session, fanout::Channel& channel);
  Result<void> on_broadcast(Session& session, fanout::Channel& channel, fanout::Broadcast broadcast);
  void on_track(Session& session, fanout::Channel& channel, const JsonObject& meta);
  void untrack(Session& session, fanout::Channel& channel);
  void on_token(Session& session, fanout::Channel& channel);
  void follow_data(Session& session, fanout::Channel& channel, Joined& joined);
  void follow_changes(Session& session, fanout::Channel& channel, Joined& joined);
  void follow_room(Session& session, fanout::Channel& channel, Joined& joined);
  Result<std::shared_ptr<const Identity>> identity_of(const Session& session, const fanout::Channel& channel);
  Result<std::string> writable_topic(const Identity& identity, std::string_view name) const;
  void tick();

  Context& context_;
  Identities& identities_;
  Seen& seen_;
  fanout::Presence presence_;
  fanout::MemberId last_member_ = 0;
  std::map<std::uint64_t, SessionPtr> sessions_;
  std::uint64_t last_session_ = 0;
  std::optional<TimerId> timer_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // websockets may end after us
};

}  // namespace lockstep::gateway
