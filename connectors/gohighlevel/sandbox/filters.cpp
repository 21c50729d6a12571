#include "connectors/gohighlevel/sandbox/filters.hpp"

#include <algorithm>
#include <array>

#include "base/clock.hpp"
#include "connectors/gohighlevel/sandbox/limits.hpp"
#include "connectors/gohighlevel/sandbox/state.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

constexpr std::array<std::string_view, 7> kOperators = {"eq",     "not_eq",     "contains", "not_contains",
                                                        "exists", "not_exists", "range"};
// Known to the API but to no field the sandbox has: refused per field, as gt and lt are on dates.
constexpr std::array<std::string_view, 15> kOtherOperators = {
    "wildcard", "not_wildcard", "match", "not_match", "not_range",  "contains_set", "contains_not_set", "gt",
    "gte",      "lt",           "lte",   "nested",    "nested_not", "has_child",    "has_parent"};

bool allowed(FieldKind kind, Operator op) {
  const bool equality = op == Operator::equals || op == Operator::differs;
  const bool existence = op == Operator::exists || op == Operator::missing;
  switch (kind) {
    case FieldKind::id: return equality;
    case FieldKind::exact: return equality || existence;
    case FieldKind::text: return op != Operator::range;
    case FieldKind::date: return existence || op == Operator::range;
    case FieldKind::number: return equality || existence || op == Operator::range;
    case FieldKind::any: return true;
  }
  return false;
}

std::string snake_case(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') out += '_';
    out += (c >= 'A' && c <= 'Z') ? static_cast<char>(c + 32) : c;
  }
  return out;
}

const FilterField* find_field(std::string_view name, std::span<const FilterField> fields) {
  const auto found = std::ranges::find_if(fields, [&](const FilterField& field) {
    if (!field.name.ends_with('.')) return field.name == name;
    return name.starts_with(field.name) && name.size() > field.name.size();
  });
  return found == fields.end() ? nullptr : &*found;
}

std::optional<double> bound(const Json& value) {
  if (value.is_number()) return value.to_number<double>();
  if (!value.is_string()) return std::nullopt;
  const auto time = parse_iso8601(std::string_view(value.get_string()));
  if (!time) return std::nullopt;
  return static_cast<double>(to_epoch_ms(*time));
}

std::optional<Range> parse_range(const Json& value) {
  const auto* object = value.if_object();
  if (object == nullptr || object->empty()) return std::nullopt;
  Range range;
  for (const auto& item : *object) {
    const auto number = bound(item.value());
    if (!number) return std::nullopt;
    if (item.key() == "gt") {
      range.gt = number;
    } else if (item.key() == "gte") {
      range.gte = number;
    } else if (item.key() == "lt") {
      range.lt = number;
    } else if (item.key() == "lte") {
      range.lte = number;
    } else {
      return std::nullopt;
    }
  }
  return range;
}

class Parser {
 public:
  explicit Parser(std::span<const FilterField> fields) : fields_(fields) {}

  Outcome<Filter> parse_list(const JsonArray& items, Filter::Shape shape, std::size_t depth) {
    if (depth > limits::filter_depth_max) return std::unexpected(unprocessable("filters are nested too deep"));
    Filter out;
    out.shape = shape;
    for (const Json& item : items) {
      if (++count_ > limits::filters_max) return std::unexpected(unprocessable("too many filters"));
      if (!item.is_object()) return std::unexpected(unprocessable("each filter must be an object"));
      auto part = item.get_object().contains("group") ? parse_group(item.get_object(), depth) : parse_condition(item);
      if (!part) return part;
      out.parts.push_back(std::move(*part));
    }
    return out;
  }

 private:
  Outcome<Filter> parse_group(const JsonObject& object, std::size_t depth) {
    const std::string_view group = text_of(object, "group");
    const Json* inner = object.if_contains("filters");
    if ((group != "AND" && group != "OR") || inner == nullptr || !inner->is_array()) {
      return std::unexpected(unprocessable("a filter group must be AND or OR with an array of filters"));
    }
    return parse_list(inner->get_array(), group == "AND" ? Filter::Shape::all_of : Filter::Shape::any_of, depth + 1);
  }

