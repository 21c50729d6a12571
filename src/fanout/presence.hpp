// Who is in a room, as Supabase Realtime tells it: per key the metas of its members.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/json.hpp"

namespace lockstep::fanout {

// One member: a channel of a client.
using MemberId = std::uint64_t;

class Presence {
 public:
  explicit Presence(std::size_t members_limit = 10'000) : members_limit_(members_limit) {}

  // What to tell the room: {"joins": …, "leaves": …}. `exhausted` when too many are there.
  Result<JsonObject> track(const std::string& room, MemberId member, const std::string& key, JsonObject meta);
  // nullopt: it was not there.
  std::optional<JsonObject> untrack(const std::string& room, MemberId member);
  // {key: {"metas": […]}}
  JsonObject state(const std::string& room) const;
  std::size_t members() const { return members_; }

 private:
  struct Member {
    std::string key;
    JsonObject meta;  // with phx_ref
  };
  std::map<std::string, std::map<MemberId, Member>> rooms_;
  std::size_t members_limit_;
  std::size_t members_ = 0;
  std::uint64_t last_ref_ = 0;
};

}  // namespace lockstep::fanout
