// The filters of postgres_changes: "source_id=eq.acme", "stage=in.(open,won)", several joined by commas (all must hold).
// Operators: eq, neq, lt, lte, gt, gte, in, like, ilike, is, isdistinct; "not." turns one around.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace lockstep::fanout {

class RowFilter {
 public:
  RowFilter() = default;  // everything
  // `invalid` says what is wrong with the text. Regular expressions (match, imatch) are not offered: a client's pattern
  // would be run for each row.
  static Result<RowFilter> parse(std::string_view text);

  bool matches(const JsonObject& row) const;

 private:
  enum class Operator { eq, neq, lt, lte, gt, gte, in, like, ilike, is, isdistinct };
  struct Condition {
    std::string column;
    Operator op = Operator::eq;
    bool negated = false;
    std::vector<std::string> values;
  };
  static Result<Condition> parse_condition(std::string_view text);
  static bool holds(const Condition& condition, const Json* value);

  std::vector<Condition> conditions_;
};

Result<RowFilter> parse_row_filter(std::string_view text);

}  // namespace lockstep::fanout
