// Calls to the CRM's API: authorization, version, JSON in and out. One retry after a 401 with a refreshed token; nothing
// else is tried again here.
#pragma once

#include <optional>
#include <string>

#include "connector/ports.hpp"
#include "connectors/gohighlevel/answers.hpp"
#include "connectors/gohighlevel/token_keeper.hpp"

namespace lockstep::gohighlevel {

struct ApiCall {
  std::string method = "GET";
  std::string target;
  std::optional<Json> body;
  sync::WorkClass work = sync::WorkClass::live;
};

class Api {
 public:
  Api(const ConnectorSettings& settings, const connector::Ports& ports)
      : settings_(settings), ports_(ports), tokens_(settings, ports) {}
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  ~Api() = default;

  Task<Result<void>> start() { return tokens_.load(); }
  Task<Result<void>> replace_token(std::string token) { return tokens_.replace(std::move(token)); }

  // Any answer, whatever its status. Errors: those of the port, `unauthorized` when there is no token to be had, and for an
  // unreadable 2xx `maybe_applied` (reads: `unavailable`).
  Task<Result<Answer>> send(ApiCall call);

 private:
  Task<Result<Answer>> send_with(const ApiCall& call, std::string token);

  const ConnectorSettings& settings_;
  connector::Ports ports_;
  TokenKeeper tokens_;
};

// "/contacts/" + id, escaped.
std::string path_with(std::string_view prefix, std::string_view id, std::string_view suffix = "");

}  // namespace lockstep::gohighlevel
