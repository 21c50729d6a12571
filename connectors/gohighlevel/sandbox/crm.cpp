#include "connectors/gohighlevel/sandbox/crm.hpp"

#include <algorithm>

#include "connectors/gohighlevel/sandbox/limits.hpp"
#include "connectors/gohighlevel/sandbox/render.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

// "contact.favourite_colour" from "Favourite colour!", with a number when the key is taken.
std::string make_key(const Location& location, std::string_view model, std::string_view name) {
  std::string slug;
  for (const char c : lower_case(name)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain) slug += c;
    if (!plain && !slug.empty() && slug.back() != '_') slug += '_';
  }
  while (!slug.empty() && slug.back() == '_') slug.pop_back();
  const std::string base = std::string(model) + "." + (slug.empty() ? "field" : slug);
  std::string key = base;
  for (int i = 1; std::ranges::find(location.custom_fields, key, &CustomField::key) != location.custom_fields.end();
       ++i) {
    key = base + "_" + std::to_string(i);
  }
  return key;
}

void apply_definition(CustomField& field, const JsonObject& body) {
  if (const Json* value = body.if_contains("name")) field.name = std::string_view(value->get_string());
  if (const Json* value = body.if_contains("placeholder")) field.placeholder = std::string_view(value->get_string());
  if (const Json* value = body.if_contains("position"))
    field.position = std::clamp(value->to_number<double>(), 0.0, 1e9);
  if (const Json* value = body.if_contains("options")) {
    field.options.clear();
    for (const Json& option : value->get_array()) field.options.emplace_back(option.get_string());
  }
}

constexpr std::string_view kDataTypes[] = {"TEXT",     "LARGE_TEXT",   "NUMERICAL",      "PHONE",
                                           "MONETORY", "CHECKBOX",     "SINGLE_OPTIONS", "MULTIPLE_OPTIONS",
                                           "DATE",     "TEXTBOX_LIST", "FILE_UPLOAD",    "RADIO"};

}  // namespace

Location* Crm::location(std::string_view id) {
  const auto found = locations_.find(id);
  return found == locations_.end() ? nullptr : found->second.get();
}

Location& Crm::add_location(LocationSettings settings) {
  auto& slot = locations_[settings.id];
  if (!slot) slot = std::make_unique<Location>(std::move(settings));
  if (first_location_ == nullptr) first_location_ = slot.get();
  return *slot;
}

Time Crm::now() const { return std::chrono::floor<std::chrono::milliseconds>(clock_.now()); }

std::string Crm::make_id() {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string out(20, 'A');
  for (std::size_t i = 0; i < out.size();) {
    std::uint64_t bits = random_.next();
    for (int taken = 0; taken < 10 && i < out.size(); ++taken, bits /= kAlphabet.size())
      out[i++] = kAlphabet[bits % kAlphabet.size()];
  }
  return out;
}

std::string Crm::make_uuid() {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx";
  std::uint64_t bits = 0;
  int left = 0;
  for (char& c : out) {
    if (c != 'x') continue;
    if (left == 0) {
      bits = random_.next();
      left = 16;
    }
    c = kHex[bits & 15];
    bits >>= 4;
    --left;
  }
  out[19] = kHex[8 + (random_.next() & 3)];  // the variant of RFC 4122
  return out;
}

void Crm::wrote(Actor actor, std::string_view kind) {
  if (actor != Actor::api) return;
  const auto found = api_writes_.find(kind);
  if (found != api_writes_.end()) {
    ++found->second;
  } else {
    api_writes_.emplace(kind, 1);
  }
}

Time Crm::visible_at(Time at) {
  Duration lag = rules_.index_lag;
  if (rules_.index_lag_jitter > Duration::zero()) {
    lag += Duration(random_.below(static_cast<std::uint64_t>(rules_.index_lag_jitter.count()) + 1));
  }
  return at + lag;
}

void Crm::remember_tags(Location& location, const std::vector<std::string>& tags) {
  for (const std::string& tag : tags) {
    if (location.tags.size() >= limits::definitions_max) return;
    if (std::ranges::find(location.tags, tag, &LocationTag::name) == location.tags.end())
      location.tags.push_back({make_id(), tag});
  }
}

Outcome<CustomField> Crm::create_custom_field(Location& location, const JsonObject& body, Actor actor) {
  if (location.custom_fields.size() >= limits::definitions_max) return refuse(400, "Too many custom fields");
  CustomField field;
  if (const Json* type = body.if_contains("dataType")) field.data_type = std::string_view(type->get_string());
  if (std::ranges::find(kDataTypes, field.data_type) == std::end(kDataTypes)) {
    return std::unexpected(unprocessable("dataType must be a valid enum value"));
  }
  if (const Json* model = body.if_contains("model")) field.model = std::string_view(model->get_string());
  field.position = static_cast<double>(location.custom_fields.size()) * 50;
  apply_definition(field, body);
  const bool taken = std::ranges::any_of(location.custom_fields, [&](const CustomField& other) {
    return other.model == field.model && lower_case(other.name) == lower_case(field.name);
  });
  if (taken) return refuse(400, "Custom field with this name already exists");
  field.id = make_id();
  field.key = make_key(location, field.model, field.name);
  location.custom_fields.push_back(field);
  wrote(actor, "custom_field.create");
  return field;
}

Outcome<CustomField> Crm::update_custom_field(Location& location, std::string_view id, const JsonObject& body,
                                              Actor actor) {
  const auto found = std::ranges::find(location.custom_fields, id, &CustomField::id);
  if (found == location.custom_fields.end()) return refuse(400, "Custom field not found");
  apply_definition(*found, body);
  wrote(actor, "custom_field.update");
  return *found;
}

Outcome<void> Crm::delete_custom_field(Location& location, std::string_view id, Actor actor) {
  const auto found = std::ranges::find(location.custom_fields, id, &CustomField::id);
  if (found == location.custom_fields.end()) return refuse(400, "Custom field not found");
  const std::string field_id = found->id;
  location.custom_fields.erase(found);
  const Time at = now();
  for (auto& [contact_id, contact] : location.contacts) {
    if (!contact->custom.contains(field_id)) continue;
    auto next = std::make_shared<Contact>(*contact);
    next->custom.erase(field_id);
    next->version = ++version_;
    contact = next;
    location.contact_index.put(contact, visible_at(at));
  }
  for (auto& [opportunity_id, opportunity] : location.opportunities) {
    if (!opportunity->custom.contains(field_id)) continue;
    auto next = std::make_shared<Opportunity>(*opportunity);
    next->custom.erase(field_id);
    next->version = ++version_;
    opportunity = next;
    location.opportunity_index.put(opportunity, visible_at(at));
  }
  location.contact_index.advance(at);
  location.opportunity_index.advance(at);
  wrote(actor, "custom_field.delete");
  return {};
}

}  // namespace lockstep::gohighlevel::sandbox
