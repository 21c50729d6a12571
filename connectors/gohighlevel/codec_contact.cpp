#include <algorithm>
#include <array>

#include "base/clock.hpp"
#include "connectors/gohighlevel/codec.hpp"
#include "connectors/gohighlevel/codec_parts.hpp"

namespace lockstep::gohighlevel {
namespace {

// How a text field is called in each shape, and which shapes carry it for certain. Sources: the OpenAPI file for full
// and created, the search page for found; what the deprecated list carries is learned.
struct TextField {
  std::string_view name;
  std::string_view found_name;  // "" where search results do not carry it
  bool full = true;             // in the documented answer to GET
  bool created = true;
};

constexpr auto kTexts = std::to_array<TextField>({{"firstName", ""},
                                                  {"lastName", ""},
                                                  {"name", "", true, false},
                                                  {"email", "email"},
                                                  {"phone", "phone"},
                                                  {"companyName", "companyName"},
                                                  {"address1", "address"},
                                                  {"city", "city"},
                                                  {"state", "state"},
                                                  {"postalCode", "postalCode"},
                                                  {"country", "country"},
                                                  {"website", "website"},
                                                  {"source", "source"},
                                                  {"timezone", "", true, false},
                                                  {"assignedTo", "assignedTo"},
                                                  {"type", "type"},
                                                  {"businessId", "businessId"},
                                                  {"gender", "", false, false}});

// Objects and lists that are handed through as they are.
constexpr auto kRaw =
    std::to_array<std::string_view>({"dndSettings", "inboundDndSettings", "additionalEmails", "followers"});

const Json* text_member(const Json& item, std::string_view name, Shape shape) {
  const TextField* field = std::ranges::find(kTexts, name, &TextField::name);
  if (shape == Shape::listed && name == "name") {
    if (const Json* value = find_member(item, "contactName")) return value;
  }
  if (shape == Shape::found && field != nullptr && !field->found_name.empty()) {
    if (const Json* value = find_member(item, field->found_name)) return value;
  }
  return find_member(item, name);
}

bool carries(const TextField& field, Shape shape, const std::set<std::string>& carried) {
  switch (shape) {
    case Shape::full: return field.full;
    case Shape::created: return field.full && field.created;
    case Shape::listed: return carried.contains(std::string(field.name));
    case Shape::found: return !field.found_name.empty();
    case Shape::event: return false;
  }
  return false;
}

bool carries_other(std::string_view name, Shape shape, const std::set<std::string>& carried) {
  if (shape == Shape::event) return false;
  return shape != Shape::listed || carried.contains(std::string(name));
}

// A search result has a name when its lower-case form is there: only a read by id shows how it was typed.
void decode_found_names(const Json& item, Decoded& out) {
  for (const std::string_view name : {"firstName", "lastName"}) {
    const std::string low = std::string(name) + "LowerCase";
    if (out.document.contains(name)) continue;
    if (const Json* hint = find_member(item, low);
        hint != nullptr && hint->is_string() && !hint->get_string().empty()) {
      out.names_missing = true;
    } else {
      out.document[name] = nullptr;
    }
  }
  const Json* first = out.document.if_contains("firstName");
  const Json* last = out.document.if_contains("lastName");
  if (!out.document.contains("name") && first != nullptr && first->is_null() && last != nullptr && last->is_null()) {
    out.document["name"] = nullptr;
  }
}

}  // namespace

std::vector<std::string> listed_fields(const Json& item) {
  std::vector<std::string> out;
  for (const TextField& field : kTexts) {
    if (text_member(item, field.name, Shape::listed) != nullptr) out.emplace_back(field.name);
  }
  for (const std::string_view name : {"dnd", "dateOfBirth", "tags", "customFields"}) {
    if (find_member(item, name) != nullptr) out.emplace_back(name);
  }
  return out;
}

bool search_carries(std::string_view name) {
  const auto* field = std::ranges::find(kTexts, name, &TextField::name);
  return field != kTexts.end() && !field->found_name.empty();
}

Result<Decoded> decode_contact(const Json& item, Shape shape, const Codec& codec,
                               const std::set<std::string>& carried) {
  Decoded out;
  out.id = string_member(item, "id");
  if (out.id.empty()) return fail(ErrorKind::invalid, "a contact without an id");
  JsonObject& document = out.document;
  document.reserve(32);
  document["id"] = out.id;
  for (const TextField& field : kTexts) {
    const Json* value = text_member(item, field.name, shape);
    if (value != nullptr && (value->is_string() || value->is_null())) {
      document[field.name] = *value;
    } else if (value != nullptr && value->is_number()) {
      document[field.name] = to_text(*value);  // a postal code that somebody entered as a number
    } else if (carries(field, shape, carried)) {
      document[field.name] = nullptr;
    }
  }
  if (shape == Shape::found) decode_found_names(item, out);

  const Json* dnd = find_member(item, "dnd");
  if (dnd != nullptr && dnd->is_bool())
    document["dnd"] = *dnd;
  else if (carries_other("dnd", shape, carried))
    document["dnd"] = nullptr;
  if (const Json* birth = find_member(item, "dateOfBirth"))
    document["dateOfBirth"] = read_date(*birth);
  else if (carries_other("dateOfBirth", shape, carried))
    document["dateOfBirth"] = nullptr;
  for (const std::string_view name : kRaw) {
    if (const Json* value = find_member(item, name); value != nullptr && value->is_structured())
      document[name] = *value;
  }
  for (const std::string_view name : {"dateAdded", "dateUpdated"}) {
    if (const Json* value = find_member(item, name)) document[name] = read_time(*value);
  }

  const Json* tags = find_member(item, "tags");
  if (tags != nullptr || carries_other("tags", shape, carried)) {
    JsonArray list;
    for (std::string& tag : text_list(tags)) list.emplace_back(std::move(tag));
    document["tags"] = std::move(list);
  }
  const bool all_custom =
      shape == Shape::full || shape == Shape::created || carries_other("customFields", shape, carried);
  decode_custom_fields(find_member(item, "customFields"), all_custom, codec, out);

  out.version = read_version(find_member(item, "dateUpdated"));
  if (const Json* deleted = find_member(item, "deleted")) out.deleted = deleted->is_bool() && deleted->get_bool();
  out.extent = shape == Shape::full && complete(out, codec) ? sync::Extent::full : sync::Extent::partial;
  return out;
}

Encoded encode_contact(const Json& document, sync::WriteKind kind, const Codec& codec) {
  // POST and PUT take these; PUT takes neither gender nor locationId (OpenAPI; docs issue 313). companyName is not in
  // its schema either, but some accounts take it: it is sent and left out once refused (see Writer).
  static constexpr auto kWritable = std::to_array<std::string_view>(
      {"firstName", "lastName", "name", "email", "phone", "companyName", "address1", "city", "state", "postalCode",
       "country", "website", "source", "timezone", "assignedTo", "gender"});
  static constexpr auto kNotNullable = std::to_array<std::string_view>({"postalCode", "country", "gender"});
  const bool create = kind == sync::WriteKind::create;
  Encoded out;
  if (!document.is_object()) return out;
  const JsonObject& from = document.get_object();
  const bool has_parts = from.contains("firstName") || from.contains("lastName");
  for (const auto& member : from) {
    const std::string_view name = member.key();
    const Json& value = member.value();
    if (name == "tags") {
      if (create && value.is_array() && !value.get_array().empty()) out.body["tags"] = value;
    } else if (name == "customFields") {
      encode_custom_fields(value, kind, codec, "field_value", out);
    } else if (name == "dnd") {
      if (!create || value.is_bool()) out.body["dnd"] = value.is_bool() && value.get_bool();
    } else if (name == "dateOfBirth") {
      if (!create || !is_empty(value)) out.body["dateOfBirth"] = is_empty(value) ? Json(nullptr) : value;
    } else if (name == "dndSettings" || name == "inboundDndSettings") {
      if (value.is_object()) out.body[name] = value;
    } else if (name == "name" && has_parts) {
      continue;  // derived from its parts by the CRM
    } else if (name == "gender" && !create) {
      out.left_out.push_back({"gender", "the CRM takes it only when a contact is created"});
    } else if (std::ranges::find(kWritable, name) == kWritable.end()) {
      out.left_out.push_back({std::string(name), "read-only in the CRM"});
    } else if (is_empty(value)) {
      const bool nullable = std::ranges::find(kNotNullable, name) == kNotNullable.end();
      if (!create) out.body[name] = nullable ? Json(nullptr) : Json("");
    } else {
      out.body[name] = value.is_string() ? value : Json(to_text(value));
    }
  }
  return out;
}

namespace {

bool holds(const std::vector<std::string>& list, const std::string& tag) {
  return std::ranges::any_of(list, [&](const std::string& other) { return fold(other) == fold(tag); });
}

}  // namespace

TagPlan plan_tags(const Json& document, const Json& expected) {
  TagPlan out;
  const Json* wanted_value = find_member(document, "tags");
  if (wanted_value == nullptr) return out;  // L2: not part of this write
  const std::vector<std::string> wanted = text_list(wanted_value);
  const std::vector<std::string> held = text_list(find_member(expected, "tags"));
  for (const std::string& tag : wanted) {
    if (!holds(held, tag) && !holds(out.add, tag)) out.add.push_back(tag);
  }
  for (const std::string& tag : held) {
    if (!holds(wanted, tag) && !holds(out.remove, tag)) out.remove.push_back(tag);
  }
  return out;
}

Json known_tags(const Json* before, const Json& answered, const TagPlan& plan) {
  if (before == nullptr) return answered;
  const auto planned = [&](const std::string& tag) { return holds(plan.add, tag) || holds(plan.remove, tag); };
  JsonArray out;
  for (std::string& tag : text_list(before)) {
    if (!planned(tag)) out.emplace_back(std::move(tag));
  }
  for (std::string& tag : text_list(&answered)) {
    if (planned(tag)) out.emplace_back(std::move(tag));
  }
  return out;
}

}  // namespace lockstep::gohighlevel
