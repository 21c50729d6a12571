#include "connectors/gohighlevel/webhook_decoder.hpp"

#include <algorithm>
#include <array>

#include "connectors/gohighlevel/limits.hpp"
#include "connectors/gohighlevel/shop_objects.hpp"

namespace lockstep::gohighlevel {
namespace {

struct Event {
  std::string_view type;
  std::string_view object;
  sync::ChangeKind kind = sync::ChangeKind::upserted;
};

// Every documented event of our objects (docs/webhook events in the vendor's docs repository). Those of products are
// documented without `type`; without one nothing says what has happened.
constexpr auto kEvents = std::to_array<Event>({
    {"ContactCreate", kContact},
    {"ContactUpdate", kContact},
    {"ContactDndUpdate", kContact},
    {"ContactTagUpdate", kContact},
    {"ContactDelete", kContact, sync::ChangeKind::deleted},
    {"OpportunityCreate", kOpportunity},
    {"OpportunityUpdate", kOpportunity},
    {"OpportunityStageUpdate", kOpportunity},
    {"OpportunityStatusUpdate", kOpportunity},
    {"OpportunityMonetaryValueUpdate", kOpportunity},
    {"OpportunityAssignedToUpdate", kOpportunity},
    {"OpportunityDelete", kOpportunity, sync::ChangeKind::deleted},
    {"OrderCreate", kOrderObject},
    {"OrderStatusUpdate", kOrderObject},
    {"ProductCreate", kProductObject},
    {"ProductUpdate", kProductObject},
    {"ProductDelete", kProductObject, sync::ChangeKind::deleted},
});

// Some receivers see "N/A" where there is no signature (FACTS section 9.3).
bool present(std::string_view signature) { return !signature.empty() && signature != "N/A"; }

}  // namespace

Result<WebhookDecoder> WebhookDecoder::make(const ConnectorSettings& settings) {
  auto current = wire::VerifyKey::ed25519(settings.webhook_public_key);
  if (!current) return fail(current.error());
  std::optional<wire::VerifyKey> legacy;
  if (!settings.webhook_legacy_public_key.empty()) {
    auto key = wire::VerifyKey::rsa_sha256(settings.webhook_legacy_public_key);
    if (!key) return fail(key.error());
    legacy = std::move(*key);
  }
  return WebhookDecoder(settings, std::move(*current), std::move(legacy));
}

Result<void> WebhookDecoder::verify(const connector::WebhookRequest& request) const {
  if (settings_.signatures == Signatures::off) return {};
  // A present new signature decides alone: a forger must not be able to choose the weaker scheme beside it.
  if (const std::string_view signature = request.headers.get("X-GHL-Signature"); present(signature)) {
    if (current_.verify_base64(request.body, signature)) return {};
    return fail(ErrorKind::unauthorized, "X-GHL-Signature does not fit the body");
  }
  if (const std::string_view signature = request.headers.get("X-WH-Signature"); present(signature) && legacy_) {
    if (legacy_->verify_base64(request.body, signature)) return {};
    return fail(ErrorKind::unauthorized, "X-WH-Signature does not fit the body");
  }
  return fail(ErrorKind::unauthorized, "the webhook is not signed");
}

Result<std::vector<sync::Change>> WebhookDecoder::decode(const connector::WebhookRequest& request,
                                                         const CustomFields& contact_fields,
                                                         const CustomFields& opportunity_fields,
                                                         std::vector<std::string>& unknown_fields) const {
  if (request.body.size() > limits::kWebhookBytes) return fail(ErrorKind::invalid, "the webhook is too large");
  if (auto verified = verify(request); !verified) return fail(verified.error());  // A4
  const Result<Json> body = parse_json(request.body, {limits::kWebhookBytes, limits::kJsonDepth});
  if (!body) return fail(ErrorKind::invalid, body.error().message);
  if (!body->is_object()) return fail(ErrorKind::invalid, "the webhook is no JSON object");

  const sync::Version sent = read_version(find_member(*body, "timestamp"));
  const std::int64_t now = to_epoch_ms(request.received);
  const auto age_limit = std::chrono::duration_cast<std::chrono::milliseconds>(settings_.webhook_age_limit).count();
  if (settings_.signatures == Signatures::required && sent != 0 && static_cast<std::int64_t>(sent) < now - age_limit) {
    return fail(ErrorKind::unauthorized, "the webhook is older than webhook_age_limit_seconds: refused as a replay");
  }

  // Documented events of other objects carry no `type`; one that is no text is no event that anybody has documented.
  if (const Json* given = find_member(*body, "type"); given != nullptr && !given->is_string())
    return fail(ErrorKind::invalid, "the webhook's `type` is no text");
  const std::string_view type = string_member(*body, "type");
  const auto* event = std::ranges::find(kEvents, type, &Event::type);
  if (event == kEvents.end()) return std::vector<sync::Change>();
  if (string_member(*body, "locationId") != settings_.location_id)
    return fail(ErrorKind::invalid, "the webhook is for another location");

  const bool is_contact = event->object == kContact;
  const Codec codec{is_contact ? contact_fields : opportunity_fields,
                    is_contact ? settings_.contact : settings_.opportunity};
  Result<Decoded> decoded = is_shop_object(event->object) ? decode_shop_object(event->object, *body, Shape::event)
                            : is_contact                  ? decode_contact(*body, Shape::event, codec)
                                                          : decode_opportunity(*body, Shape::event, codec);
  if (!decoded) return fail(decoded.error());
  unknown_fields = std::move(decoded->unknown_fields);

  sync::Change change;
  change.object = event->object;
  change.external_id = std::move(decoded->id);
  change.kind = event->kind;
  change.extent = sync::Extent::partial;
  change.version = sent != 0 ? sent : decoded->version;
  change.via = sync::Via::webhook;
  change.document = std::move(decoded->document);
  // Contacts and opportunities do not say in events when they were changed; the event's own time does.
  const std::string_view updated = is_contact ? "dateUpdated" : "updatedAt";
  JsonObject& document = change.document.get_object();
  if (change.kind == sync::ChangeKind::upserted && sent != 0 && !document.contains(updated))
    document[updated] = to_iso8601(from_epoch_ms(static_cast<std::int64_t>(sent)));
  change.delivery = string_member(*body, "webhookId");  // A3
  std::vector<sync::Change> out;
  out.push_back(std::move(change));
  return out;
}

}  // namespace lockstep::gohighlevel
