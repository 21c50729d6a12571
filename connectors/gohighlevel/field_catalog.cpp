#include "connectors/gohighlevel/field_catalog.hpp"

#include "connectors/gohighlevel/limits.hpp"

namespace lockstep::gohighlevel {
namespace {
constexpr const char* kStateKey = "custom_fields";
}

Task<Result<void>> FieldCatalog::load() {
  Task<Result<Json>> reading = ports_.state->get(kStateKey);
  Result<Json> kept = co_await reading;
  if (!kept) co_return fail(kept.error());
  // Another location's fields have other ids.
  if (string_member(*kept, "location") != settings_.location_id) co_return Result<void>();
  const Json* contact = find_member(*kept, "contact");
  const Json* opportunity = find_member(*kept, "opportunity");
  if (contact == nullptr || opportunity == nullptr) co_return Result<void>();
  Result<CustomFields> of_contact = CustomFields::from_json(*contact);
  Result<CustomFields> of_opportunity = CustomFields::from_json(*opportunity);
  if (of_contact && of_opportunity) {
    contact_ = std::move(*of_contact);
    opportunity_ = std::move(*of_opportunity);
  } else {
    ports_.log->warning("gohighlevel_catalog_unreadable");
  }
  co_return Result<void>();
}

Task<Result<void>> FieldCatalog::refresh(sync::WorkClass work) {
  refreshed_ = ports_.loop->clock().monotonic();
  ApiCall call;
  call.target = path_with("/locations/", settings_.location_id, "/customFields?model=all");
  call.work = work;
  Task<Result<Answer>> sending = api_.send(std::move(call));
  Result<Answer> answer = co_await sending;
  if (!answer) co_return fail(answer.error());
  if (!answer->ok()) co_return fail(read_error(*answer, "reading the custom fields"));
  Result<std::vector<CustomField>> of_contact = CustomFields::parse(answer->body, kContact);
  Result<std::vector<CustomField>> of_opportunity = CustomFields::parse(answer->body, kOpportunity);
  if (!of_contact) co_return fail(of_contact.error());
  if (!of_opportunity) co_return fail(of_opportunity.error());
  const CustomFields contact_before = contact_;
  const CustomFields opportunity_before = opportunity_;
  contact_.learn(std::move(*of_contact));
  opportunity_.learn(std::move(*of_opportunity));
  if (contact_ == contact_before && opportunity_ == opportunity_before) co_return Result<void>();
  JsonObject kept{
      {"location", settings_.location_id}, {"contact", contact_.to_json()}, {"opportunity", opportunity_.to_json()}};
  Task<Result<void>> putting = ports_.state->put(kStateKey, std::move(kept));
  Result<void> stored = co_await putting;
  co_return stored;
}

Task<void> FieldCatalog::refresh_for_unknown(sync::WorkClass work) {
  if (refreshed_ && ports_.loop->clock().monotonic() - *refreshed_ < limits::kCatalogAge) co_return;
  Task<Result<void>> refreshing = refresh(work);
  Result<void> done = co_await refreshing;
  if (!done) ports_.log->warning("gohighlevel_catalog_not_refreshed", {{"reason", done.error().message}});
}

}  // namespace lockstep::gohighlevel
