// Gets key sets from where issuers publish them, over the HTTP client and its address policy.
#pragma once

#include <memory>

#include "app/config/config.hpp"
#include "app/server/remote_keys.hpp"
#include "base/task.hpp"
#include "net/http_client.hpp"

namespace lockstep::app {

class KeyFetcher {
 public:
  KeyFetcher() = default;
  // What is on its way still calls its `done`, once the client is closed and the loop runs on.
  ~KeyFetcher();
  KeyFetcher(const KeyFetcher&) = delete;
  KeyFetcher& operator=(const KeyFetcher&) = delete;

  // Calls `done` once: with the body of a 200 within wire::kJwkSetBytesLimit, or with what went wrong.
  void fetch(net::HttpClient& client, const std::string& address, NetworkReach reach, RemoteKeys::Done done);

 private:
  std::unique_ptr<TaskScope> fetches_ = std::make_unique<TaskScope>();
};

}  // namespace lockstep::app
