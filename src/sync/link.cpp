// What a link knows of its system: bases, what stood there before our own writes, and echoes of them.
#include <algorithm>
#include <utility>

#include "sync/link.hpp"
#include "sync/merge.hpp"
#include "sync/record.hpp"
#include "sync/sets.hpp"

namespace lockstep::sync {
namespace {

// Members that only one of our own writes and what stood there before them has, and of which `value` shows the old state.
bool undoes_members(const Json& prior, const Json& written, const Json& value) {
  const Members before = members_of(prior);
  const Members ours = members_of(written);
  const Members shown = members_of(value);
  return std::ranges::any_of(ours, [&](const auto& one) { return !before.contains(one) && !shown.contains(one); }) ||
         std::ranges::any_of(before, [&](const auto& one) { return !ours.contains(one) && shown.contains(one); });
}

// `value` without its changes of members that only our last write has changed.
Json without_returns(const Json& prior, const Json& written, const Json& value) {
  const Members before = members_of(prior);
  const Members ours = members_of(written);
  Members out = members_of(value);
  for (const std::string& member : ours) {
    if (!before.contains(member)) out.insert(member);
  }
  for (const std::string& member : before) {
    if (!ours.contains(member)) out.erase(member);
  }
  return to_json(out);
}

// The base with those of our members that the system shows as we wrote them: a set is written member by member.
Json with_our_members(const Json& base, const Json& sent, const Json& shown) {
  const Members before = members_of(base);
  const Members ours = members_of(sent);
  const Members now = members_of(shown);
  Members out = before;
  for (const std::string& member : ours) {
    if (!before.contains(member) && now.contains(member)) out.insert(member);
  }
  for (const std::string& member : before) {
    if (!ours.contains(member) && !now.contains(member)) out.erase(member);
  }
  return to_json(out);
}

}  // namespace

void overwrite_base(Link& link, const std::string& field, const Json& value) {
  link.sent.erase(field);
  link.raw.erase(field);
  const auto [base, unseen] = link.base.try_emplace(field, value);
  if (unseen || base->second == value) return;
  const auto prior = link.prior.find(field);
  if (prior != link.prior.end() && base->second.is_array() && value.is_array()) {
    // The members that this write changes stand there as before it; the others keep what is remembered of them.
    prior->second = merge_sets(prior->second, &value, base->second);
  } else {
    link.prior[field] = base->second;
  }
  base->second = value;
}

bool absorb_echo(Link& link, Fields& fields, const Fields& sent) {
  bool any = false;
  for (const auto& [name, value] : sent) {
    const auto shown = fields.find(name);
    if (shown == fields.end()) continue;
    if (shown->second == value) {
      overwrite_base(link, name, value);
      fields.erase(shown);
      any = true;
      continue;
    }
    if (!value.is_array() || !shown->second.is_array()) continue;
    const auto at = link.base.find(name);
    const Json base = at == link.base.end() ? Json() : at->second;
    const Json known = with_our_members(base, value, shown->second);
    if (members_of(known) == members_of(base)) continue;
    overwrite_base(link, name, known);
    any = true;
  }
  return any;
}

bool shows_news(const Link& link, const Fields& fields) {
  return std::ranges::any_of(fields, [&](const auto& field) {
    const Json* base = find_value(link.base, field.first);
    return base == nullptr ? !field.second.is_null() : *base != field.second;
  });
}

bool shows_prior(const Link& link, const Fields& fields) {
  return std::ranges::any_of(link.prior, [&](const auto& prior) {
    const Json* value = find_value(fields, prior.first);
    const Json* base = find_value(link.base, prior.first);
    if (value == nullptr || (base != nullptr && *base == *value)) return false;
    if (*value == prior.second) return true;
    const bool set = value->is_array() || (base != nullptr && base->is_array());
    return set && undoes_members(prior.second, base == nullptr ? Json() : *base, *value);
  });
}

void leave_out_returns(const Link& link, Fields& sent) {
  for (auto at = sent.begin(); at != sent.end();) {
    auto& [name, value] = *at;
    if (!shows_prior(link, {*at})) {
      ++at;
      continue;
    }
    const Json* base = find_value(link.base, name);
    const Json held = base == nullptr ? Json() : *base;
    if (value.is_array()) value = without_returns(*find_value(link.prior, name), held, value);
    const bool nothing_left = !value.is_array() || members_of(value) == members_of(held);
    at = nothing_left ? sent.erase(at) : std::next(at);
  }
}

void outdate_prior(Link& link, const std::string& field, const Json& value) {
  const auto prior = link.prior.find(field);
  const Json* base = find_value(link.base, field);
  if (prior == link.prior.end() || base == nullptr || !base->is_array() || !value.is_array()) return;
  prior->second = merge_sets(prior->second, base, value);
}

}  // namespace lockstep::sync