  Outcome<Filter> parse_condition(const Json& item) {
    Filter out;
    out.shape = Filter::Shape::condition;
    out.field = string_member(item, "field");
    const std::string op(string_member(item, "operator"));
    const FilterField* field = find_field(out.field, fields_);
    if (field == nullptr) return std::unexpected(unprocessable("Invalid field (" + out.field + ") passed in filters"));
    const auto known = std::ranges::find(kOperators, op);
    if (known == kOperators.end() && std::ranges::find(kOtherOperators, op) == kOtherOperators.end()) {
      return std::unexpected(
          unprocessable("operator must be one of the following values: eq, not_eq, contains, not_contains, exists, "
                        "not_exists, range"));
    }
    if (known != kOperators.end()) out.op = static_cast<Operator>(known - kOperators.begin());
    if (known == kOperators.end() || !allowed(field->kind, out.op)) {
      return std::unexpected(unprocessable("Invalid Operator (" + op + ") passed for field " + snake_case(out.field)));
    }
    const Json* value = find_member(item, "value");
    if (out.op == Operator::exists || out.op == Operator::missing) {
      if (value != nullptr) return std::unexpected(unprocessable("value should not exist for operator " + op));
      return out;
    }
    if (value == nullptr || value->is_null())
      return std::unexpected(unprocessable("value should not be empty for field " + snake_case(out.field)));
    if (out.op == Operator::range) {
      const auto range = parse_range(*value);
      if (!range) return std::unexpected(unprocessable("value must be a range for field " + snake_case(out.field)));
      out.range = *range;
    }
    out.value = *value;
    return out;
  }

  std::span<const FilterField> fields_;
  std::size_t count_ = 0;
};

bool equal(const Json& a, const Json& b) {
  if (a.is_array()) return std::ranges::any_of(a.get_array(), [&](const Json& item) { return equal(item, b); });
  if (b.is_array()) return std::ranges::any_of(b.get_array(), [&](const Json& item) { return equal(a, item); });
  if (a.is_string() && b.is_string()) {
    return lower_case(std::string_view(a.get_string())) == lower_case(std::string_view(b.get_string()));
  }
  if (a.is_number() && b.is_number()) return a.to_number<double>() == b.to_number<double>();
  return a == b;
}

bool holds(const Filter& filter, const Json& value) {
  switch (filter.op) {
    case Operator::exists: return !value.is_null();
    case Operator::missing: return value.is_null();
    case Operator::equals: return !value.is_null() && equal(value, filter.value);
    case Operator::differs: return value.is_null() || !equal(value, filter.value);
    case Operator::contains:
      return filter.value.is_string() && contains_text(value, lower_case(std::string_view(filter.value.get_string())));
    case Operator::lacks:
      return !filter.value.is_string() ||
             !contains_text(value, lower_case(std::string_view(filter.value.get_string())));
    case Operator::range: return value.is_number() && filter.range.holds(value.to_number<double>());
  }
  return false;
}

}  // namespace

bool Range::holds(double value) const {
  return (!gt || value > *gt) && (!gte || value >= *gte) && (!lt || value < *lt) && (!lte || value <= *lte);
}

bool contains_text(const Json& value, std::string_view lower_case_needle) {
  if (value.is_array()) {
    return std::ranges::any_of(value.get_array(),
                               [&](const Json& item) { return contains_text(item, lower_case_needle); });
  }
  return value.is_string() &&
         lower_case(std::string_view(value.get_string())).find(lower_case_needle) != std::string::npos;
}

Outcome<Filter> parse_filters(const JsonArray& filters, std::span<const FilterField> fields) {
  return Parser(fields).parse_list(filters, Filter::Shape::all_of, 1);
}

bool matches(const Filter& filter, const ReadField& read) {
  const auto part_matches = [&](const Filter& part) { return matches(part, read); };
  if (filter.shape == Filter::Shape::all_of) return std::ranges::all_of(filter.parts, part_matches);
  if (filter.shape == Filter::Shape::any_of) return std::ranges::any_of(filter.parts, part_matches);
  return holds(filter, read(filter.field));
}

}  // namespace lockstep::gohighlevel::sandbox
