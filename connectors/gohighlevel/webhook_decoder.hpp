// Webhooks: the signature over the raw bytes first (A4), then age, location and event. Pure; keys are parsed once.
#pragma once

#include "connector/connector.hpp"
#include "connectors/gohighlevel/codec.hpp"
#include "wire/signature.hpp"

namespace lockstep::gohighlevel {

class WebhookDecoder {
 public:
  // `settings` have no problems (read_settings). `invalid` when a key is unusable all the same.
  static Result<WebhookDecoder> make(const ConnectorSettings& settings);

  // `unauthorized`: not signed, wrongly signed, or too old. `invalid`: makes no sense, or is for another location. An event
  // of no object of ours gives an empty list. Ids of custom fields that the catalog lacks go to `unknown_fields`.
  Result<std::vector<sync::Change>> decode(const connector::WebhookRequest& request, const CustomFields& contact_fields,
                                           const CustomFields& opportunity_fields,
                                           std::vector<std::string>& unknown_fields) const;

 private:
  WebhookDecoder(ConnectorSettings settings, wire::VerifyKey current, std::optional<wire::VerifyKey> legacy)
      : settings_(std::move(settings)), current_(std::move(current)), legacy_(std::move(legacy)) {}

  Result<void> verify(const connector::WebhookRequest& request) const;

  ConnectorSettings settings_;
  wire::VerifyKey current_;
  std::optional<wire::VerifyKey> legacy_;
};

}  // namespace lockstep::gohighlevel
