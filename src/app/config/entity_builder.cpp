#include "app/config/entity_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "app/config/suggest.hpp"
#include "app/config/units.hpp"
#include "sync/mapping.hpp"

namespace lockstep::app {
namespace {

using Kind = Node::Kind;
using sync::FieldType;

constexpr std::array<std::pair<std::string_view, FieldType>, 12> types{{
    {"text", FieldType::text},
    {"email", FieldType::email},
    {"phone", FieldType::phone},
    {"datetime", FieldType::datetime},
    {"date", FieldType::date},
    {"decimal", FieldType::decimal},
    {"integer", FieldType::integer},
    {"boolean", FieldType::boolean},
    {"enumeration", FieldType::enumeration},
    {"set", FieldType::set},
    {"json", FieldType::json},
    {"reference", FieldType::reference},
}};

FieldType field_type(std::string_view text) {
  for (const auto& [name, type] : types) {
    if (name == text) return type;
  }
  return FieldType::text;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

std::string text_of(const Node& node, std::string_view key, std::string fallback = {}) {
  const Node* value = node.find(key);
  return value == nullptr ? fallback : value->text;
}

bool is_true(const Node& node, std::string_view key, std::string_view fallback) {
  const Node* value = node.find(key);
  return (value == nullptr ? fallback : std::string_view(value->text)) == "true";
}

std::vector<std::string> field_names(const sync::EntitySchema& entity) {
  std::vector<std::string> names;
  for (const auto& field : entity.fields) names.push_back(field.name);
  return names;
}

sync::FieldBinding same_name(const std::string& field) {
  sync::FieldBinding binding;
  binding.field = field;
  binding.path = field;
  return binding;
}

sync::FieldBinding bound_field(const std::string& field, const Node& node) {
  sync::FieldBinding binding;
  binding.field = field;
  if (node.is(Kind::text)) {
    binding.path = node.text;
    return binding;
  }
  binding.read_expression = text_of(node, "read");
  binding.write_expression = text_of(node, "write");
  const bool expressions = !binding.read_expression.empty() || !binding.write_expression.empty();
  binding.path = text_of(node, "path", expressions ? "" : field);
  binding.converter = text_of(node, "converter");
  if (const Node* options = node.find("options")) binding.converter_options = to_json(*options);
  const std::string direction = text_of(node, "direction", "both");
  binding.direction = direction == "read"    ? sync::Direction::read
                      : direction == "write" ? sync::Direction::write
                                             : sync::Direction::both;
  return binding;
}

sync::DeletePolicy delete_policy(const std::string& text) {
  if (text == "detach") return sync::DeletePolicy::detach;
  if (text == "archive") return sync::DeletePolicy::archive;
  return sync::DeletePolicy::propagate;
}

}  // namespace

std::optional<sync::EntitySchema> EntityBuilder::build(const Member& entity, const Scope& scope,
                                                       const std::string& where) {
  const Node& node = entity.value;
  if (bad_.contains(&node)) return std::nullopt;
  sync::EntitySchema schema;
  schema.name = EntityName(entity.key);
  sync::Policy fallback;
  if (const Node* own = node.find("policy")) {
    fallback = policy(*own, scope, where + ".policy");
    if (fallback.kind == sync::PolicyKind::set_union) {
      problems_.add(own->mark, where + ".policy", "\"union\" is for sets only",
                    "give it to the set fields; they have it by default");
    }
  }
  for (const auto& member : node.find("fields")->members) {
    schema.fields.push_back(field(member, fallback, scope, fmt::format("{}.fields.{}", where, member.key)));
  }
  if (const Node* rules = node.find("match")) schema.match = match(*rules, schema, where + ".match");
  schema.deletes = delete_policy(text_of(node, "deletes"));
  if (text_of(node, "edits") == "none") schema.edits = sync::Edits::none;
  if (const Node* business = node.find("business")) schema.business = rule(*business, schema, where + ".business");
  for (const auto& member : node.find("systems")->members) {
    schema.systems.push_back(binding(member, schema, scope, fmt::format("{}.systems.{}", where, member.key)));
  }
  for (const auto& field : schema.fields) {
    const bool bound =
        std::ranges::any_of(schema.systems, [&](const auto& system) { return system.find(field.name) != nullptr; });
    if (!bound) warnings_.push_back(fmt::format("{}.fields.{}: no system holds this field", where, field.name));
  }
  return schema;
}

sync::Policy EntityBuilder::policy(const Node& node, const Scope& scope, const std::string& where) {
  sync::Policy policy;
  if (node.is(Kind::text)) {
    if (node.text == "union") policy.kind = sync::PolicyKind::set_union;
    if (node.text == "manual") policy.kind = sync::PolicyKind::manual;
    return policy;
  }
  policy.kind = sync::PolicyKind::authority;
  for (const auto& item : node.find("authority")->items) {
    const SystemName name(item.text);
    if (!contains(scope.systems, item.text) && item.text != "app") {
      problems_.add(item.mark, where, fmt::format("there is no system \"{}\" in this source", item.text),
                    suggest(item.text, scope.systems));
    } else if (std::ranges::find(policy.order, name) != policy.order.end()) {
      problems_.add(item.mark, where, fmt::format("\"{}\" is named twice", item.text));
    } else {
      policy.order.push_back(name);
    }
  }
  return policy;
}

sync::FieldSchema EntityBuilder::field(const Member& member, const sync::Policy& fallback, const Scope& scope,
                                       const std::string& where) {
  const Node& node = member.value;
  sync::FieldSchema field;
  field.name = member.key;
  field.type = field_type(node.is(Kind::text) ? node.text : text_of(node, "type"));
  field.policy = fallback;
  if (field.type == FieldType::set) field.policy = {.kind = sync::PolicyKind::set_union, .order = {}};
  if (node.is(Kind::map)) {
    if (const Node* own = node.find("policy")) field.policy = policy(*own, scope, where + ".policy");
    field.region = text_of(node, "region", field.region);
    field.zone_offset = text_of(node, "zone_offset", field.zone_offset);
    field.fold_case = is_true(node, "fold_case", "false");
    field.target = EntityName(text_of(node, "target"));
    if (const Node* options = node.find("options")) {
      for (const auto& option : options->items) field.options.push_back(option.text);
    }
  }
  check_field(field, member, scope, where);
  return field;
}

void EntityBuilder::check_field(const sync::FieldSchema& field, const Member& member, const Scope& scope,
                                const std::string& where) {
  const Node& node = member.value;
  // key, the types that have it
  const std::array<std::pair<std::string_view, std::vector<FieldType>>, 5> belongs{{
      {"region", {FieldType::phone}},
      {"zone_offset", {FieldType::datetime}},
      {"options", {FieldType::enumeration}},
      {"fold_case", {FieldType::text, FieldType::set}},
      {"target", {FieldType::reference}},
  }};
  for (const auto& [key, owners] : belongs) {
    const Member* written = node.find_member(key);
    if (written == nullptr || std::ranges::find(owners, field.type) != owners.end()) continue;
    problems_.add(written->mark, where, fmt::format("\"{}\" means nothing for this type", key), "leave it out");
  }
  if (field.type == FieldType::enumeration) {
    if (field.options.empty())
      problems_.add(member.mark, where, "an enumeration needs its options", "options: [open, won, lost]");
    for (std::size_t index = 0; index < field.options.size(); ++index) {
      if (std::ranges::find(field.options.begin(), field.options.begin() + static_cast<std::ptrdiff_t>(index),
                            field.options[index]) == field.options.begin() + static_cast<std::ptrdiff_t>(index)) {
        continue;
      }
      problems_.add(node.find("options")->items[index].mark, where,
                    fmt::format("the option \"{}\" is written twice", field.options[index]));
    }
  }
  if (field.type == FieldType::reference) {
    if (field.target.empty()) {
      problems_.add(member.mark, where, "a reference needs its target", "target: the name of an entity");
    } else if (!contains(scope.entities, field.target.str())) {
      problems_.add(node.find("target")->mark, where,
                    fmt::format("there is no entity \"{}\" in this source", field.target.str()),
                    suggest(field.target.str(), scope.entities));
    }
  }
  if (field.policy.kind == sync::PolicyKind::set_union && field.type != FieldType::set) {
    const Node* own = node.find("policy");
    if (own != nullptr)
      problems_.add(own->mark, where, "\"union\" is for sets only", "use latest, manual or {authority: [...]}");
  }
}

std::vector<sync::MatchRule> EntityBuilder::match(const Node& node, const sync::EntitySchema& entity,
                                                  const std::string& where) {
  std::vector<sync::MatchRule> rules;
  for (const auto& item : node.items) {
    sync::MatchRule rule;
    const std::vector<Node> single = item.is(Kind::text) ? std::vector<Node>{item} : std::vector<Node>{};
    for (const auto& name : item.is(Kind::text) ? single : item.items) {
      const sync::FieldSchema* field = entity.find(name.text);
      if (field == nullptr) {
        problems_.add(name.mark, where, fmt::format("there is no field \"{}\" in this entity", name.text),
                      suggest(name.text, field_names(entity)));
      } else if (field->type == FieldType::set || field->type == FieldType::json || field->type == FieldType::boolean) {
        problems_.add(name.mark, where, fmt::format("\"{}\" cannot tell records apart", name.text),
                      "match by an id, an e-mail, a phone number or a text");
      } else {
        rule.fields.push_back(name.text);
      }
    }
    if (!rule.fields.empty()) rules.push_back(std::move(rule));
  }
  return rules;
}

sync::BusinessRule EntityBuilder::rule(const Node& node, const sync::EntitySchema& entity, const std::string& where) {
  sync::BusinessRule rule;
  const Node& owner = *node.find("field");
  rule.field = owner.text;
  const sync::FieldSchema* field = entity.find(rule.field);
  if (rule.field == sync::kOwnId) {
    if (field != nullptr)
      problems_.add(owner.mark, where, "\"id\" is the record's own id, and this entity has a field of that name",
                    "give the field another name");
  } else if (field == nullptr) {
    problems_.add(owner.mark, where, fmt::format("there is no field \"{}\" in this entity", rule.field),
                  suggest(rule.field, field_names(entity)));
  } else if (field->type != FieldType::text && field->type != FieldType::reference) {
    problems_.add(owner.mark, where, fmt::format("\"{}\" cannot name a business", rule.field),
                  "take a text, a reference, or id");
  }
  const Node* edits = node.find("edits");
  for (const Node& item : edits == nullptr ? std::vector<Node>() : edits->items) {
    if (item.text == rule.field) {
      problems_.add(item.mark, where, fmt::format("with \"{}\" a business could take and give away records", item.text),
                    "leave it out");
    } else if (entity.find(item.text) == nullptr) {
      problems_.add(item.mark, where, fmt::format("there is no field \"{}\" in this entity", item.text),
                    suggest(item.text, field_names(entity)));
    } else if (entity.edits == sync::Edits::none) {
      problems_.add(item.mark, where, "this entity takes no edits of anybody", "leave edits out here, or there");
      break;
    } else {
      rule.edits.push_back(item.text);
    }
  }
  return rule;
}

sync::SystemBinding EntityBuilder::binding(const Member& member, const sync::EntitySchema& entity, const Scope& scope,
                                           const std::string& where) {
  if (!contains(scope.systems, member.key)) {
    problems_.add(member.mark, where, fmt::format("there is no system \"{}\" in this source", member.key),
                  suggest(member.key, scope.systems));
  }
  const Node& node = member.value;
  sync::SystemBinding binding;
  binding.system = SystemName(member.key);
  binding.object = text_of(node, "object");
  binding.creates = is_true(node, "creates", "true");
  binding.deletes = is_true(node, "deletes", "true");
  const Duration settle = parse_duration(text_of(node, "settle", "0s")).value_or(Duration(0));
  binding.settle = std::chrono::duration_cast<std::chrono::milliseconds>(settle);
  const Node& fields = *node.find("fields");
  binding.fields = bound_fields(fields, entity, where + ".fields");
  if (checked_.insert(&fields).second) check_bound_fields(binding.fields, fields, entity, where + ".fields");
  return binding;
}

std::vector<sync::FieldBinding> EntityBuilder::bound_fields(const Node& node, const sync::EntitySchema& entity,
                                                            const std::string& where) {
  std::vector<sync::FieldBinding> bindings;
  const auto add = [&](Mark mark, const std::string& field, sync::FieldBinding binding) {
    if (entity.find(field) == nullptr) {
      problems_.add(mark, where, fmt::format("there is no field \"{}\" in this entity", field),
                    suggest(field, field_names(entity)));
    } else if (std::ranges::any_of(bindings, [&](const auto& other) { return other.field == field; })) {
      problems_.add(mark, where, fmt::format("\"{}\" is named twice", field));
    } else {
      bindings.push_back(std::move(binding));
    }
  };
  for (const auto& item : node.items) add(item.mark, item.text, same_name(item.text));
  for (const auto& member : node.members) {
    if (member.key != "*") add(member.mark, member.key, bound_field(member.key, member.value));
  }
  const Node* rest = node.find("*");
  if (rest != nullptr && rest->text != "*") {
    problems_.add(rest->mark, where, "\"*\" can only be bound to \"*\"",
                  "\"*\": \"*\" takes all other fields under their own names");
  }
  if (rest == nullptr && !node.is(Kind::text)) return bindings;
  for (const auto& field : entity.fields) {
    const bool bound = std::ranges::any_of(bindings, [&](const auto& other) { return other.field == field.name; });
    if (!bound) bindings.push_back(same_name(field.name));
  }
  return bindings;
}

void EntityBuilder::check_bound_fields(const std::vector<sync::FieldBinding>& fields, const Node& node,
                                       const sync::EntitySchema& entity, const std::string& where) {
  std::map<std::string, std::string> writers;  // path -> field
  for (const auto& binding : fields) {
    const Member* member = node.find_member(binding.field);
    const Mark mark = member == nullptr ? node.mark : member->value.mark;
    const std::string place = fmt::format("{}.{}", where, binding.field);
    for (const auto& message : sync::check_binding(*entity.find(binding.field), binding))
      problems_.add(mark, place, message);
    if (binding.direction == sync::Direction::read || binding.path.empty()) continue;
    const auto [other, first] = writers.emplace(binding.path, binding.field);
    if (!first) {
      problems_.add(mark, place, fmt::format("\"{}\" already writes to the path \"{}\"", other->second, binding.path),
                    "give one of them another path or direction: read");
    }
  }
}

}  // namespace lockstep::app
