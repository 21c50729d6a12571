#include "connectors/gohighlevel/search_body.hpp"

#include <algorithm>
#include <vector>

#include "connectors/gohighlevel/codec.hpp"

namespace lockstep::gohighlevel {
namespace {

std::string_view time_field(std::string_view object, SearchOrder order) {
  if (object == kContact) return order == SearchOrder::added ? "dateAdded" : "dateUpdated";
  return order == SearchOrder::added ? "date_added" : "date_updated";
}

// As the items name it.
std::string_view time_member(std::string_view object, SearchOrder order) {
  if (object == kContact) return time_field(object, order);
  return order == SearchOrder::added ? "createdAt" : "updatedAt";
}

}  // namespace

Json search_body(std::string_view object, const std::string& location, std::size_t limit, const SearchPlace& place) {
  JsonObject body{{"locationId", location}, {object == kContact ? "pageLimit" : "limit", limit}};
  if (place.updated_since) {
    body["filters"] = JsonArray{JsonObject{{"field", time_field(object, SearchOrder::updated)},
                                           {"operator", "range"},
                                           {"value", JsonObject{{"gte", *place.updated_since}}}}};
  }
  body["sort"] = JsonArray{JsonObject{{"field", time_field(object, place.order)},
                                      {"direction", place.direction == Direction::oldest_first ? "asc" : "desc"}}};
  if (place.after != nullptr && place.after->is_array()) body["searchAfter"] = *place.after;
  return body;
}

std::string_view items_name(std::string_view object) { return object == kContact ? "contacts" : "opportunities"; }

Json search_cursor(std::string_view object, const Json& last_item, SearchOrder order) {
  for (const char* name : {"searchAfter", "sort"}) {
    const Json* cursor = find_member(last_item, name);
    if (cursor != nullptr && cursor->is_array() && !cursor->get_array().empty()) return *cursor;
  }
  return JsonArray{read_version(find_member(last_item, time_member(object, order))), string_member(last_item, "id")};
}

Json list_cursor(const Json* meta, const Json& last_item) {
  if (meta != nullptr) {
    const Json* time = find_member(*meta, "startAfter");
    const std::string_view id = string_member(*meta, "startAfterId");
    if (time != nullptr && !time->is_null() && !id.empty()) return JsonArray{read_version(time), id};
  }
  return JsonArray{read_version(find_member(last_item, "dateAdded")), string_member(last_item, "id")};
}

std::string string_of(const Json& value) {
  const auto* text = value.if_string();
  return text == nullptr ? std::string() : std::string(text->begin(), text->end());
}

void trim_shown(JsonObject& shown, std::int64_t since, std::size_t limit) {
  std::vector<std::pair<std::int64_t, std::string>> kept;
  for (const auto& entry : shown) {
    const std::int64_t version = entry.value().is_int64() ? entry.value().get_int64() : 0;
    if (version >= since) kept.emplace_back(version, entry.key());
  }
  std::ranges::sort(kept, std::greater<>());
  if (kept.size() > limit) kept.resize(limit);
  JsonObject out;
  for (const auto& [version, id] : kept) out[id] = version;
  shown = std::move(out);
}

}  // namespace lockstep::gohighlevel
