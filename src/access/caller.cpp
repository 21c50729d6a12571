#include "access/caller.hpp"

#include <algorithm>

namespace lockstep::access {

std::string_view to_string(Role role) {
  switch (role) {
    case Role::viewer: return "viewer";
    case Role::editor: return "editor";
    case Role::owner: return "owner";
    case Role::admin: return "admin";
  }
  return "viewer";
}

std::optional<Role> role_named(std::string_view name) {
  for (const Role role : {Role::viewer, Role::editor, Role::owner, Role::admin}) {
    if (name == to_string(role)) return role;
  }
  return std::nullopt;
}

std::optional<Role> Caller::role_in(const SourceId& source) const {
  const auto at = sources.find(source);
  if (at == sources.end()) return everywhere;
  return everywhere ? std::max(*everywhere, at->second) : at->second;
}

const sync::Businesses* Caller::businesses_in(const SourceId& source) const {
  if (role_in(source)) return nullptr;
  const auto at = businesses.find(source);
  return at == businesses.end() || at->second.empty() ? nullptr : &at->second;
}

void Rights::add(const SourceId& source, const Grant& grant) {
  if (const auto* business = std::get_if<Business>(&grant)) {
    if (!business->name.empty()) businesses[source].insert(business->name);
    return;
  }
  const auto [at, made] = sources.emplace(source, std::get<Role>(grant));
  at->second = std::max(at->second, std::get<Role>(grant));
}

void Rights::add(const Rights& more) {
  for (const auto& [source, role] : more.sources) add(source, role);
  for (const auto& [source, names] : more.businesses) businesses[source].insert(names.begin(), names.end());
}

bool Caller::may_edit(const SourceId& source) const { return role_in(source) >= Role::editor; }

bool Caller::may_operate(const SourceId& source) const { return role_in(source) >= Role::owner; }

}  // namespace lockstep::access
