#include "connectors/gohighlevel/sandbox/sandbox.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "connectors/gohighlevel/sandbox/core.hpp"

namespace lockstep::gohighlevel {
namespace sandbox {
namespace {

std::string app_id(const SandboxSettings& settings) {
  if (settings.oauth_clients.empty()) return "sandboxapp0000000001";
  const std::string& client_id = settings.oauth_clients.front().client_id;
  return client_id.substr(0, client_id.find('-'));
}

CrmRules crm_rules(const SandboxSettings& settings) {
  return {{settings.tag_case, settings.unknown_custom_field},
          settings.contact_delete,
          settings.index_lag,
          settings.index_lag_jitter};
}

}  // namespace

Core::Core(SandboxSettings settings, Signer signer, const Clock& its_clock, Random& its_random)
    : clock(its_clock),
      random(its_random),
      control_key(settings.control_key),
      faults(settings.faults),
      webhooks(settings.webhooks, app_id(settings), std::move(signer), its_clock, its_random, faults),
      crm(crm_rules(settings), its_clock, its_random, webhooks),
      tokens(settings.private_tokens, settings.oauth_clients),
      quota(settings.quota),
      routes(all_routes()) {
  for (LocationSettings& location : settings.locations) furnish(crm.add_location(std::move(location)));
}

}  // namespace sandbox

Result<std::unique_ptr<Sandbox>> Sandbox::make(SandboxSettings settings, const Clock& clock, Random& random) {
  auto signer = sandbox::Signer::make(settings.seed, settings.webhooks.legacy_rsa_private_key_pem);
  if (!signer) return std::unexpected(signer.error());
  if (settings.locations.empty()) return fail(ErrorKind::invalid, "the sandbox needs at least one location");
  for (const PrivateToken& token : settings.private_tokens) {
    bool known = false;
    for (const LocationSettings& location : settings.locations) known = known || location.id == token.location_id;
    if (!known) return fail(ErrorKind::invalid, "a private token names the unknown location " + token.location_id);
  }
  return std::unique_ptr<Sandbox>(
      new Sandbox(std::make_unique<sandbox::Core>(std::move(settings), std::move(*signer), clock, random)));
}

Sandbox::Sandbox(SandboxSettings settings, const Clock& clock, Random& random) {
  auto made = make(std::move(settings), clock, random);
  LOCKSTEP_ASSERT(made, "settings that may be wrong go through make()");
  core_ = std::move((*made)->core_);
}

Sandbox::Sandbox(std::unique_ptr<sandbox::Core> core) : core_(std::move(core)) {}

Sandbox::~Sandbox() = default;

SandboxReply Sandbox::handle(const wire::HttpRequest& request) {
  const auto visible = [](char c) { return c > ' ' && c < 127; };
  const bool plain = std::ranges::all_of(request.target, visible) && std::ranges::all_of(request.method, visible);
  if (!plain || !sandbox::is_utf8(wire::percent_decode(request.target.substr(0, request.target.find('?'))))) {
    return {sandbox::json_response(400, sandbox::refusal(400, "malformed request target").body),
            {},
            SandboxReply::Delivery::answer};
  }
  if (request.target == "/_sandbox" || request.target.starts_with("/_sandbox/") ||
      request.target.starts_with("/_sandbox?")) {
    return {sandbox::serve_control(*core_, request), {}, SandboxReply::Delivery::answer};
  }
  // What the vendor's own SDK asks to see whether the API is up.
  if (request.method == "GET" && request.target == "/health")
    return {sandbox::json_response(200, JsonObject{{"status", "ok"}}), {}, SandboxReply::Delivery::answer};
  return sandbox::serve_api(*core_, request);
}

std::vector<WebhookDelivery> Sandbox::due_webhooks(Time now) { return core_->webhooks.due(now); }

void Sandbox::webhook_result(std::uint64_t delivery_id, std::optional<unsigned> status) {
  core_->webhooks.result(delivery_id, status);
}

std::optional<Time> Sandbox::next_due() const { return core_->webhooks.next_due(); }

}  // namespace lockstep::gohighlevel
