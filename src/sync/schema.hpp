// What one tenant has configured, as the engine needs it: entities, their fields and policies, and how
// each system's objects map to them. Built by app/config; immutable while a batch is applied.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/json.hpp"

namespace lockstep::sync {

enum class FieldType {
  text,
  email,
  phone,
  datetime,
  date,
  decimal,
  integer,
  boolean,
  enumeration,
  set,
  json,
  reference
};

enum class PolicyKind {
  authority,  // the system that stands first in `order` wins
  latest,     // the later stamp wins
  set_union,  // three-way add and remove; never a conflict
  manual,     // the field waits for a person
};

struct Policy {
  PolicyKind kind = PolicyKind::latest;
  std::vector<SystemName> order;  // authority: best first; systems not named rank after all named ones

  friend bool operator==(const Policy&, const Policy&) = default;
};

struct FieldSchema {
  std::string name;
  FieldType type = FieldType::text;
  Policy policy;
  std::string region = "US";           // phone: ISO 3166 region of numbers without a country code
  std::string zone_offset = "+00:00";  // datetime: offset of values without a zone
  std::vector<std::string> options;    // enumeration: the allowed values, canonical spelling
  bool fold_case = false;              // set, text: compare and keep in lower case
  EntityName target;                   // reference: the entity it points to

  friend bool operator==(const FieldSchema&, const FieldSchema&) = default;
};

// All named fields must be equal and not empty for two objects to be the same thing.
struct MatchRule {
  std::vector<std::string> fields;
  friend bool operator==(const MatchRule&, const MatchRule&) = default;
};

enum class DeletePolicy {
  propagate,  // gone in one system: deleted in the others, unless they hold a newer edit (L3)
  detach,     // the others keep theirs; the link is dropped
  archive,    // the record is kept and marked deleted; the others are not touched
};

// Who may change a record without being one of its systems.
enum class Edits {
  people,  // the callers of the API
  none,    // nobody: the record is what its systems say
};

inline constexpr std::string_view kOwnId = "id";

// Whose a record is, for callers who see only what belongs to their business.
struct BusinessRule {
  std::string field;               // a text or a reference that names the business; kOwnId: the record itself is one
  std::vector<std::string> edits;  // the fields that a business may change; never `field`

  friend bool operator==(const BusinessRule&, const BusinessRule&) = default;
};

enum class Direction { both, read, write };

// One field of one system's object. Exactly one of `path` and the expressions is used.
struct FieldBinding {
  std::string field;       // canonical name
  std::string path;        // dotted path in the system's document: "email", "customFields.loyalty"
  std::string converter;   // name of an invertible converter, "" for none (see mapping.hpp)
  Json converter_options;  // its settings, null for none
  Direction direction = Direction::both;
  std::string read_expression;   // Lua: `doc` -> value
  std::string write_expression;  // Lua: `value`, `record` -> value stored at `path`

  friend bool operator==(const FieldBinding&, const FieldBinding&) = default;
};

// What becomes of an object that was synced and is outside the filter now.
enum class Leaving {
  remove,  // as if it were deleted in its system
  keep,    // it goes on being synced
};

struct SystemBinding {
  SystemName system;
  std::string object;  // the connector's name of the object: "contact", a table name
  std::vector<FieldBinding> fields;
  bool creates = true;  // may the hub create objects here
  bool deletes = true;  // may the hub delete objects here
  // What is observed here goes out to the others once nothing more has come for so long: people type in steps.
  std::chrono::milliseconds settle{0};
  // Lua: `doc` -> true, or false for objects that are none of ours; nil when the document does not tell. "": all are ours.
  std::string only;
  Leaving leaving = Leaving::remove;

  const FieldBinding* find(std::string_view field) const;
  friend bool operator==(const SystemBinding&, const SystemBinding&) = default;
};

struct EntitySchema {
  EntityName name;
  std::vector<FieldSchema> fields;
  std::vector<MatchRule> match;
  DeletePolicy deletes = DeletePolicy::propagate;
  Edits edits = Edits::people;
  std::optional<BusinessRule> business;  // nothing: no business sees any
  std::vector<SystemBinding> systems;

  const FieldSchema* find(std::string_view field) const;
  const SystemBinding* binding(const SystemName& system) const;
  friend bool operator==(const EntitySchema&, const EntitySchema&) = default;
};

// Systems that turn a field back and forth this often within the window: it is held, and a person is asked (C5).
struct OscillationLimits {
  std::uint32_t flips = 6;
  std::chrono::milliseconds window{10 * 60'000};

  friend bool operator==(const OscillationLimits&, const OscillationLimits&) = default;
};

struct SourceSchema {
  SourceId source;
  std::vector<EntitySchema> entities;
  // Edits through the API carry this name in stamps; it holds no data of its own.
  SystemName app = SystemName("app");
  OscillationLimits oscillation = {};

  const EntitySchema* find(const EntityName& entity) const;
  // The entity that maps this object of this system, or nullptr.
  const EntitySchema* by_object(const SystemName& system, std::string_view object) const;
  friend bool operator==(const SourceSchema&, const SourceSchema&) = default;
};

// All tenants of a shard. Replaced as a whole on reload.
class Catalog {
 public:
  explicit Catalog(std::vector<SourceSchema> sources);
  const SourceSchema* find(const SourceId& source) const;
  const std::vector<SourceSchema>& sources() const { return sources_; }

 private:
  std::vector<SourceSchema> sources_;
};

}  // namespace lockstep::sync
