#include "connectors/gohighlevel/shown_rows.hpp"

#include <functional>

#include "connectors/gohighlevel/limits.hpp"

namespace lockstep::gohighlevel {
namespace {

std::string key_of(const sync::Change& change) { return change.object + "/" + change.external_id; }

std::size_t state_of(const sync::Change& change) { return std::hash<std::string>()(to_text(change.document)); }

}  // namespace

void ShownRows::settle(const connector::PullRequest& request) {
  const auto found = offered_.find(request.object);
  if (found == offered_.end()) return;
  if (found->second.cursor == to_text(request.cursor)) {
    for (const auto& [key, state] : found->second.rows) {
      if (taken_.insert_or_assign(key, state).second) order_.push_back(key);
    }
  }
  offered_.erase(found);
  while (order_.size() > limits::kVersionsRemembered) {
    taken_.erase(order_.front());
    order_.pop_front();
  }
}

void ShownRows::leave_out_known(const connector::PullRequest& request, connector::PullPage& page) {
  std::erase_if(page.changes, [&](const sync::Change& change) {
    const auto found = taken_.find(key_of(change));
    return found != taken_.end() && found->second == state_of(change);
  });
  Offered& offered = offered_[request.object];
  offered = {to_text(page.cursor), {}};
  for (const sync::Change& change : page.changes) offered.rows.emplace(key_of(change), state_of(change));
}

}  // namespace lockstep::gohighlevel
