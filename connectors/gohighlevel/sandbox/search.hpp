// The common part of the contact and the opportunity search: plan, cursor, page, total.
#pragma once

#include <algorithm>
#include <compare>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connectors/gohighlevel/sandbox/filters.hpp"
#include "connectors/gohighlevel/sandbox/limits.hpp"
#include "connectors/gohighlevel/sandbox/search_index.hpp"

namespace lockstep::gohighlevel::sandbox {

enum class Direction { ascending, descending };

struct Sort {
  std::string field;
  Direction direction = Direction::ascending;
};

// What one of the two searches knows: the names differ in spelling.
struct SearchRules {
  std::span<const FilterField> fields;
  std::span<const std::string_view> sorts;
  std::string_view added;    // "dateAdded" or "date_added"
  std::string_view updated;  // "dateUpdated" or "date_updated"
  std::string_view limit;    // "pageLimit" or "limit"
  std::int64_t limit_max;
};

struct SearchPlan {
  Filter filter;
  std::string query;  // lower-cased; empty: none
  std::vector<Sort> sorts;
  std::size_t limit = 0;
  std::size_t skip = 0;
  std::optional<JsonArray> after;  // the sort values of a row and its id
};

// `body` has passed its schema.
Outcome<SearchPlan> plan_search(const JsonObject& body, const SearchRules& rules);

template <class T>
struct Found {
  struct Row {
    const T* record;  // valid until the index advances
    JsonArray cursor;
  };
  std::vector<Row> rows;
  std::size_t total = 0;  // of the filter, whatever the page or cursor
};

// Ascending order of two sort values: nothing first, texts without case.
std::weak_ordering compare_values(const Json& a, const Json& b);

namespace detail {

struct TimeBounds {
  Time low;
  Time high;  // exclusive
};

// Takes the range conditions on `field` that stand at the top level out of the filter.
TimeBounds take_bounds(Filter& filter, std::string_view field);

// Whether the row with these values comes after the cursor.
bool is_after(const JsonArray& row, const JsonArray& cursor, const std::vector<Sort>& sorts);

// In the order of one of the two times. Without other conditions a page costs its rows and a logarithm,
// with them a look at every row in the bounds, for the total.
template <class T, class Match>
Found<T> search_by_time(const typename SearchIndex<T>::Order& order, SearchPlan plan, const Match& match) {
  const bool descending = plan.sorts.front().direction == Direction::descending;
  const TimeBounds bounds = take_bounds(plan.filter, plan.sorts.front().field);
  const bool everything = plan.filter.parts.empty() && plan.query.empty();
  const std::size_t first = order.order_of_key({bounds.low, ""});
  const std::size_t last = std::max(first, order.order_of_key({bounds.high, ""}));
  // The ranks that the cursor leaves.
  std::size_t begin = first;
  std::size_t end = last;
  if (plan.after) {
    // Bounded by plan_search().
    const Time time = from_epoch_ms(static_cast<std::int64_t>(plan.after->at(0).template to_number<double>()));
    const std::string id(plan.after->at(1).get_string());
    if (descending) {
      end = std::min(end, order.order_of_key({time, id}));
    } else {
      begin = std::max(begin, order.order_of_key({time, id + '\0'}));  // the first possible key after (time, id)
    }
  }
  Found<T> found;
  std::size_t skip = plan.skip;
  if (everything) {
    found.total = last - first;
    const std::size_t skipped = std::min(skip, end > begin ? end - begin : 0);
    (descending ? end : begin) += descending ? 0 - skipped : skipped;
    skip = 0;
  }
  const std::size_t walk_begin = everything ? begin : first;
  const std::size_t walk_end = everything ? end : last;
  if (walk_begin >= walk_end) return found;
  auto at = order.find_by_order(descending ? walk_end - 1 : walk_begin);
  for (std::size_t step = 0; step < walk_end - walk_begin; ++step) {
    if (step > 0) descending ? static_cast<void>(--at) : static_cast<void>(++at);
    if (everything && found.rows.size() == plan.limit) break;
    if (!everything) {
      if (!match(plan.filter, *at->second)) continue;
      ++found.total;
    }
    const std::size_t rank = descending ? walk_end - 1 - step : walk_begin + step;
    if (rank < begin || rank >= end || found.rows.size() == plan.limit) continue;
    if (skip > 0) {
      --skip;
    } else {
      found.rows.push_back({at->second, {to_epoch_ms(at->first.first), at->first.second}});
    }
  }
  return found;
}

// In any other order: looks at every row, and sorts only as many as the page needs.
template <class T, class Match, class Read>
Found<T> search_by_values(const typename SearchIndex<T>::Order& order, const SearchPlan& plan, const Match& match,
                          const Read& read) {
  Found<T> found;
  std::vector<typename Found<T>::Row> rows;
  for (const auto& [position, record] : order) {
    if (!match(plan.filter, *record)) continue;
    ++found.total;
    JsonArray cursor;
    for (const Sort& sort : plan.sorts) cursor.push_back(read(*record, sort.field));
    cursor.emplace_back(record->id);
    if (!plan.after || is_after(cursor, *plan.after, plan.sorts)) rows.push_back({record, std::move(cursor)});
  }
  const std::size_t needed = std::min(rows.size(), plan.skip + plan.limit);
  std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(needed), rows.end(),
                    [&](const auto& a, const auto& b) { return is_after(b.cursor, a.cursor, plan.sorts); });
  for (std::size_t i = plan.skip; i < needed; ++i) found.rows.push_back(std::move(rows[i]));
  return found;
}

}  // namespace detail

// `read(record, field)` gives a field's value, `texts(record)` what the free text query looks through.
template <class T, class Read, class Texts>
Found<T> search(const SearchIndex<T>& index, const SearchPlan& plan, const SearchRules& rules, const Read& read,
                const Texts& texts) {
  const auto match = [&](const Filter& filter, const T& record) {
    if (!plan.query.empty() && !contains_text(texts(record), plan.query)) return false;
    return matches(filter, [&](std::string_view field) { return read(record, field); });
  };
  const std::string& first = plan.sorts.front().field;
  if (plan.sorts.size() == 1 && first == rules.updated)
    return detail::search_by_time<T>(index.by_updated(), plan, match);
  if (plan.sorts.size() == 1 && first == rules.added) return detail::search_by_time<T>(index.by_added(), plan, match);
  return detail::search_by_values<T>(index.by_added(), plan, match, read);
}

}  // namespace lockstep::gohighlevel::sandbox
