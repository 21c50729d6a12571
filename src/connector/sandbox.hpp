// A sandbox: a simulator of an outside system, stricter than the real one, that sins like it. Pure: the host (an HTTP
// server or the simulator) gives it requests, a clock and randomness, and carries out what it says.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "wire/http.hpp"

namespace lockstep::connector {

// What the host does with a request: wait for `delay`, then answer or cut the connection.
struct SandboxAnswer {
  wire::HttpResponse response;
  Duration delay{0};
  bool cut = false;  // the caller never learns what became of its request
};

// One attempt at a webhook: the host sends `request` to the origin of `url` and reports what came back.
struct SandboxWebhook {
  std::uint64_t id = 0;
  std::string url;
  wire::HttpRequest request;
};

class Sandbox {
 public:
  virtual ~Sandbox() = default;
  virtual SandboxAnswer handle(const wire::HttpRequest& request) = 0;
  virtual std::vector<SandboxWebhook> due_webhooks(Time now) = 0;
  virtual void webhook_result(std::uint64_t id, std::optional<unsigned> status) = 0;  // nullopt: no answer
  virtual std::optional<Time> next_due() const = 0;
};

struct SandboxOptions {
  std::uint64_t seed = 1;
  std::string webhook_url;             // "" sends none
  std::optional<std::uint64_t> burst;  // calls per burst window, announced like the vendor's own; nullopt: the vendor's
};

struct SandboxFactory {
  std::string kind;  // of the connector it simulates: "gohighlevel"
  std::string summary;
  std::function<Result<std::unique_ptr<Sandbox>>(const SandboxOptions&, const Clock&, Random&)> make;
  // Settings of a connector that talks to this sandbox at `origin`, secrets included (they are worth nothing).
  std::function<JsonObject(const SandboxOptions&, const std::string& origin)> connector_settings;
  // The request that fills it with this many people and deals.
  std::function<wire::HttpRequest(std::size_t contacts, std::size_t deals, std::uint64_t seed)> seed_request;
  // The request that makes it send its webhooks there from now on.
  std::function<wire::HttpRequest(const std::string& url)> webhook_request;
};

}  // namespace lockstep::connector
