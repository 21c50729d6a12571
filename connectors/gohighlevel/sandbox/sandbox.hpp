// A simulator of the GoHighLevel API and its webhooks: stateful, and stricter than the real thing.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "connectors/gohighlevel/sandbox/settings.hpp"
#include "connectors/gohighlevel/sandbox/webhooks.hpp"
#include "wire/http.hpp"

namespace lockstep::gohighlevel {

namespace sandbox {
struct Core;
}

// What the host does with a request: wait for `delay`, then send the response or cut the connection.
// The state has changed already; only the answer is late.
struct SandboxReply {
  enum class Delivery {
    answer,
    drop_after_apply,   // the call took effect; the caller never learns
    drop_before_apply,  // the call had no effect
  };
  wire::HttpResponse response;
  Duration delay{};
  Delivery delivery = Delivery::answer;
};

// Pure: no sockets, no threads, no clock but the given one, no randomness but the given one; the same
// calls at the same times give the same answers. One thread. Nothing outlives the object.
//
// handle() serves the vendor's API, with its own rules (README.md lists them), and below /_sandbox/ the
// control API with which people and tests act as users of the CRM, switch faults and read the true state.
class Sandbox {
 public:
  // Invalid when the settings hold an unusable legacy RSA key, no location, or a token for an unknown one.
  static Result<std::unique_ptr<Sandbox>> make(SandboxSettings settings, const Clock& clock, Random& random);
  // The same; broken settings stop the process.
  Sandbox(SandboxSettings settings, const Clock& clock, Random& random);
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox();

  SandboxReply handle(const wire::HttpRequest& request);

  // Each attempt that is due is handed out once; webhook_result() ends it or plans the next one.
  std::vector<WebhookDelivery> due_webhooks(Time now);
  // nullopt: the connection failed or no answer came in time.
  void webhook_result(std::uint64_t delivery_id, std::optional<unsigned> status);
  std::optional<Time> next_due() const;

 private:
  explicit Sandbox(std::unique_ptr<sandbox::Core> core);
  std::unique_ptr<sandbox::Core> core_;
};

}  // namespace lockstep::gohighlevel
