#include "fanout/presence.hpp"

#include <utility>

namespace lockstep::fanout {
namespace {

JsonObject one_key(const std::string& key, const JsonObject& meta) {
  return {{key, JsonObject{{"metas", JsonArray{meta}}}}};
}

}  // namespace

Result<JsonObject> Presence::track(const std::string& room, MemberId member, const std::string& key, JsonObject meta) {
  auto& members = rooms_[room];
  const auto at = members.find(member);
  JsonObject leaves;
  meta["phx_ref"] = "L" + std::to_string(++last_ref_);
  if (at != members.end()) {
    if (at->second.key == key) meta["phx_ref_prev"] = at->second.meta.at("phx_ref");
    leaves = one_key(at->second.key, at->second.meta);
  } else if (members_ >= members_limit_) {
    if (members.empty()) rooms_.erase(room);
    return fail(ErrorKind::exhausted, "too many are present");
  } else {
    ++members_;
  }
  JsonObject joins = one_key(key, meta);
  members[member] = {key, std::move(meta)};
  return JsonObject{{"joins", std::move(joins)}, {"leaves", std::move(leaves)}};
}

std::optional<JsonObject> Presence::untrack(const std::string& room, MemberId member) {
  const auto of = rooms_.find(room);
  if (of == rooms_.end()) return std::nullopt;
  const auto at = of->second.find(member);
  if (at == of->second.end()) return std::nullopt;
  JsonObject leaves = one_key(at->second.key, at->second.meta);
  of->second.erase(at);
  --members_;
  if (of->second.empty()) rooms_.erase(of);
  return JsonObject{{"joins", JsonObject()}, {"leaves", std::move(leaves)}};
}

JsonObject Presence::state(const std::string& room) const {
  JsonObject out;
  const auto of = rooms_.find(room);
  if (of == rooms_.end()) return out;
  for (const auto& [id, member] : of->second) {
    Json& entry = out[member.key];
    if (!entry.is_object()) entry = JsonObject{{"metas", JsonArray()}};
    entry.get_object().at("metas").get_array().emplace_back(member.meta);
  }
  return out;
}

}  // namespace lockstep::fanout
