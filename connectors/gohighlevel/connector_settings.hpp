// The connector's settings as values, and what the mappings use of each object.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "connector/connector.hpp"

namespace lockstep::gohighlevel {

inline constexpr std::string_view kContact = "contact";
inline constexpr std::string_view kOpportunity = "opportunity";
inline constexpr std::string_view kPipeline = "pipeline";
inline constexpr std::string_view kOrderObject = "order";
inline constexpr std::string_view kTransactionObject = "transaction";
inline constexpr std::string_view kProductObject = "product";
inline constexpr std::string_view kReviewObject = "review";

enum class Signatures { required, off };

// How the whole of the contacts is read. `list` is GET /contacts/: deprecated, but the only one that shows names as
// they were typed. `search` is POST /contacts/search: names come from a read of each contact, where they are mapped.
enum class FullPull { list, search };

struct OAuthGrant {
  std::string client_id;
  std::string client_secret;
  std::string refresh_token;  // the first one; rotated ones are kept in the connector's state
};

// What the configured mappings use of one object.
struct Binding {
  std::vector<std::string> paths;        // "email", "customFields.loyalty"
  std::vector<std::string> custom_keys;  // "loyalty"

  bool uses(std::string_view path) const;
};

struct ConnectorSettings {
  std::string location_id;
  std::string token;  // private integration token; empty with `oauth`
  std::optional<OAuthGrant> oauth;
  std::string base_url = "https://services.leadconnectorhq.com";
  std::string version = "2021-07-28";  // the API contract; "v3" selects that profile
  Signatures signatures = Signatures::required;
  std::string webhook_public_key;
  std::string webhook_legacy_public_key;               // empty: the legacy signature is not accepted
  Duration webhook_age_limit = std::chrono::hours(2);  // redeliveries come up to 70 minutes late
  Duration overlap = std::chrono::seconds(60);         // search lags by seconds; each poll looks back this far
  Duration search_settles = std::chrono::seconds(75);  // searches have been a minute behind
  FullPull full_pull = FullPull::list;
  std::string reviews_path = "/products/reviews";  // reviews of the location itself have no public list
  Duration reread = std::chrono::days(30);  // polls read again what was created since; older ones change by full pulls

  Binding contact;
  Binding opportunity;
  std::vector<std::string> objects;  // that are mapped

  bool v3() const { return version == "v3"; }
};

// All problems at once; the settings are usable when there are none.
struct ReadSettings {
  ConnectorSettings settings;
  std::vector<connector::SettingProblem> problems;
};
ReadSettings read_settings(const connector::SystemSettings& system);

// JSON Schema (2020-12) of the settings.
Json settings_schema();

// The vendor's published keys (they may rotate; both can be set).
std::string_view vendor_ed25519_key();
std::string_view vendor_rsa_key();

}  // namespace lockstep::gohighlevel
