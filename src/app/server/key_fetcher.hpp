// Gets key sets from where issuers publish them, over the HTTP client and its address policy.
#pragma once

#include "app/config/config.hpp"
#include "app/server/remote_keys.hpp"
#include "base/task.hpp"
#include "net/http_client.hpp"

namespace lockstep::app {

class KeyFetcher {
 public:
  // Calls `done` once: with the body of a 200 within wire::kJwkSetBytesLimit, or with what went wrong.
  void fetch(net::HttpClient& client, const std::string& address, NetworkReach reach, RemoteKeys::Done done);

 private:
  TaskScope fetches_;  // empty once the client is closed, which ends every request
};

}  // namespace lockstep::app
