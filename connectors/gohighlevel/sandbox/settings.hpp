// What a sandbox is made of. Plain values: the host fills them from flags, the simulator from its seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "connectors/gohighlevel/sandbox/faults.hpp"

namespace lockstep::gohighlevel {

enum class MatchKey { email, phone };

struct LocationSettings {
  std::string id;
  std::string name = "Sandbox location";
  std::string company_id = "sandboxCompany000001";
  std::string country = "US";  // ISO alpha-2; the region of phone numbers written without a country code
  std::string timezone = "America/New_York";
  bool allow_duplicate_contact = false;
  bool allow_duplicate_opportunity = false;
  std::vector<MatchKey> match_order = {MatchKey::email, MatchKey::phone};
};

// A private integration token: static, one location, the scopes chosen at its creation.
struct PrivateToken {
  std::string token;
  std::string location_id;
  std::vector<std::string> scopes;
};

struct OAuthClient {
  std::string client_id = "sandboxapp0000000001-client";  // the part before the first '-' is the app's id
  std::string client_secret = "sandbox-secret";
  std::vector<std::string> scopes;
  Duration access_token_life = std::chrono::seconds(86'399);
  Duration refresh_token_life = std::chrono::hours(24 * 365);
};

struct QuotaSettings {
  std::int64_t burst = 100;
  Duration burst_interval = std::chrono::seconds(10);
  std::int64_t daily = 200'000;
};

// The published sources disagree on redelivery, so both rules can be had.
enum class RetryRule {
  only_429,     // 10 minutes apart plus jitter, at most 6 retries; every other answer is final
  any_failure,  // exponential from 1 minute to 6 hours plus jitter, at most 12 retries, on anything but 2xx
};

struct WebhookRegistration {
  std::string url;
  std::vector<std::string> events;  // empty: all
  std::string location_id;          // empty: all
};

struct WebhookSettings {
  std::vector<WebhookRegistration> registrations;
  RetryRule retry_rule = RetryRule::only_429;
  double retry_time_scale = 1.0;  // 0.001 turns 10 minutes into 0.6 s
  Duration delay = {};            // from the change to the first attempt
  std::string version_id = "sandboxversion000001";
  std::string legacy_rsa_private_key_pem;  // when set, X-WH-Signature is sent as well
};

enum class UnknownCustomField { refuse, ignore };
enum class TagCase { lower, kept };
enum class ContactDelete { takes_opportunities, leaves_opportunities };

struct SandboxSettings {
  std::uint64_t seed = 1;  // of the webhook key pair
  std::vector<LocationSettings> locations;
  std::vector<PrivateToken> private_tokens;
  std::vector<OAuthClient> oauth_clients;
  QuotaSettings quota;
  WebhookSettings webhooks;
  Faults faults;
  // A write shows in searches after lag + a random part of jitter; by id it shows at once.
  Duration index_lag = {};
  Duration index_lag_jitter = {};
  TagCase tag_case = TagCase::lower;
  UnknownCustomField unknown_custom_field = UnknownCustomField::refuse;
  ContactDelete contact_delete = ContactDelete::takes_opportunities;
  std::string control_key;  // when set, /_sandbox/ wants it in X-Sandbox-Key or ?key=

  // One location "sandboxLocation00001" with two pipelines, a few custom fields and users, the private
  // token "pit-sandbox" and an OAuth client, all with every scope the sandbox knows.
  static SandboxSettings demo();
};

// Every scope some endpoint of the sandbox asks for.
std::vector<std::string> all_scopes();

}  // namespace lockstep::gohighlevel
