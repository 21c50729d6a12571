#include "sync/identity.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "sync/merge.hpp"

namespace lockstep::sync {
namespace {

// nullptr when the rule does not apply because a field is absent or empty.
const Json* value_for(const Fields& fields, const std::string& name) {
  const auto at = fields.find(name);
  return at == fields.end() || is_empty(at->second) ? nullptr : &at->second;
}

// The fields that every system of the entity shows.
std::vector<std::string_view> shared_fields(const EntitySchema& entity) {
  std::vector<std::string_view> out;
  for (const FieldSchema& field : entity.fields) {
    const bool everywhere = std::ranges::all_of(entity.systems, [&](const SystemBinding& binding) {
      const FieldBinding* bound = binding.find(field.name);
      return bound != nullptr && bound->direction != Direction::write;
    });
    if (everywhere) out.push_back(field.name);
  }
  return out;
}

// FNV-1a: short and the same on every machine. Who finds a record by it compares the content itself.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t out = 0xcbf29ce484222325;
  for (const char c : text) {
    out ^= static_cast<unsigned char>(c);
    out *= 0x100000001b3;
  }
  return out;
}

constexpr std::size_t kContentLeast = 2;  // fields with a value; less says nothing

}  // namespace

std::vector<MatchKey> sought_keys(const SourceId& source, const EntitySchema& entity, const Fields& fields) {
  if (!entity.match.empty() || entity.systems.size() < 2) return match_keys(source, entity, fields);
  std::string content;
  std::size_t there = 0;
  for (const std::string_view name : shared_fields(entity)) {
    const Json* value = find_value(fields, name);
    if (value == nullptr || is_empty(*value)) continue;
    ++there;
    content += name;
    content += '\x1f';
    content += to_text(*value);
    content += '\x1f';
  }
  if (there < kContentLeast) return {};
  return {{source, entity.name, "0 content " + std::to_string(hash_of(content))}};
}

std::vector<MatchKey> index_keys(const EntitySchema& entity, const Record& record) {
  if (record.deleted) return {};
  const bool everywhere = std::ranges::all_of(entity.systems, [&](const SystemBinding& binding) {
    const Link* link = record.link(binding.system);
    return link != nullptr && link->is_linked();
  });
  if (entity.match.empty() && everywhere) return {};
  return sought_keys(record.source, entity, values_of(record));
}

bool same_content(const EntitySchema& entity, const Fields& a, const Fields& b) {
  return std::ranges::all_of(shared_fields(entity), [&](std::string_view name) {
    const Json* mine = find_value(a, name);
    const Json* theirs = find_value(b, name);
    const bool nothing = mine == nullptr || is_empty(*mine);
    const bool nothing_there = theirs == nullptr || is_empty(*theirs);
    return nothing || nothing_there ? nothing == nothing_there : *mine == *theirs;
  });
}

std::vector<MatchKey> match_keys(const SourceId& source, const EntitySchema& entity, const Fields& fields) {
  std::vector<MatchKey> keys;
  for (std::size_t i = 0; i < entity.match.size(); ++i) {
    std::string key = std::to_string(i);
    bool complete = !entity.match[i].fields.empty();
    for (const std::string& name : entity.match[i].fields) {
      const Json* value = value_for(fields, name);
      if (value == nullptr) {
        complete = false;
        break;
      }
      key += '\x1f';
      key += name;
      key += '=';
      key += value->is_string() ? std::string(value->get_string()) : to_text(*value);
    }
    if (complete) keys.push_back({source, entity.name, std::move(key)});
  }
  return keys;
}

Fields values_of(const Record& record) {
  Fields out;
  for (const auto& [name, state] : record.fields) out.emplace(name, state.value);
  return out;
}

void erase_references(const EntitySchema& entity, Fields& fields) {
  for (const FieldSchema& field : entity.fields) {
    if (field.type == FieldType::reference) fields.erase(field.name);
  }
}

bool contradicts(const EntitySchema& entity, std::size_t rule, const Fields& a, const Fields& b) {
  for (std::size_t i = 0; i < rule; ++i) {
    if (entity.match[i].fields.size() != 1) continue;
    const Json* mine = value_for(a, entity.match[i].fields.front());
    const Json* theirs = value_for(b, entity.match[i].fields.front());
    if (mine != nullptr && theirs != nullptr && *mine != *theirs) return true;
  }
  return false;
}

}  // namespace lockstep::sync
