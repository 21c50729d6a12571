// Who the open connections belong to, and whether it still is so. Connections with the same credentials share one
// identity, which is asked again every few seconds: one check, however many connections (P2: revocation ends running
// subscriptions within 5 seconds).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "fanout/message.hpp"
#include "gateway/context.hpp"

namespace lockstep::gateway {

// As of the last check. `caller` is empty once the credentials are good for nothing any more.
struct Identity {
  Credentials credentials;
  std::optional<Caller> caller;
  std::uint64_t changes = 0;  // grows when rights have changed or ended

  bool may_read(const SourceId& source) const { return caller && caller->may_read(source); }
  // gateway/sight.hpp
  const fanout::Message* shown(const Context& context, const fanout::Message& message) const;
};

class Identities {
 public:
  explicit Identities(Context& context) : context_(context) {}
  ~Identities();
  Identities(const Identities&) = delete;
  Identities& operator=(const Identities&) = delete;

  Result<std::shared_ptr<const Identity>> identify(Credentials credentials);
  // The rights of these users or accounts are others now: whoever of them is here is asked again at once.
  void recheck(const std::set<std::string>& people);
  std::size_t size() const { return known_.size(); }

 private:
  void tick();
  void check(Identity& identity) const;

  Context& context_;
  std::map<Credentials, std::weak_ptr<Identity>> known_;
  Credentials next_;  // the check goes round
  std::optional<TimerId> timer_;
};

}  // namespace lockstep::gateway
