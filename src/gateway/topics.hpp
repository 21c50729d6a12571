// The names that clients subscribe to.
//
//   records:{source}            entries of the journal, as the event stream of the source has them
//   records:{source}:{entity}   only those of an entity
//   rows:{source}               rows of the source's tables, as INSERT, UPDATE, DELETE; ghl:{source} is the same
//   anything else               a room: what clients tell each other
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "gateway/identities.hpp"

namespace lockstep::gateway {

struct TopicName {
  enum class Kind { entries, rows, room };
  Kind kind = Kind::room;
  SourceId source;    // of entries and rows
  EntityName entity;  // of entries; empty: all

  static TopicName of(std::string_view name);
  bool is_data() const { return kind != Kind::room; }
};

// Rooms of different tenants are different rooms: the hub's topic for a name that is no data. Who sees the same sources
// and businesses meets in the same room.
std::string room_topic(const Caller& caller, std::string_view name);

// `unauthorized` with the text that Supabase's clients know. A topic that does not exist answers like one that is not
// allowed.
Result<void> may_join(const Identity& identity, const TopicName& topic, std::string_view name);

}  // namespace lockstep::gateway
