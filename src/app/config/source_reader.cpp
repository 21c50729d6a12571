#include "app/config/source_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/config/config_shape.hpp"
#include "app/config/suggest.hpp"
#include "app/config/units.hpp"
#include "base/assert.hpp"
#include "sync/mapping.hpp"

namespace lockstep::app {
namespace {

std::vector<std::string> keys_of(const Node* map) {
  std::vector<std::string> keys;
  if (map == nullptr) return keys;
  for (const auto& member : map->members) keys.push_back(member.key);
  return keys;
}

std::optional<Duration> interval(const Node* poll, std::string_view key, Duration fallback) {
  const Node* node = poll == nullptr ? nullptr : poll->find(key);
  if (node == nullptr) return fallback;
  return node->text == "never" ? std::nullopt : parse_duration(node->text);
}

void read_window(const Node& node, std::chrono::milliseconds& into) {
  const Node* window = node.find("window");
  const std::optional<Duration> read = window == nullptr ? std::nullopt : parse_duration(window->text);
  if (read) into = std::chrono::duration_cast<std::chrono::milliseconds>(*read);
}

void read_oscillation(const Node& node, sync::OscillationLimits& limits) {
  read_window(node, limits.window);
  if (const Node* flips = node.find("flips")) limits.flips = static_cast<std::uint32_t>(std::stoul(flips->text));
}

void read_guard(const Node& node, hub::GuardSettings& guard) {
  read_window(node, guard.window);
  const auto number = [&](std::string_view key, std::size_t& into) {
    if (const Node* value = node.find(key)) into = std::stoul(value->text);
  };
  number("delete_percent", guard.delete_percent);
  number("delete_least", guard.delete_least);
  number("rewrite_percent", guard.rewrite_percent);
  number("rewrite_least", guard.rewrite_least);
}

// The place of a setting that a connector complains about: "pull.page_size" or just the system.
Mark mark_of_setting(const Node& system, std::string_view setting) {
  const Node* node = &system;
  while (!setting.empty()) {
    const auto dot = setting.find('.');
    const Node* next = node->find(setting.substr(0, dot));
    if (next == nullptr) break;
    node = next;
    setting = dot == std::string_view::npos ? std::string_view{} : setting.substr(dot + 1);
  }
  return node->mark;
}

}  // namespace

SourceReader::SourceReader(std::span<const connector::Factory> factories, Secrets& secrets, const BadNodes& bad,
                           Problems& problems, Config& config)
    : factories_(factories),
      secrets_(secrets),
      bad_(bad),
      problems_(problems),
      config_(config),
      builder_(problems, bad, config.warnings) {
  for (const auto& factory : factories) {
    auto shape = shape_from_settings_schema(factory.settings_schema);
    LOCKSTEP_ASSERT(shape, "config_shape() has read the same schemas");
    settings_shapes_.emplace(factory.kind, std::move(*shape));
  }
}

void SourceReader::read(const Node& root) {
  if (const Node* sources = root.find("sources")) {
    for (const auto& node : sources->items) read_source(node, root);
  }
  for (const auto& name : keys_of(root.find("entities"))) {
    if (!used_.contains(name)) config_.warnings.push_back(fmt::format("entities.{}: no source uses it", name));
  }
  config_.catalog = std::make_shared<const sync::Catalog>(std::move(schemas_));
  check_settings();
}

void SourceReader::read_source(const Node& node, const Node& root) {
  const Node* id = node.find("id");
  const Node* systems = node.find("systems");
  if (id == nullptr || bad_.contains(id) || systems == nullptr) return;
  const std::string where = fmt::format("sources[{}]", id->text);
  if (std::ranges::any_of(config_.sources, [&](const SourceConfig& other) { return other.id.str() == id->text; })) {
    problems_.add(id->mark, where, fmt::format("there is a source \"{}\" already", id->text), "give it another id");
    return;
  }
  SourceConfig source;
  source.id = SourceId(id->text);
  const Node* title = node.find("title");
  source.title = title == nullptr ? id->text : title->text;
  for (const auto& member : systems->members)
    read_system(member, source, fmt::format("{}.systems.{}", where, member.key));

  const auto members = entities_of(node, root, where);
  Scope scope;
  scope.systems = keys_of(systems);
  for (const Member* member : members) scope.entities.push_back(member->key);
  sync::SourceSchema schema;
  schema.source = source.id;
  if (const Node* oscillation = node.find("oscillation")) read_oscillation(*oscillation, schema.oscillation);
  for (const Member* member : members) {
    auto entity = builder_.build(*member, scope, fmt::format("{}.entities.{}", where, member->key));
    if (entity) schema.entities.push_back(std::move(*entity));
  }
  if (members.empty() && !bad_.contains(&node))
    problems_.add(node.mark, where, "it has no entities", "add entities, or use: [names from the top level]");
  if (const Node* filters = node.find("only")) read_filters(*filters, schema, where + ".only");
  check_objects(schema, members, where);
  schemas_.push_back(std::move(schema));
  entity_counts_.push_back(members.size());
  config_.sources.push_back(std::move(source));
}

void SourceReader::read_filters(const Node& node, sync::SourceSchema& schema, const std::string& where) {
  for (const auto& member : node.members) {
    if (bad_.contains(&member.value)) continue;
    const std::string place = fmt::format("{}.{}", where, member.key);
    const auto entity = std::ranges::find(schema.entities, EntityName(member.key), &sync::EntitySchema::name);
    if (entity == schema.entities.end()) {
      problems_.add(member.mark, place, fmt::format("this source has no entity \"{}\"", member.key));
      continue;
    }
    const Node& in = *member.value.find("in");
    const auto binding = std::ranges::find(entity->systems, SystemName(in.text), &sync::SystemBinding::system);
    if (binding == entity->systems.end()) {
      problems_.add(in.mark, place, fmt::format("the system \"{}\" does not hold this entity", in.text));
      continue;
    }
    const Node& when = *member.value.find("when");
    for (const auto& message : sync::check_filter(when.text)) problems_.add(when.mark, place, message);
    binding->only = when.text;
    const Node* leaving = member.value.find("leaving");
    if (leaving != nullptr && leaving->text == "keep") binding->leaving = sync::Leaving::keep;
  }
}

std::vector<const Member*> SourceReader::entities_of(const Node& node, const Node& root, const std::string& where) {
  std::vector<const Member*> members;
  const Node* own = node.find("entities");
  if (own != nullptr) {
    for (const auto& member : own->members) members.push_back(&member);
  }
  const Node* shared = root.find("entities");
  const Node* use = node.find("use");
  if (use == nullptr) return members;
  for (const auto& name : use->items) {
    const Member* member = shared == nullptr ? nullptr : shared->find_member(name.text);
    if (member == nullptr) {
      problems_.add(name.mark, where + ".use", fmt::format("there is no entity \"{}\" at the top level", name.text),
                    suggest(name.text, keys_of(shared)));
    } else if (std::ranges::any_of(members, [&](const Member* other) { return other->key == name.text; })) {
      problems_.add(name.mark, where + ".use", fmt::format("this source has an entity \"{}\" already", name.text));
    } else {
      members.push_back(member);
      ++used_[name.text];
    }
  }
  return members;
}

void SourceReader::read_system(const Member& member, SourceConfig& source, const std::string& where) {
  if (member.key == "app") {
    problems_.add(member.mark, where, "\"app\" is the name of Lockstep's own API", "give this system another name");
  }
  const Node& node = member.value;
  if (bad_.contains(&node)) return;
  const std::string kind = node.find("connector")->text;
  SystemConfig system;
  system.connector = kind;
  system.settings.source = source.id;
  system.settings.system = SystemName(member.key);
  if (const Node* reach = node.find("reach"); reach != nullptr && reach->text == "any")
    system.reach = NetworkReach::any;
  const Node* poll = node.find("poll");
  system.pull.every = interval(poll, "every", std::chrono::seconds(60));
  system.pull.full_every = interval(poll, "full_every", std::chrono::hours(24));
  if (const Node* guard = node.find("guard"); guard != nullptr) read_guard(*guard, system.guard);
  const auto settings = secrets_.to_json(settings_shapes_.at(kind), node, where);
  if (settings) {
    system.settings.settings = settings->get_object();
    unchecked_.push_back({config_.sources.size(), source.systems.size(), &node, where});
  }
  source.systems.push_back(std::move(system));
}

void SourceReader::check_objects(const sync::SourceSchema& schema, const std::vector<const Member*>& members,
                                 const std::string& where) {
  std::map<std::pair<std::string, std::string>, std::string> owners;  // (system, object) -> entity
  for (const Member* member : members) {
    const auto* entity = schema.find(EntityName(member->key));
    if (entity == nullptr) continue;
    for (const auto& binding : entity->systems) {
      const auto [owner, first] = owners.emplace(std::pair(binding.system.str(), binding.object), member->key);
      if (first) continue;
      const Node& node = *member->value.find("systems")->find(binding.system.str());
      problems_.add(node.find("object")->mark,
                    fmt::format("{}.entities.{}.systems.{}", where, member->key, binding.system.str()),
                    fmt::format("the entity \"{}\" holds the object \"{}\" already", owner->second, binding.object),
                    "one object belongs to one entity");
    }
  }
}

void SourceReader::check_settings() {
  for (auto& source : config_.sources) {
    const auto* schema = config_.catalog->find(source.id);
    for (auto& system : source.systems) {
      for (const auto& entity : schema->entities) {
        if (entity.binding(system.settings.system) != nullptr) system.settings.entities.push_back(&entity);
      }
      if (system.settings.entities.empty()) {
        config_.warnings.push_back(
            fmt::format("sources[{}].systems.{}: no entity uses it", source.id.str(), system.settings.system.str()));
      }
    }
  }
  for (const auto& [source, system, node, where] : unchecked_) {
    const SystemConfig& config = config_.sources[source].systems[system];
    // Its entities are wrong, which has been said: what it would say about having none helps nobody.
    const auto* schema = config_.catalog->find(config.settings.source);
    if (config.settings.entities.empty() && schema->entities.size() < entity_counts_[source]) continue;
    const auto factory = std::ranges::find(factories_, config.connector, &connector::Factory::kind);
    if (!factory->check_settings) continue;
    for (const auto& problem : factory->check_settings(config.settings)) {
      const std::string place = problem.setting.empty() ? where : where + "." + problem.setting;
      problems_.add(mark_of_setting(*node, problem.setting), place, problem.message);
    }
  }
}

}  // namespace lockstep::app
