// The running program: store, hub, connectors, gateway and HTTP server, put together from a configuration. The one
// place that constructs things.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "app/config/config.hpp"
#include "base/log.hpp"
#include "connector/connector.hpp"
#include "net/event_loop.hpp"

namespace lockstep::app {

struct ServerParts {
  net::EventLoop* loop = nullptr;
  Log* log = nullptr;
  std::span<const connector::Factory> factories;
  std::string version;
};

class Server {
 public:
  // Opens the store and listens; systems that can not be reached are tried again later. Errors: what keeps the
  // program from starting at all.
  static Result<std::unique_ptr<Server>> start(Config config, ServerParts parts);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;

  // With it the first account can be made (POST /api/v1/setup). Nothing when there is a way in already.
  std::optional<std::string> setup_token();

  // Takes over tenants, entities, systems and keys from a new configuration. What can not change while running
  // (address, data folder) is reported in the log and stays. Nothing that is on its way is dropped.
  Result<void> reload(Config config);

  // Graceful end: webhooks get 429, writes on their way are waited for, streams end; then `done`.
  void drain(Action done);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lockstep::app
