// The tenants of the configuration: their systems with settings and secrets, and what is kept equal in them.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "app/config/config.hpp"
#include "app/config/entity_builder.hpp"
#include "app/config/secrets.hpp"

namespace lockstep::app {

class SourceReader {
 public:
  SourceReader(std::span<const connector::Factory> factories, Secrets& secrets, const BadNodes& bad, Problems& problems,
               Config& config);

  // Fills config.sources and config.catalog.
  void read(const Node& root);

 private:
  // A system whose settings are complete: the connector is asked about them once all entities are known.
  struct Unchecked {
    std::size_t source;
    std::size_t system;
    const Node* node;
    std::string where;
  };

  void read_source(const Node& node, const Node& root);
  // The entities of a source, its own and used ones, by name.
  void read_filters(const Node& node, sync::SourceSchema& schema, const std::string& where);
  std::vector<const Member*> entities_of(const Node& node, const Node& root, const std::string& where);
  void read_system(const Member& member, SourceConfig& source, const std::string& where);
  void check_objects(const sync::SourceSchema& schema, const std::vector<const Member*>& members,
                     const std::string& where);
  void check_settings();

  std::span<const connector::Factory> factories_;
  Secrets& secrets_;
  const BadNodes& bad_;
  Problems& problems_;
  Config& config_;
  EntityBuilder builder_;
  std::map<std::string, Shape> settings_shapes_;
  std::vector<sync::SourceSchema> schemas_;
  std::vector<std::size_t> entity_counts_;  // per source, as written: more than in the schema when some are wrong
  std::vector<Unchecked> unchecked_;
  std::map<std::string, std::size_t> used_;  // entity of the top level -> sources that use it
};

}  // namespace lockstep::app
