// Who may call, from the configuration: API keys and tokens. Without an `access` block, and listening on this machine
// only, everybody on this machine is the administrator: that is the demo and the first try.
#pragma once

#include "app/config/config.hpp"
#include "gateway/access.hpp"
#include "wire/jwt.hpp"

namespace lockstep::app {

class ConfigAccess final : public gateway::Access {
 public:
  // Fails when a key of an issuer can not be read.
  static Result<std::unique_ptr<ConfigAccess>> make(const Config& config);

  Result<gateway::Caller> identify(const wire::HttpHeaders& headers, Time now) const override;

 private:
  ConfigAccess() = default;
  Result<gateway::Caller> by_key(std::string_view key) const;
  Result<gateway::Caller> by_token(std::string_view token, Time now) const;

  struct Key {
    std::string digest;  // SHA-256 of the key: compared in constant time whatever its length
    gateway::Caller caller;
  };
  std::vector<Key> keys_;
  std::vector<wire::JwtVerifier> issuers_;
  bool open_to_local_ = false;
};

}  // namespace lockstep::app
