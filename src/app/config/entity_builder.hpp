// Entities out of the tree: what the names in them mean, and whether they fit together.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/config/shape_check.hpp"
#include "sync/schema.hpp"

namespace lockstep::app {

// What the names inside an entity may refer to.
struct Scope {
  std::vector<std::string> systems;   // of the source
  std::vector<std::string> entities;  // of the source, its own and used ones
};

class EntityBuilder {
 public:
  EntityBuilder(Problems& problems, const BadNodes& bad, std::vector<std::string>& warnings)
      : problems_(problems), bad_(bad), warnings_(warnings) {}

  // nullopt when the entity does not have its shape: that has been said already. Problems of meaning are added, and
  // the entity returned as far as it goes.
  std::optional<sync::EntitySchema> build(const Member& entity, const Scope& scope, const std::string& where);

 private:
  sync::Policy policy(const Node& node, const Scope& scope, const std::string& where);
  sync::FieldSchema field(const Member& member, const sync::Policy& fallback, const Scope& scope,
                          const std::string& where);
  void check_field(const sync::FieldSchema& field, const Member& member, const Scope& scope, const std::string& where);
  std::vector<sync::MatchRule> match(const Node& node, const sync::EntitySchema& entity, const std::string& where);
  sync::BusinessRule rule(const Node& node, const sync::EntitySchema& entity, const std::string& where);
  sync::SystemBinding binding(const Member& member, const sync::EntitySchema& entity, const Scope& scope,
                              const std::string& where);
  std::vector<sync::FieldBinding> bound_fields(const Node& node, const sync::EntitySchema& entity,
                                               const std::string& where);
  void check_bound_fields(const std::vector<sync::FieldBinding>& fields, const Node& node,
                          const sync::EntitySchema& entity, const std::string& where);

  Problems& problems_;
  const BadNodes& bad_;
  std::vector<std::string>& warnings_;
  // Bindings checked already: a template used by a thousand tenants compiles its expressions once.
  std::set<const Node*> checked_;
};

}  // namespace lockstep::app
