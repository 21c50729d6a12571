#include "sync/schema.hpp"

#include <algorithm>

namespace lockstep::sync {
namespace {

template <class Range, class Predicate>
auto* find_in(Range& range, Predicate matches) {
  const auto at = std::ranges::find_if(range, matches);
  return at == range.end() ? nullptr : &*at;
}

}  // namespace

const FieldBinding* SystemBinding::find(std::string_view field) const {
  return find_in(fields, [&](const auto& f) { return f.field == field; });
}

const FieldSchema* EntitySchema::find(std::string_view field) const {
  return find_in(fields, [&](const auto& f) { return f.name == field; });
}

const SystemBinding* EntitySchema::binding(const SystemName& system) const {
  return find_in(systems, [&](const auto& s) { return s.system == system; });
}

const EntitySchema* SourceSchema::find(const EntityName& entity) const {
  return find_in(entities, [&](const auto& e) { return e.name == entity; });
}

const EntitySchema* SourceSchema::by_object(const SystemName& system, std::string_view object) const {
  return find_in(entities, [&](const auto& e) {
    const SystemBinding* binding = e.binding(system);
    return binding != nullptr && binding->object == object;
  });
}

Catalog::Catalog(std::vector<SourceSchema> sources) : sources_(std::move(sources)) {
  std::ranges::sort(sources_, {}, &SourceSchema::source);
}

const SourceSchema* Catalog::find(const SourceId& source) const {
  const auto at = std::ranges::lower_bound(sources_, source, {}, &SourceSchema::source);
  return at == sources_.end() || at->source != source ? nullptr : &*at;
}

}  // namespace lockstep::sync
