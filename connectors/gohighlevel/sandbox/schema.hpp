// Validation of request bodies, as strict as the vendor's: a property that is not listed is refused.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace lockstep::gohighlevel::sandbox {

enum class Kind { text, number, boolean, object, texts, objects, anything };
enum class Need { optional, required };
enum class Null { refused, allowed };

struct Property {
  std::string_view name;
  Kind kind = Kind::text;
  Need need = Need::optional;
  Null null = Null::refused;
  std::span<const Property> members = {};  // of the object, or of each object in the list; empty: not looked into
  std::span<const std::string_view> values = {};  // of the text; empty: any
};
using Schema = std::span<const Property>;

// One message per broken rule, worded as the vendor's ("property gender should not exist").
std::vector<std::string> validate(const JsonObject& body, Schema schema);

namespace schemas {

extern const Schema contact_create;
extern const Schema contact_update;
extern const Schema contact_upsert;
extern const Schema contact_search;
extern const Schema contact_person;  // what a person may edit in the CRM's own pages
extern const Schema tags;
extern const Schema followers;
extern const Schema note_create;
extern const Schema note_update;
extern const Schema task_create;
extern const Schema task_update;
extern const Schema task_completed;
extern const Schema opportunity_create;
extern const Schema opportunity_update;
extern const Schema opportunity_status;
extern const Schema opportunity_upsert;
extern const Schema opportunity_search;
extern const Schema opportunity_person;
extern const Schema custom_field_create;
extern const Schema custom_field_update;
extern const Schema custom_field_person;
extern const Schema location_tag;
extern const Schema token;
extern const Schema reconnect;

}  // namespace schemas

}  // namespace lockstep::gohighlevel::sandbox
