// The bodies and cursors of the two searches: the same idea with different names. Pure.
// Source: the official search pages that the OpenAPI files link to, and live 422 texts (range wants epoch ms).
#pragma once

#include <optional>
#include <string>

#include "base/json.hpp"

namespace lockstep::gohighlevel {

enum class SearchOrder { added, updated };
enum class Direction { oldest_first, newest_first };

struct SearchPlace {
  SearchOrder order = SearchOrder::added;
  Direction direction = Direction::oldest_first;
  std::optional<std::int64_t> updated_since;  // epoch ms, inclusive
  const Json* after = nullptr;                // the cursor of the last item before, null for the start
};

Json search_body(std::string_view object, const std::string& location, std::size_t limit, const SearchPlace& place);
// "contacts", "opportunities"
std::string_view items_name(std::string_view object);
// The cursor behind this item: the CRM puts it on the item; where it does not, time and id.
Json search_cursor(std::string_view object, const Json& last_item, SearchOrder order);
// The cursor of GET /contacts/: [time in ms, id].
Json list_cursor(const Json* meta, const Json& last_item);
std::string string_of(const Json& value);

// Keeps at most `limit` entries, the newest ones, and none older than `since`.
void trim_shown(JsonObject& shown, std::int64_t since, std::size_t limit);

}  // namespace lockstep::gohighlevel
