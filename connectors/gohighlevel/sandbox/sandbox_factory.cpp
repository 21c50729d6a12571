#include "connectors/gohighlevel/sandbox/sandbox_factory.hpp"

#include "connectors/gohighlevel/sandbox/sandbox.hpp"
#include "connectors/gohighlevel/sandbox/signer.hpp"

namespace lockstep::gohighlevel {
namespace {

class HostedSandbox final : public connector::Sandbox {
 public:
  explicit HostedSandbox(std::unique_ptr<gohighlevel::Sandbox> sandbox) : sandbox_(std::move(sandbox)) {}

  connector::SandboxAnswer handle(const wire::HttpRequest& request) override {
    SandboxReply reply = sandbox_->handle(request);
    return {std::move(reply.response), reply.delay, reply.delivery != SandboxReply::Delivery::answer};
  }
  std::vector<connector::SandboxWebhook> due_webhooks(Time now) override {
    std::vector<connector::SandboxWebhook> out;
    for (WebhookDelivery& delivery : sandbox_->due_webhooks(now)) {
      out.push_back({delivery.delivery_id, std::move(delivery.url), std::move(delivery.request)});
    }
    return out;
  }
  void webhook_result(std::uint64_t id, std::optional<unsigned> status) override {
    sandbox_->webhook_result(id, status);
  }
  std::optional<Time> next_due() const override { return sandbox_->next_due(); }

 private:
  std::unique_ptr<gohighlevel::Sandbox> sandbox_;
};

SandboxSettings settings_of(const connector::SandboxOptions& options) {
  SandboxSettings settings = SandboxSettings::demo();
  settings.seed = options.seed;
  if (options.burst) settings.quota.burst = static_cast<std::int64_t>(*options.burst);
  if (!options.webhook_url.empty()) settings.webhooks.registrations.push_back({options.webhook_url, {}, ""});
  return settings;
}

}  // namespace

connector::SandboxFactory sandbox_factory() {
  connector::SandboxFactory factory;
  factory.kind = "gohighlevel";
  factory.summary = "GoHighLevel's API v2 with contacts, opportunities, pipelines, signed webhooks, quota and faults";
  factory.make = [](const connector::SandboxOptions& options, const Clock& clock,
                    Random& random) -> Result<std::unique_ptr<connector::Sandbox>> {
    auto sandbox = Sandbox::make(settings_of(options), clock, random);
    if (!sandbox) return fail(sandbox.error());
    return std::make_unique<HostedSandbox>(std::move(*sandbox));
  };
  factory.connector_settings = [](const connector::SandboxOptions& options, const std::string& origin) {
    const SandboxSettings settings = settings_of(options);
    JsonObject out{{"location_id", settings.locations.front().id},
                   {"token", settings.private_tokens.front().token},
                   {"base_url", origin}};
    if (const auto signer = sandbox::Signer::make(options.seed, ""))
      out["webhook_public_key"] = signer->ed25519_public_pem();
    return out;
  };
  factory.seed_request = [](std::size_t contacts, std::size_t deals, std::uint64_t seed) {
    wire::HttpRequest request;
    request.method = "POST";
    request.target = "/_sandbox/seed";
    request.headers.add("Content-Type", "application/json");
    request.body =
        to_text(JsonObject{{"contacts", contacts}, {"opportunities", deals}, {"seed", seed}, {"events", false}});
    return request;
  };
  factory.webhook_request = [](const std::string& url) {
    wire::HttpRequest request;
    request.method = "POST";
    request.target = "/_sandbox/webhooks";
    request.headers.add("Content-Type", "application/json");
    request.body = to_text(JsonObject{{"url", url}});
    return request;
  };
  return factory;
}

}  // namespace lockstep::gohighlevel
