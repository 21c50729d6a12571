// The filters of the two searches: parsed once, then asked of each record.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "connectors/gohighlevel/sandbox/refusal.hpp"

namespace lockstep::gohighlevel::sandbox {

// Which operators a field takes; a field has a list of its own (FACTS: bare "gt" on a date is refused).
enum class FieldKind {
  id,      // eq, not_eq
  exact,   // eq, not_eq, exists, not_exists
  text,    // the same and contains, not_contains
  date,    // range, exists, not_exists
  number,  // eq, not_eq, range, exists, not_exists
  any,     // all of them: custom fields, whose type decides
};

struct FilterField {
  std::string_view name;  // a trailing '.' means a prefix: "customFields."
  FieldKind kind;
};

// eq, not_eq, contains, not_contains, exists, not_exists, range on the wire.
enum class Operator { equals, differs, contains, lacks, exists, missing, range };

// Bounds in epoch milliseconds for dates, plain numbers otherwise.
struct Range {
  std::optional<double> gt, gte, lt, lte;
  bool holds(double value) const;
};

struct Filter {
  enum class Shape { all_of, any_of, condition };
  Shape shape = Shape::all_of;
  std::vector<Filter> parts;
  std::string field;
  Operator op = Operator::equals;
  Json value;
  Range range;
};

// The value of a field of the record at hand: null when it has none; dates in epoch milliseconds.
using ReadField = std::function<Json(std::string_view field)>;

Outcome<Filter> parse_filters(const JsonArray& filters, std::span<const FilterField> fields);
bool matches(const Filter& filter, const ReadField& read);

// Case-insensitive, for texts and each text of a list.
bool contains_text(const Json& value, std::string_view lower_case_needle);

}  // namespace lockstep::gohighlevel::sandbox
