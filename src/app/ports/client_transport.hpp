// A connector's way to its origin, over the HTTP client.
#pragma once

#include <string>

#include "app/config/config.hpp"
#include "connector/metered_http.hpp"
#include "net/http_client.hpp"

namespace lockstep::app {

class ClientTransport final : public connector::Transport {
 public:
  // The client outlives it. An empty origin: nothing is ever sent. All tenants of a CRM call the same origin: `share`
  // keeps their connections apart, so that one whose calls hang does not starve the others.
  ClientTransport(net::HttpClient& client, std::string origin, std::string share, NetworkReach reach)
      : client_(client), origin_(std::move(origin)), share_(std::move(share)), reach_(reach) {}

  Task<Result<wire::HttpResponse>> send(wire::HttpRequest request, std::chrono::milliseconds deadline) override;

 private:
  net::HttpClient& client_;
  std::string origin_;
  std::string share_;
  NetworkReach reach_;
};

}  // namespace lockstep::app
