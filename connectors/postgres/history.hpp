// Positions in the log of one server mean nothing on another: when a standby takes over, or the database is restored or
// moved, they may start again lower. Versions must not (L5): what is written there would look older than what was seen
// before and be ignored. So each change of the server lifts all versions by more than a log's length.
#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "base/json.hpp"
#include "connectors/postgres/session.hpp"
#include "sync/record.hpp"

namespace lockstep::postgres {

// Names the course of one database's log: its system and the timeline, which a promotion begins anew.
Sql<std::string> read_server(Session& session);

// Used by the worker of reads and writes and by the capture's thread.
class History {
 public:
  struct State {
    std::string server;      // "": none has been seen yet
    sync::Version base = 0;  // added to the positions of that server
  };
  // `keep` is called, on whichever thread, when there is a state to keep for the next start. When that fails, the next
  // start finds the same server anew and comes to the same base.
  History(State known, std::function<void(const State&)> keep);

  // As it was at the start, for the capture: whether it has read this server to the end, nobody else knows.
  const std::string& server_at_start() const { return at_start_; }
  // What to add to the positions of `server`, to which a connection has just been opened.
  sync::Version base_of(const std::string& server);

 private:
  const std::string at_start_;
  const std::function<void(const State&)> keep_;
  std::mutex mutex_;  // guards the next
  State state_;
};

// In the connector's state.
inline constexpr const char* history_state = "history";
Json to_json(const History::State& state);
History::State history_from(const Json& json);  // what is none counts as not yet seen

}  // namespace lockstep::postgres
