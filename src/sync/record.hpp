// A record: one real-world thing in one source, with what every system holds of it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "sync/hlc.hpp"

namespace lockstep::sync {

// Values by field name, normalized. A field that is not there is absent; JSON null is null; "" and [] are empty (L4).
using Fields = std::map<std::string, Json, std::less<>>;

// nullptr: it is absent.
const Json* find_value(const Fields& fields, std::string_view name);

// Orders observations of one object by the system that holds it: its update time in ms, a log position, a
// sequence number. 0 when the observation carries none.
using Version = std::uint64_t;

struct Stamp {
  Hlc time;
  SystemName origin;  // the system that the value came from
  Seq seq = 0;        // the journal entry that says why

  friend bool operator==(const Stamp&, const Stamp&) = default;
};

// How often systems have turned a field back and forth between two values, nobody else touching it (C5).
struct Flips {
  std::optional<Json> before;  // what another system's value has replaced; nullopt: that was no other system
  std::uint32_t count = 0;
  std::uint64_t since_ms = 0;  // the first of them, ms since 1970

  friend bool operator==(const Flips&, const Flips&) = default;
};

struct FieldState {
  Json value;
  Stamp stamp;
  bool held = false;  // an open conflict: neither read over nor written out until a person decides
  Flips flips = {};

  friend bool operator==(const FieldState&, const FieldState&) = default;
};

enum class LinkState {
  linked,
  gone,     // the object was deleted in that system; the link stays so that trailing events are recognised
  removed,  // the same, by our own removal: it may not have known a person's last edit there
};

struct Link {
  SystemName system;
  std::string external_id;
  LinkState state = LinkState::linked;
  Version version = 0;  // of the newest observation that went into base (L5)
  Fields base;          // what the system last held, as far as we know; a field that is not there was never looked at
  Fields prior;         // of the fields of our last write: what the system held before it. An observation that shows
                        // these again is either stale or a revert, and is read back instead of believed. Of a set:
                        // with each member as it was before the last write that changed it
  Fields sent;          // fields that the system stores in a form of its own: the canonical value that was sent
  Fields raw;           // fields whose text in the system is not the one we would write (" Bob ", "(202) 555-0101"):
                        // as it stands there, so that compare-and-swap compares with the truth

  bool is_linked() const { return state == LinkState::linked; }
  friend bool operator==(const Link&, const Link&) = default;
};

// The system holds this value by our own doing; what it held before is remembered as prior.
void overwrite_base(Link& link, const std::string& field, const Json& value);
// Fields that show exactly what a write of ours carries are its echo (E1): they become the base and leave `fields`. Of a
// set, members that show it become part of the base, and the field stays. True when there were any.
bool absorb_echo(Link& link, Fields& fields, const Fields& sent);
// Does an observation show, for any field, another value than the system was last known to hold?
bool shows_news(const Link& link, const Fields& fields);
// Does an observation show, for a field that we wrote, the value from before our write, or, for a set, a member as it was
// before? Then it is either stale or a revert by a person, and only reading the object tells which (E2, L5).
bool shows_prior(const Link& link, const Fields& fields);

struct Record {
  RecordId id;
  SourceId source;
  EntityName entity;
  std::map<std::string, FieldState, std::less<>> fields;
  std::vector<Link> links;
  std::vector<Link> former;  // to objects that are gone and have a successor, or wait for one; one per system at most
  bool deleted = false;      // a tombstone
  Stamp deleted_stamp;
  RecordId merged_into;        // a tombstone that turned out to be the same thing as this record; references follow it
  std::uint64_t revision = 0;  // grows by one with each commit that changes the record; 0 before the first

  Link* link(const SystemName& system);
  const Link* link(const SystemName& system) const;
  // To this object; nullptr: there is none.
  Link* former_link(const SystemName& system, std::string_view external_id);
  // These links become former ones: unless the record is deleted, the objects are made again.
  void let_go(const std::function<bool(const Link&)>& which);
  void let_go(const SystemName& system);

  friend bool operator==(const Record&, const Record&) = default;
};

// The stored form: compact JSON with a format number (docs/formats/store.md).
std::string encode_record(const Record& record);
Result<Record> decode_record(std::string_view text);

}  // namespace lockstep::sync
