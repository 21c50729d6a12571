#include "sync/business.hpp"

#include <algorithm>

#include "sync/batch.hpp"

namespace lockstep::sync {

std::string business_named(const Json* value) {
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string business_of(std::string_view field, const Record& record) {
  if (field == kOwnId) return record.id.str();
  const auto at = record.fields.find(field);
  return at == record.fields.end() ? std::string() : business_named(&at->second.value);
}

std::string business_of(const EntitySchema& entity, const Record& record) {
  return entity.business ? business_of(entity.business->field, record) : std::string();
}

bool belongs(const EntitySchema& entity, const Record& record, const Businesses& to) {
  const std::string whose = business_of(entity, record);
  return !whose.empty() && to.contains(whose);
}

bool business_may_edit(const EntitySchema& entity, std::string_view field) {
  return entity.business && field != entity.business->field &&
         std::ranges::find(entity.business->edits, field) != entity.business->edits.end();
}

void note_business(const EntitySchema& entity, const Record& record, JournalEntry& entry) {
  if (!entity.business) return;
  if (!entry.body.is_object()) entry.body = JsonObject();
  JsonObject& body = entry.body.get_object();
  const std::string now = business_of(entity, record);
  const Json* fields = find_member(entry.body, "fields");
  const Json* step = fields == nullptr ? nullptr : find_member(*fields, entity.business->field);
  // What a record was made with is all its owner's.
  if (step != nullptr && entry.reason != "created") {
    const std::string before = business_named(find_member(*step, "from"));
    if (before != now) body["business_before"] = before;
  }
  if (!now.empty()) body["business"] = now;
}

}  // namespace lockstep::sync
