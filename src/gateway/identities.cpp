#include "gateway/identities.hpp"

#include <algorithm>
#include <utility>

#include "gateway/sight.hpp"

namespace lockstep::gateway {
namespace {

constexpr std::chrono::milliseconds kTick{250};
constexpr std::size_t kTicksPerRound = 12;  // every identity within 3 seconds
constexpr std::size_t kChecksAtLeast = 20;

}  // namespace

const fanout::Message* Identity::shown(const Context& context, const fanout::Message& message) const {
  return gateway::shown(context.hub.catalog(), caller, message);
}

Identities::~Identities() {
  if (timer_) context_.loop.cancel(*timer_);
}

Result<std::shared_ptr<const Identity>> Identities::identify(Credentials credentials) {
  LOCKSTEP_TRY(caller, context_.access.identify(credentials.headers(), context_.loop.clock().now()));
  if (const auto at = known_.find(credentials); at != known_.end()) {
    if (auto identity = at->second.lock()) {
      if (!identity->caller || *identity->caller != caller) ++identity->changes;
      identity->caller = std::move(caller);
      return identity;
    }
  }
  auto identity = std::make_shared<Identity>();
  identity->credentials = credentials;
  identity->caller = std::move(caller);
  known_[std::move(credentials)] = identity;
  if (!timer_) tick();
  return identity;
}

void Identities::check(Identity& identity) const {
  Result<Caller> caller = context_.access.identify(identity.credentials.headers(), context_.loop.clock().now());
  if (!caller) {
    if (identity.caller) ++identity.changes;
    identity.caller.reset();
    return;
  }
  if (!identity.caller || *identity.caller != *caller) ++identity.changes;
  identity.caller = std::move(*caller);
}

void Identities::recheck(const std::set<std::string>& people) {
  for (const auto& [credentials, weak] : known_) {
    const auto identity = weak.lock();
    if (!identity || !identity->caller) continue;
    const Caller& caller = *identity->caller;
    if (people.contains(caller.person) || people.contains(caller.account)) check(*identity);
  }
}

void Identities::tick() {
  timer_ = context_.loop.after(kTick, [this] {
    timer_.reset();
    std::size_t left = std::min(known_.size(), std::max(kChecksAtLeast, known_.size() / kTicksPerRound + 1));
    auto at = known_.lower_bound(next_);
    for (; left > 0 && !known_.empty(); --left) {
      if (at == known_.end()) at = known_.begin();
      if (const auto identity = at->second.lock()) {
        check(*identity);
        ++at;
      } else {
        at = known_.erase(at);
      }
    }
    next_ = at == known_.end() ? Credentials() : at->first;
    if (!known_.empty()) tick();
  });
}

}  // namespace lockstep::gateway
