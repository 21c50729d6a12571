#include "connectors/gohighlevel/sandbox/search.hpp"

#include <cmath>

#include "base/clock.hpp"
#include "connectors/gohighlevel/sandbox/state.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

constexpr double kTimeMsMax = 8.64e15 / 1000;  // far beyond any date, far below an overflow

// An integer member within bounds; `fallback` when it is not there.
Outcome<std::int64_t> integer(const JsonObject& body, std::string_view name, std::int64_t low, std::int64_t high,
                              std::int64_t fallback) {
  const Json* value = body.if_contains(name);
  if (value == nullptr) return fallback;
  const double number = value->to_number<double>();
  const std::string text(name);
  if (number != std::floor(number)) return std::unexpected(unprocessable(text + " must be an integer number"));
  if (number < static_cast<double>(low))
    return std::unexpected(unprocessable(text + " must not be less than " + std::to_string(low)));
  if (number > static_cast<double>(high))
    return std::unexpected(unprocessable(text + " must not be greater than " + std::to_string(high)));
  return static_cast<std::int64_t>(number);
}

Outcome<std::vector<Sort>> parse_sorts(const JsonObject& body, const SearchRules& rules) {
  std::vector<Sort> out;
  if (const Json* sorts = body.if_contains("sort")) {
    for (const Json& item : sorts->get_array()) {
      const std::string field(string_member(item, "field"));
      const std::string_view direction = string_member(item, "direction");
      if (std::ranges::find(rules.sorts, field) == rules.sorts.end()) {
        return std::unexpected(unprocessable("Invalid field (" + field + ") passed in sort"));
      }
      if (direction != "asc" && direction != "desc")
        return std::unexpected(unprocessable("sort.direction must be one of the following values: asc, desc"));
      out.push_back({field, direction == "asc" ? Direction::ascending : Direction::descending});
    }
  }
  if (out.size() > limits::sorts_max)
    return std::unexpected(unprocessable("sort must contain no more than 2 elements"));
  if (out.empty()) out.push_back({std::string(rules.added), Direction::descending});
  return out;
}

bool good_cursor(const JsonArray& cursor, const std::vector<Sort>& sorts, const SearchRules& rules) {
  if (cursor.size() != sorts.size() + 1 || !cursor.back().is_string()) return false;
  for (std::size_t i = 0; i < sorts.size(); ++i) {
    const bool time = sorts[i].field == rules.updated || sorts[i].field == rules.added;
    if (time && !(cursor[i].is_number() && std::abs(cursor[i].to_number<double>()) < kTimeMsMax)) return false;
  }
  return true;
}

int rank_of(const Json& value) { return value.is_null() ? 0 : value.is_bool() ? 1 : value.is_number() ? 2 : 3; }

Time bound_time(double ms) { return from_epoch_ms(static_cast<std::int64_t>(std::clamp(ms, -kTimeMsMax, kTimeMsMax))); }

}  // namespace

Outcome<SearchPlan> plan_search(const JsonObject& body, const SearchRules& rules) {
  SearchPlan plan;
  const auto limit = integer(body, rules.limit, 1, rules.limit_max, 0);
  if (!limit) return std::unexpected(limit.error());
  const auto page = integer(body, "page", 0, std::int64_t{1} << 40, 1);
  if (!page) return std::unexpected(page.error());
  const Json* after = body.if_contains("searchAfter");
  if (after != nullptr && body.contains("page"))
    return std::unexpected(unprocessable("page should not exist when searchAfter is used"));
  const std::int64_t before = std::max<std::int64_t>(*page - 1, 0) * *limit;
  if (before + *limit > limits::page_mode_rows_max) {
    return refuse(400, "Result window is too large: page * " + std::string(rules.limit) +
                           " must be at most 10000, use searchAfter to read on");
  }
  plan.limit = static_cast<std::size_t>(*limit);
  plan.skip = static_cast<std::size_t>(before);
  plan.query = lower_case(text_of(body, "query"));
  auto sorts = parse_sorts(body, rules);
  if (!sorts) return std::unexpected(std::move(sorts.error()));
  plan.sorts = std::move(*sorts);
  if (after != nullptr) {
    if (!after->is_array() || !good_cursor(after->get_array(), plan.sorts, rules)) {
      return std::unexpected(unprocessable("searchAfter must be the searchAfter of a result with the same sort"));
    }
    plan.after = after->get_array();
  }
  if (const Json* filters = body.if_contains("filters")) {
    auto filter = parse_filters(filters->get_array(), rules.fields);
    if (!filter) return std::unexpected(std::move(filter.error()));
    plan.filter = std::move(*filter);
  }
  return plan;
}

std::weak_ordering compare_values(const Json& a, const Json& b) {
  if (rank_of(a) != rank_of(b)) return rank_of(a) <=> rank_of(b);
  if (a.is_bool()) return a.get_bool() <=> b.get_bool();
  if (a.is_number()) {
    const double x = a.to_number<double>();
    const double y = b.to_number<double>();
    return x < y ? std::weak_ordering::less : y < x ? std::weak_ordering::greater : std::weak_ordering::equivalent;
  }
  if (!a.is_string() || !b.is_string()) return std::weak_ordering::equivalent;
  return lower_case(std::string_view(a.get_string())) <=> lower_case(std::string_view(b.get_string()));
}

namespace detail {

TimeBounds take_bounds(Filter& filter, std::string_view field) {
  TimeBounds bounds{bound_time(-kTimeMsMax), bound_time(kTimeMsMax)};
  std::erase_if(filter.parts, [&](const Filter& part) {
    const bool taken = part.shape == Filter::Shape::condition && part.op == Operator::range && part.field == field;
    if (!taken) return false;
    // Times are whole milliseconds, so a microsecond makes an exclusive bound inclusive and the other way round.
    constexpr Duration kNext{1};
    if (part.range.gte) bounds.low = std::max(bounds.low, bound_time(std::ceil(*part.range.gte)));
    if (part.range.gt) bounds.low = std::max(bounds.low, bound_time(std::floor(*part.range.gt)) + kNext);
    if (part.range.lt) bounds.high = std::min(bounds.high, bound_time(std::ceil(*part.range.lt)));
    if (part.range.lte) bounds.high = std::min(bounds.high, bound_time(std::floor(*part.range.lte)) + kNext);
    return true;
  });
  return bounds;
}

bool is_after(const JsonArray& row, const JsonArray& cursor, const std::vector<Sort>& sorts) {
  for (std::size_t i = 0; i < sorts.size(); ++i) {
    const auto order = compare_values(row[i], cursor[i]);
    if (order != 0) return sorts[i].direction == Direction::ascending ? order > 0 : order < 0;
  }
  const auto order = row.back().get_string().compare(cursor.back().get_string());
  return sorts.front().direction == Direction::ascending ? order > 0 : order < 0;
}

}  // namespace detail
}  // namespace lockstep::gohighlevel::sandbox
