#include "connectors/postgres/read_statement.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "connectors/postgres/limits.hpp"

namespace lockstep::postgres {
namespace {

using connector::Comparison;
using connector::TableFailure;
using connector::TableFilter;
using connector::TableOrder;

template <class T>
using Made = std::expected<T, TableFailure>;

std::unexpected<TableFailure> refuse(std::string message) {
  return std::unexpected(TableFailure{{ErrorKind::invalid, std::move(message), {}}, ""});
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= limits::name_bytes && !text.contains('\0');
}

std::string_view operator_of(Comparison comparison) {
  switch (comparison) {
    case Comparison::equal: return "=";
    case Comparison::not_equal: return "<>";
    case Comparison::greater: return ">";
    case Comparison::greater_or_equal: return ">=";
    case Comparison::less: return "<";
    case Comparison::less_or_equal: return "<=";
    case Comparison::like: return "LIKE";
    case Comparison::ilike: return "ILIKE";
    case Comparison::contains: return "@>";
    case Comparison::contained: return "<@";
    case Comparison::overlaps: return "&&";
    case Comparison::distinct: return "IS DISTINCT FROM";
    case Comparison::is:
    case Comparison::in: break;
  }
  return "";
}

// What may stand after IS, and how it is written.
std::string_view state_named(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> states{
      {{"null", "NULL"}, {"not_null", "NOT NULL"}, {"true", "TRUE"}, {"false", "FALSE"}, {"unknown", "UNKNOWN"}}};
  const auto* const at = std::ranges::find(states, name, &std::pair<std::string_view, std::string_view>::first);
  return at == states.end() ? std::string_view() : at->second;
}

class Writer {
 public:
  Made<std::string> condition(const TableFilter& filter, std::size_t depth) {
    if (depth > limits::read_filter_depth) return refuse("the filters are nested too deeply");
    if (++filters_ > limits::read_filters) return refuse("there are too many filters");
    auto made = filter.kind == TableFilter::Kind::compare ? compare(filter) : group(filter, depth);
    if (made && filter.negated) *made = "NOT " + *made;
    return made;
  }
  Parameters take() { return std::move(parameters_); }

 private:
  Made<std::string> group(const TableFilter& filter, std::size_t depth) {
    if (filter.parts.empty()) return refuse("a group of filters is empty");
    std::string text;
    for (const TableFilter& part : filter.parts) {
      auto one = condition(part, depth + 1);
      if (!one) return one;
      if (!text.empty()) text += filter.kind == TableFilter::Kind::all_of ? " AND " : " OR ";
      text += *one;
    }
    return "(" + text + ")";
  }

  Made<std::string> compare(const TableFilter& filter) {
    if (!is_name(filter.column)) return refuse("a filter names no column");
    const std::string column = quote_name(filter.column);
    if (filter.comparison != Comparison::in && filter.values.size() != 1) return refuse("a filter needs one value");
    if (filter.comparison == Comparison::is) {
      const std::string_view state = state_named(filter.values.front());
      if (state.empty()) return refuse("after 'is' stands null, not_null, true, false or unknown");
      return "(" + column + " IS " + std::string(state) + ")";
    }
    std::string values;
    for (const std::string& value : filter.values) {
      if (value.contains('\0')) return refuse("a value holds a zero byte");
      if (parameters_.size() == limits::read_values) return refuse("there are too many values");
      parameters_.emplace_back(value);
      values += (values.empty() ? "$" : ", $") + std::to_string(parameters_.size());
    }
    if (filter.comparison != Comparison::in)
      return "(" + column + " " + std::string(operator_of(filter.comparison)) + " " + values + ")";
    if (values.empty()) return "(" + column + " IS NULL AND FALSE)";  // nothing, and an error where there is no column
    return "(" + column + " IN (" + values + "))";
  }

  Parameters parameters_;
  std::size_t filters_ = 0;
};

// Names stand alone, never as relation.column: that would also call functions of a row.
Made<std::string> row_text(const connector::TableRead& read) {
  if (read.columns.empty()) return "row_to_json(" + quote_name(read.relation) + ".*)::text";
  std::string list;
  for (const auto& column : read.columns) {
    if (!is_name(column.name) || (!column.as.empty() && !is_name(column.as))) return refuse("a column has no name");
    if (!list.empty()) list += ", ";
    if (column.name == "*" && column.as.empty() && column.cast.empty()) {
      list += quote_name(read.relation) + ".*";
      continue;
    }
    list += quote_name(column.name);
    if (!column.cast.empty()) {
      if (!is_name(column.cast)) return refuse("a cast names no type");
      list += "::" + quote_name(column.cast);
    }
    list += " AS " + quote_name(column.as.empty() ? column.name : column.as);
  }
  return "(SELECT row_to_json(one) FROM (SELECT " + list + ") AS one)::text";
}

Made<std::string> order_text(const std::vector<TableOrder>& order) {
  std::string text;
  for (const TableOrder& one : order) {
    if (!is_name(one.column)) return refuse("the order names no column");
    text += (text.empty() ? " ORDER BY " : ", ") + quote_name(one.column);
    if (one.direction == TableOrder::Direction::descending) text += " DESC";
    if (one.nulls == TableOrder::Nulls::first) text += " NULLS FIRST";
    if (one.nulls == TableOrder::Nulls::last) text += " NULLS LAST";
  }
  return text;
}

}  // namespace

Made<ReadStatement> read_statement(const std::string& schema, const connector::TableRead& read) {
  if (!is_name(read.relation)) return refuse("the read names no table or view");
  if (read.limit > limits::read_rows)
    return refuse("a read gives at most " + std::to_string(limits::read_rows) + " rows");
  if (read.columns.size() > limits::read_columns || read.order.size() > limits::read_columns)
    return refuse("there are too many columns");
  Writer writer;
  std::string where;
  for (const TableFilter& filter : read.filters) {
    auto condition = writer.condition(filter, 0);
    if (!condition) return std::unexpected(std::move(condition).error());
    where += (where.empty() ? " WHERE " : " AND ") + *condition;
  }
  auto row = row_text(read);
  if (!row) return std::unexpected(std::move(row).error());
  auto order = order_text(read.order);
  if (!order) return std::unexpected(std::move(order).error());
  const std::string from = " FROM " + quote_name(schema) + "." + quote_name(read.relation);
  ReadStatement statement;
  // The output has a name that no column has, so that ORDER BY means columns.
  statement.rows = "SELECT " + *row + " AS \"lockstep row\"" + from + where + *order + " LIMIT " +
                   std::to_string(read.limit) + " OFFSET " + std::to_string(std::min(read.offset, limits::read_offset));
  if (read.count == connector::Count::exact) statement.count = "SELECT count(*)" + from + where;
  statement.parameters = writer.take();
  return statement;
}

}  // namespace lockstep::postgres
