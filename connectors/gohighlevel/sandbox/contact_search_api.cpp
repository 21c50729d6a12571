#include "connectors/gohighlevel/sandbox/api.hpp"
#include "connectors/gohighlevel/sandbox/limits.hpp"
#include "connectors/gohighlevel/sandbox/phone.hpp"
#include "connectors/gohighlevel/sandbox/render.hpp"
#include "connectors/gohighlevel/sandbox/search.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

constexpr FilterField kFields[] = {
    {"id", FieldKind::id},
    {"dateAdded", FieldKind::date},
    {"dateUpdated", FieldKind::date},
    {"email", FieldKind::exact},
    {"website", FieldKind::exact},
    {"assignedTo", FieldKind::exact},
    {"country", FieldKind::exact},
    {"dnd", FieldKind::exact},
    {"followers", FieldKind::exact},
    {"timezone", FieldKind::exact},
    {"type", FieldKind::exact},
    {"dndSettings.Email.status", FieldKind::exact},
    {"dndSettings.SMS.status", FieldKind::exact},
    {"dndSettings.Call.status", FieldKind::exact},
    {"inboundDndSettings.all.status", FieldKind::exact},
    {"address", FieldKind::text},
    {"businessName", FieldKind::text},
    {"companyName", FieldKind::text},
    {"city", FieldKind::text},
    {"firstNameLowerCase", FieldKind::text},
    {"lastNameLowerCase", FieldKind::text},
    {"phone", FieldKind::text},
    {"postalCode", FieldKind::text},
    {"source", FieldKind::text},
    {"state", FieldKind::text},
    {"tags", FieldKind::text},
    {"customFields.", FieldKind::any},
};
constexpr std::string_view kSorts[] = {
    "firstNameLowerCase", "lastNameLowerCase", "businessName", "dateAdded", "dateUpdated", "email", "dnd", "source"};
constexpr SearchRules kRules{kFields, kSorts, "dateAdded", "dateUpdated", "pageLimit", limits::contact_page_limit_max};

Json text_or_null(std::string_view text) { return text.empty() ? Json(nullptr) : Json(text); }

Json status_of(const JsonObject& settings, std::string_view channel) {
  const Json* found = settings.if_contains(channel);
  return found == nullptr ? Json(nullptr) : text_or_null(string_member(*found, "status"));
}

Json read_field(const Contact& contact, std::string_view field) {
  if (field == "id") return Json(contact.id);
  if (field == "dateAdded") return Json(to_epoch_ms(contact.added));
  if (field == "dateUpdated") return Json(to_epoch_ms(contact.updated));
  if (field == "dnd") return Json(contact.dnd);
  if (field == "tags") return contact.tags.empty() ? Json(nullptr) : Json(texts(contact.tags));
  if (field == "followers") return contact.followers.empty() ? Json(nullptr) : Json(texts(contact.followers));
  if (field == "firstNameLowerCase") return text_or_null(lower_case(contact.text("firstName")));
  if (field == "lastNameLowerCase") return text_or_null(lower_case(contact.text("lastName")));
  if (field == "address") return text_or_null(contact.text("address1"));
  if (field == "businessName") return text_or_null(contact.text("companyName"));
  if (field == "dndSettings.Email.status") return status_of(contact.dnd_settings, "Email");
  if (field == "dndSettings.SMS.status") return status_of(contact.dnd_settings, "SMS");
  if (field == "dndSettings.Call.status") return status_of(contact.dnd_settings, "Call");
  if (field == "inboundDndSettings.all.status") return status_of(contact.inbound_dnd_settings, "all");
  if (field.starts_with("customFields.")) {
    // By the field's id only: a name or key finds nothing, as at the vendor's.
    const auto found = contact.custom.find(std::string(field.substr(std::string_view("customFields.").size())));
    return found == contact.custom.end() ? Json(nullptr) : found->second;
  }
  return text_or_null(contact.text(field));
}

Json query_texts(const Contact& contact) {
  return JsonArray{contact.full_name(), contact.text("email"), contact.text("phone"), contact.text("companyName")};
}

Outcome<Answer> search_contacts(Api& api, const Call& call) {
  const auto plan = plan_search(call.body, kRules);
  if (!plan) return std::unexpected(plan.error());
  call.location->contact_index.advance(api.crm.now());
  auto found = search(call.location->contact_index, *plan, kRules, read_field, query_texts);
  JsonArray contacts;
  for (auto& row : found.rows) {
    JsonObject shape = found_contact_shape(*row.record, *call.location);
    shape["searchAfter"] = std::move(row.cursor);  // on each contact, not in a block of its own
    contacts.push_back(std::move(shape));
  }
  return Answer{200, {{"contacts", std::move(contacts)}, {"total", found.total}}};
}

// Looks at the records themselves, not at the index: this lookup does not lag.
Outcome<Answer> find_duplicate(Api& api, const Call& call) {
  const std::string email(call.target.parameter("email"));
  const auto phone = normal_phone(call.target.parameter("number"), call.location->settings.country);
  const auto duplicate = api.crm.find_duplicate(*call.location, email, phone.value_or(""), "");
  return Answer{200,
                {{"contact", duplicate ? Json(contact_shape(*duplicate->contact, *call.location)) : Json(nullptr)}}};
}

// The deprecated list: newest first, a cursor of time and id in the query.
Outcome<Answer> list_contacts(Api& api, const Call& call) {
  const auto limit = query_integer(call.target, "limit", 1, limits::list_limit_max, limits::list_limit_default);
  if (!limit) return std::unexpected(limit.error());
  const auto after = query_integer(call.target, "startAfter", 0, std::int64_t{1} << 42, -1);
  if (!after) return std::unexpected(after.error());
  SearchPlan plan;
  plan.query = lower_case(call.target.parameter("query"));
  plan.sorts = {{"dateAdded", Direction::descending}};
  plan.limit = static_cast<std::size_t>(*limit);
  if (*after >= 0) plan.after = JsonArray{*after, call.target.parameter("startAfterId")};
  call.location->contact_index.advance(api.crm.now());
  const auto found = search(call.location->contact_index, plan, kRules, read_field, query_texts);
  JsonArray contacts;
  for (const auto& row : found.rows) contacts.push_back(listed_contact_shape(*row.record, *call.location));
  JsonObject meta{{"total", found.total}};
  if (found.rows.size() == plan.limit) {
    const JsonArray& cursor = found.rows.back().cursor;
    meta["startAfter"] = cursor[0];
    meta["startAfterId"] = cursor[1];
    meta["nextPageUrl"] = "http://localhost:5058/contacts/?locationId=" + call.location->settings.id +
                          "&limit=" + std::to_string(*limit) + "&startAfter=" + to_text(cursor[0]) +
                          "&startAfterId=" + std::string(cursor[1].get_string());
  }
  return Answer{200, {{"contacts", std::move(contacts)}, {"count", found.total}, {"meta", std::move(meta)}}};
}

constexpr Route kRoutes[] = {
    {"POST", "/contacts/search", "contacts.readonly", Names::body, search_contacts, &schemas::contact_search},
    {"GET", "/contacts/search/duplicate", "contacts.readonly", Names::query, find_duplicate, nullptr,
     "locationId* number email"},
    {"GET", "/contacts/", "contacts.readonly", Names::query, list_contacts, nullptr,
     "locationId* startAfterId startAfter query limit"},
};

}  // namespace

std::span<const Route> contact_search_routes() { return kRoutes; }

}  // namespace lockstep::gohighlevel::sandbox
