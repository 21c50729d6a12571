// A sandbox behind an HTTP server, with its webhooks sent out: what stands in for the real service in demos and tests.
#pragma once

#include <memory>
#include <string>

#include "base/log.hpp"
#include "connector/sandbox.hpp"
#include "net/event_loop.hpp"
#include "net/http_client.hpp"

namespace lockstep::app {

struct SandboxHostSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  connector::SandboxOptions options;
};

class SandboxHost {
 public:
  static Result<std::unique_ptr<SandboxHost>> start(const connector::SandboxFactory& factory,
                                                    SandboxHostSettings settings, net::EventLoop& loop, Random& random,
                                                    Log& log);
  ~SandboxHost();
  SandboxHost(const SandboxHost&) = delete;
  SandboxHost& operator=(const SandboxHost&) = delete;

  std::uint16_t port() const;
  std::string origin() const;  // "http://127.0.0.1:4001"
  // Without a socket: for the program that hosts it.
  connector::SandboxAnswer call(const wire::HttpRequest& request);
  // Ends webhooks on their way; afterwards the host can be destroyed.
  void stop(Action done);

 private:
  struct State;
  explicit SandboxHost(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lockstep::app
