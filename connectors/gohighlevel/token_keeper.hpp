// The access token of one connection. A private integration token is fixed; an OAuth grant is refreshed, and then both
// tokens change: the new pair is durable before it is used, and one refresh is on its way at a time (Q3).
//
// A refresh token works once: when the answer to a refresh was lost, or the process died before it was stored, the grant
// seems to have ended. The vendor gives a new code then, to whoever knows the client's secret, as long as the app is
// installed (POST /oauth/reconnect, help.gohighlevel.com article 155000003717).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connector/ports.hpp"
#include "connectors/gohighlevel/answers.hpp"
#include "connectors/gohighlevel/connector_settings.hpp"

namespace lockstep::gohighlevel {

class TokenKeeper {
 public:
  TokenKeeper(const ConnectorSettings& settings, const connector::Ports& ports);
  TokenKeeper(const TokenKeeper&) = delete;
  TokenKeeper& operator=(const TokenKeeper&) = delete;
  ~TokenKeeper() = default;

  // Reads the kept pair. A refresh token newly written into the settings goes before it.
  Task<Result<void>> load();

  // Another private integration token in place of the configured one, until that one changes; durable before it is used.
  // `invalid`: the account is connected by OAuth, or this can be no token.
  Task<Result<void>> replace(std::string token);

  // A token to use now; refreshes one that is about to end. `unauthorized`: a person must connect the account again.
  Task<Result<std::string>> get();
  // A token other than `refused`, after the CRM has refused that one. `unauthorized` when there can be none.
  Task<Result<std::string>> renew(std::string refused);

 private:
  struct Pair {
    std::string access;
    std::string refresh;
    Time expires;
  };

  Task<Result<std::string>> refresh();  // joins one that is on its way
  Task<Result<std::string>> refresh_alone();
  Task<Result<std::string>> store_and_use();
  Task<Result<Answer>> reconnect(unsigned refused);
  Task<Result<Answer>> ask(wire::HttpRequest request);
  wire::HttpRequest token_request(std::string_view grant_type, std::string_view name, std::string_view value) const;
  wire::HttpRequest reconnect_request() const;
  Error end(unsigned status);
  std::string fingerprint() const;  // of the configured refresh token
  std::string token_fingerprint() const;
  Task<Result<void>> load_token();

  const ConnectorSettings& settings_;
  connector::Ports ports_;
  std::string token_;  // the private integration token in use
  Pair pair_;
  std::optional<Pair> unstored_;  // received, not yet durable, therefore not used
  std::optional<Error> dead_;     // the grant has ended
  bool refreshing_ = false;
  std::vector<Completion<Result<std::string>>::Done> waiting_;
};

}  // namespace lockstep::gohighlevel
