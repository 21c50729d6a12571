// Webhooks on their way out: what was fired, when the next attempt is due, what became of it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "connectors/gohighlevel/sandbox/crm.hpp"
#include "connectors/gohighlevel/sandbox/settings.hpp"
#include "connectors/gohighlevel/sandbox/signer.hpp"
#include "wire/http.hpp"

namespace lockstep::gohighlevel {

// One attempt. The host sends `request` to the origin of `url` and reports with webhook_result().
struct WebhookDelivery {
  std::uint64_t delivery_id = 0;  // the same for every attempt
  std::string url;
  wire::HttpRequest request;  // target and Host from the url, signed
  unsigned attempt = 1;
};

namespace sandbox {

struct WebhookCounts {
  std::uint64_t fired = 0;  // events some registration asked for
  std::uint64_t attempts = 0;
  std::uint64_t delivered = 0;  // answered 2xx
  std::uint64_t given_up = 0;   // a final refusal, or no retries left
  std::uint64_t lost = 0;       // by fault
  std::uint64_t dropped = 0;    // the queue was full
};

struct WebhookRecord {
  std::uint64_t delivery_id = 0;
  std::string type;
  std::string url;
  Time at;
  unsigned attempts = 0;
  std::string outcome;  // "waiting", "sent", "200", "no answer", "given up (500)", "lost"
  std::string body;
};

class Webhooks final : public EventSink {
 public:
  Webhooks(WebhookSettings settings, std::string app_id, Signer signer, const Clock& clock, Random& random,
           Faults& faults);

  bool wants(std::string_view type, const std::string& location_id) const override;
  // Takes a snapshot of the payload and adds type, timestamp, webhookId, appId and versionId.
  void emit(std::string_view type, const std::string& location_id, JsonObject payload, Time at) override;

  std::vector<WebhookDelivery> due(Time now);
  // nullopt: no answer. Ignored for an attempt that is not under way.
  void result(std::uint64_t delivery_id, std::optional<unsigned> status);
  std::optional<Time> next_due() const;

  const std::map<std::uint64_t, WebhookRegistration>& registrations() const { return registrations_; }
  std::optional<std::uint64_t> add(WebhookRegistration registration);  // nothing: there are too many
  bool remove(std::uint64_t id) { return registrations_.erase(id) > 0; }

  const Signer& signer() const { return signer_; }
  const WebhookCounts& counts() const { return counts_; }
  std::size_t waiting() const { return waiting_.size(); }
  const std::deque<WebhookRecord>& recent() const { return recent_; }

 private:
  struct Waiting {
    std::string url;
    std::string body;
    unsigned attempts = 0;
    Time due;
  };

  void enqueue(std::string_view type, const std::string& url, const std::string& body);
  void note(std::uint64_t delivery_id, std::string_view outcome);
  std::optional<Duration> retry_delay(unsigned attempts, std::optional<unsigned> status);

  WebhookSettings settings_;
  std::string app_id_;
  Signer signer_;
  const Clock& clock_;
  Random& random_;
  Faults& faults_;
  std::map<std::uint64_t, WebhookRegistration> registrations_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::set<std::pair<Time, std::uint64_t>> schedule_;  // without those an answer is awaited for
  std::deque<WebhookRecord> recent_;
  WebhookCounts counts_;
  std::uint64_t last_id_ = 0;
};

}  // namespace sandbox
}  // namespace lockstep::gohighlevel
