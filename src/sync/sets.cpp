#include "sync/sets.hpp"

namespace lockstep::sync {

Members members_of(const Json& value) {
  Members out;
  if (!value.is_array()) return out;
  for (const Json& item : value.get_array()) {
    if (item.is_string()) out.emplace(item.get_string());
  }
  return out;
}

Json to_json(const Members& members) {
  JsonArray out;
  for (const std::string& member : members) out.emplace_back(member);
  return out;
}

}  // namespace lockstep::sync
