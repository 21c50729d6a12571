#include "connector/wanted_columns.hpp"

#include <algorithm>
#include <array>

namespace lockstep::connector {
namespace {

constexpr std::array<std::string_view, 3> to_number = {"cents", "epoch_ms", "epoch_s"};
constexpr std::array<std::string_view, 4> to_text = {"csv", "json_text", "map", "prefix"};

}  // namespace

ColumnHolds column_holds(const sync::FieldBinding& binding) {
  if (binding.path.find('.') != std::string::npos) return ColumnHolds::members;
  if (std::ranges::find(to_number, binding.converter) != to_number.end()) return ColumnHolds::whole_number;
  if (std::ranges::find(to_text, binding.converter) != to_text.end()) return ColumnHolds::text;
  return ColumnHolds::field;
}

std::vector<WantedColumn> wanted_columns(const SystemSettings& system, const std::string& object) {
  std::vector<WantedColumn> wanted;
  for (const auto* entity : system.entities) {
    const auto* binding = entity->binding(system.system);
    if (binding == nullptr || binding->object != object) continue;
    for (const auto& bound : binding->fields) {
      const auto* field = entity->find(bound.field);
      if (field == nullptr || bound.path.empty()) continue;
      const std::string name = bound.path.substr(0, bound.path.find('.'));
      if (std::ranges::find(wanted, name, &WantedColumn::name) != wanted.end()) continue;
      wanted.push_back({name, column_holds(bound), field});
    }
  }
  return wanted;
}

}  // namespace lockstep::connector
