// Who may call: API keys and tokens from the configuration, sessions of local accounts. Without any of them, and
// listening on this machine only, everybody on this machine is the administrator: that is the demo and the first try.
#pragma once

#include <functional>

#include "access/accounts.hpp"
#include "app/config/config.hpp"
#include "app/server/members.hpp"
#include "app/server/remote_keys.hpp"
#include "gateway/access.hpp"
#include "wire/jwt.hpp"

namespace lockstep::app {

// What keys that are published somewhere need; all of it outlives the access.
struct AccessParts {
  Loop* loop = nullptr;
  Log* log = nullptr;
  access::Accounts* accounts = nullptr;
  std::function<void(const JwtIssuer&, RemoteKeys::Done)> fetch;
};

class ConfigAccess final : public gateway::Access {
 public:
  // Fails when a key of an issuer can not be read. Keys that `former` has fetched from the same issuer go on being
  // valid, and are fetched anew: a reload ends nobody's subscriptions, and takes back a key that is published no more.
  static Result<std::unique_ptr<ConfigAccess>> make(const Config& config, const AccessParts& parts,
                                                    const ConfigAccess* former);

  Result<gateway::Caller> identify(const wire::HttpHeaders& headers, Time now) const override;
  Result<Json> claims(const wire::HttpHeaders& headers, Time now) const override;
  // With tables of members, what they say counts, and what tokens say about rights does not.
  void ask(std::shared_ptr<const Members> members) { members_ = std::move(members); }
  bool is_open_to_local() const { return on_loopback_ && has_no_way_in(); }
  // Nobody has a key, a token or an account.
  bool has_no_way_in() const { return no_keys_ && accounts_->empty(); }

 private:
  ConfigAccess() = default;
  Result<gateway::Caller> by_key(std::string_view key) const;
  Result<gateway::Caller> by_token(std::string_view token, Time now) const;
  Result<gateway::Caller> by_session(std::string_view token) const;
  Result<Json> verified(std::string_view token, Time now) const;

  struct Key {
    std::string digest;  // SHA-256 of the key: compared in constant time whatever its length
    gateway::Caller caller;
  };
  struct Issuer {
    JwtIssuer config;
    std::optional<wire::JwtVerifier> verifier;  // or else:
    std::shared_ptr<RemoteKeys> remote;         // shared with the access after a reload
    Result<Json> verify(std::string_view token, Time now) const;
  };
  static Result<Issuer> issuer_of(const JwtIssuer& config, const AccessParts& parts, const ConfigAccess* former);

  std::vector<Key> keys_;
  std::vector<Issuer> issuers_;
  access::Accounts* accounts_ = nullptr;
  std::shared_ptr<const Members> members_;
  bool no_keys_ = false;
  bool on_loopback_ = false;
};

}  // namespace lockstep::app
