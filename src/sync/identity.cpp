#include "sync/identity.hpp"

#include "sync/merge.hpp"

namespace lockstep::sync {
namespace {

// nullptr when the rule does not apply because a field is absent or empty.
const Json* value_for(const Fields& fields, const std::string& name) {
  const auto at = fields.find(name);
  return at == fields.end() || is_empty(at->second) ? nullptr : &at->second;
}

}  // namespace

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
