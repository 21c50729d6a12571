// Webhooks from arbitrary bytes: unsigned ones never get through; with signatures off nothing crashes, and what comes
// out is for our location and names an object.
#include "connectors/gohighlevel/webhook_decoder.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  using namespace lockstep::gohighlevel;
  static const auto make = [](Signatures signatures) {
    ConnectorSettings settings;
    settings.location_id = "loc1";
    settings.signatures = signatures;
    settings.webhook_public_key = vendor_ed25519_key();
    settings.webhook_legacy_public_key = vendor_rsa_key();
    settings.contact.custom_keys = {"loyalty"};
    return *WebhookDecoder::make(settings);
  };
  static const WebhookDecoder open = make(Signatures::off);
  static const WebhookDecoder closed = make(Signatures::required);
  static const CustomFields fields = [] {
    CustomFields out;
    out.learn({{"f1", "loyalty", "", "TEXT"}});
    return out;
  }();

  const std::string body(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> unknown;
  const auto changes = open.decode({{}, body, Time{}}, fields, fields, unknown);
  if (changes) {
    for (const sync::Change& change : *changes) {
      if (change.external_id.empty() || !change.document.is_object()) std::abort();
    }
  }
  const auto cut = body.find('\n');
  const wire::HttpHeaders headers{{"X-GHL-Signature", body.substr(0, cut)}, {"X-WH-Signature", body.substr(0, cut)}};
  const auto forged =
      closed.decode({headers, cut == std::string::npos ? body : body.substr(cut + 1), Time{}}, fields, fields, unknown);
  if (forged || (forged.error().kind != ErrorKind::unauthorized && size < 500'000)) std::abort();
  return 0;
}
