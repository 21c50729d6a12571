// Socket.IO over HTTP: the sessions of /socket.io/, their polls, posts and websockets, and what clients ask for.
//
// A client connects to the namespace "/" with {"token": …} as auth, and subscribes to topics (topics.hpp). Its events:
//   subscribe    topic, or {topic, after}        → {ok, topic, seq} or {ok: false, error}
//   unsubscribe  topic                           → {ok}
//   auth         {token}                         → {ok}: another token for the same person
//   seen         {topic, seq}                    → {ok}: it shows everything up to there
// It is sent entry, INSERT, UPDATE, DELETE (content, offset), gap {topic, from, to} and unsubscribed {topic, reason}.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "fanout/engineio.hpp"
#include "gateway/identities.hpp"
#include "gateway/seen.hpp"
#include "gateway/socket_space.hpp"

namespace lockstep::gateway {

struct SocketServerSettings {
  fanout::EngineSettings engine;
  // Whoever opens sessions and says no word keeps none of them for long.
  fanout::SocketSettings socket{.connect_timeout = std::chrono::seconds(15)};
  std::size_t sessions_limit = 20'000;
  std::size_t parked_limit = 10'000;
  std::chrono::seconds recovery{120};  // how long a lost connection may be taken up again
};

class SocketServer {
 public:
  SocketServer(Context& context, Identities& identities, Seen& seen, SocketServerSettings settings = {});
  ~SocketServer();
  SocketServer(const SocketServer&) = delete;
  SocketServer& operator=(const SocketServer&) = delete;

  void handle(const std::shared_ptr<Call>& call);
  // Clients come back by themselves: they are told nothing but that the transport closes.
  void close_all();
  std::size_t sessions() const { return sessions_.size(); }

 private:
  struct Session;
  using SessionPtr = std::shared_ptr<Session>;

  void open(const std::shared_ptr<Call>& call, fanout::Transport transport);
  void serve(const std::shared_ptr<Call>& call, const SessionPtr& session, fanout::Transport transport);
  void upgrade(const std::shared_ptr<Call>& call, const SessionPtr& session);
  void on_closed(Session& session);
  void on_connect(Session& session, const std::string& nsp, const JsonObject& auth);
  void on_event(Session& session, fanout::SocketEvent event);
  JsonObject act(Session& session, SocketSpace& space, const std::string& name, const Json& argument);
  JsonObject subscribe(SocketSpace& space, const Json& argument);
  void forget_parked();
  void tick();

  Context& context_;
  Identities& identities_;
  Seen& seen_;
  SocketServerSettings settings_;
  std::map<std::string, SessionPtr, std::less<>> sessions_;
  std::map<std::string, ParkedSpace, std::less<>> parked_;  // by private id
  std::optional<TimerId> timer_;
};

}  // namespace lockstep::gateway
