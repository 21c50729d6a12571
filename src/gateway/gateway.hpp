// The gateway: HTTP in front of the hub. Translation only: it decides nothing about records.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "base/log.hpp"
#include "base/loop.hpp"
#include "base/random.hpp"
#include "gateway/access.hpp"
#include "gateway/router.hpp"
#include "gateway/served.hpp"
#include "hub/hub.hpp"
#include "net/exchange.hpp"

namespace lockstep::access {
class Accounts;
}

namespace lockstep::gateway {

struct GatewayParts {
  hub::Hub* hub = nullptr;
  const Access* access = nullptr;
  Loop* loop = nullptr;
  Random* random = nullptr;
  Log* log = nullptr;
  access::Accounts* accounts = nullptr;
  std::string version;  // of the program, for /healthz and the page
};

class Gateway {
 public:
  explicit Gateway(GatewayParts parts);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Answers one request; called by the HTTP server on the loop's thread.
  void handle(net::ServerRequest request, std::shared_ptr<net::Exchange> exchange);
  // The rights of these users or accounts are others now: what they have open follows at once.
  void rights_changed(const std::set<std::string>& people);
  // From now on.
  void serve(Served served);
  // Ends the event streams, so that the server can drain.
  void close_streams();

  const std::vector<Route>& routes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lockstep::gateway
