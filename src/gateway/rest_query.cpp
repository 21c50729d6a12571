#include "gateway/rest_query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace lockstep::gateway {
namespace {

using connector::Comparison;
using connector::TableColumn;
using connector::TableFilter;
using connector::TableOrder;

template <class T>
using Parsed = std::expected<T, RestRefusal>;

constexpr std::size_t kDepthLimit = 8;    // of and(or(…))
constexpr std::size_t kPartsLimit = 200;  // of a list

std::unexpected<RestRefusal> refuse(std::string message, std::string details = "") {
  return std::unexpected(RestRefusal{400, "PGRST100", std::move(message), std::move(details)});
}

std::unexpected<RestRefusal> no_embedding() {
  return std::unexpected(RestRefusal{400, "PGRST200", "other tables can not be embedded here",
                                     "Only the columns of the table or view itself can be selected.",
                                     "Ask for the other table by itself, or make a view of both."});
}

struct Named {
  std::string_view name;
  Comparison comparison;
};
constexpr std::array kComparisons{Named{"eq", Comparison::equal},    Named{"neq", Comparison::not_equal},
                                  Named{"gt", Comparison::greater},  Named{"gte", Comparison::greater_or_equal},
                                  Named{"lt", Comparison::less},     Named{"lte", Comparison::less_or_equal},
                                  Named{"like", Comparison::like},   Named{"ilike", Comparison::ilike},
                                  Named{"is", Comparison::is},       Named{"in", Comparison::in},
                                  Named{"cs", Comparison::contains}, Named{"cd", Comparison::contained},
                                  Named{"ov", Comparison::overlaps}, Named{"isdistinct", Comparison::distinct}};

// Types that a column may be read as, in the catalog's names.
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kCasts{{{"text", "text"},
                                                                                {"varchar", "varchar"},
                                                                                {"int", "int4"},
                                                                                {"int4", "int4"},
                                                                                {"integer", "int4"},
                                                                                {"int8", "int8"},
                                                                                {"bigint", "int8"},
                                                                                {"numeric", "numeric"},
                                                                                {"float8", "float8"},
                                                                                {"bool", "bool"},
                                                                                {"boolean", "bool"},
                                                                                {"date", "date"},
                                                                                {"timestamp", "timestamp"},
                                                                                {"timestamptz", "timestamptz"},
                                                                                {"json", "json"},
                                                                                {"jsonb", "jsonb"}}};

// Where `text` ends a part at `sign`: outside quotes, parentheses and braces. npos: nowhere.
std::size_t find_outside(std::string_view text, char sign) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted && c == '\\') {
      ++at;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted) {
      if (c == sign && depth == 0) return at;
      if (c == '(' || c == '{') ++depth;
      if ((c == ')' || c == '}') && depth > 0) --depth;
    }
  }
  return std::string_view::npos;
}

// The parts between commas that stand outside quotes and parentheses.
Parsed<std::vector<std::string_view>> split_list(std::string_view text) {
  std::vector<std::string_view> out;
  for (;;) {
    if (out.size() == kPartsLimit) return refuse("a list has more than " + std::to_string(kPartsLimit) + " parts");
    const std::size_t end = find_outside(text, ',');
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// "a ""quoted"" value" without its quotes; other text as it is.
std::string unquoted(std::string_view text) {
  if (text.size() < 2 || !text.starts_with('"') || !text.ends_with('"')) return std::string(text);
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    out += text[at];
  }
  return out;
}

Parsed<std::string> column_name(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('"')) return unquoted(text);
  if (text.empty()) return refuse("a column has no name");
  if (text.contains("->")) return refuse("members of json columns can not be named here: select the whole column");
  if (text.contains('.') || text.contains('(')) return no_embedding();
  return std::string(text);
}

Parsed<TableColumn> parse_column(std::string_view text) {
  TableColumn out;
  if (find_outside(text, '(') != std::string_view::npos || text.starts_with("...")) return no_embedding();
  if (text == "*") return TableColumn{"*", "", ""};
  const std::size_t colon = find_outside(text, ':');
  if (colon != std::string_view::npos && text.substr(colon, 2) != "::") {
    auto as = column_name(text.substr(0, colon));
    if (!as) return std::unexpected(std::move(as).error());
    out.as = std::move(*as);
    text.remove_prefix(colon + 1);
  }
  if (const std::size_t cast = find_outside(text, ':'); cast != std::string_view::npos) {
    const std::string_view type = trimmed(text.substr(std::min(cast + 2, text.size())));
    const auto* const known = std::ranges::find(kCasts, type, &std::pair<std::string_view, std::string_view>::first);
    if (text.substr(cast, 2) != "::" || known == kCasts.end())
      return refuse("a column can not be read as that type", "one of text, int4, int8, numeric, float8, bool, date, …");
    out.cast = known->second;
    text = text.substr(0, cast);
  }
  auto name = column_name(text);
  if (!name) return std::unexpected(std::move(name).error());
  out.name = std::move(*name);
  return out;
}

Parsed<std::vector<TableColumn>> parse_select(std::string_view text) {
  std::vector<TableColumn> out;
  if (trimmed(text).empty() || trimmed(text) == "*") return out;
  auto parts = split_list(text);
  if (!parts) return std::unexpected(std::move(parts).error());
  for (const std::string_view part : *parts) {
    auto column = parse_column(trimmed(part));
    if (!column) return std::unexpected(std::move(column).error());
    out.push_back(std::move(*column));
  }
  return out;
}

// "(a,b)" without its parentheses.
std::optional<std::string_view> inside(std::string_view text) {
  if (text.size() < 2 || !text.starts_with('(') || !text.ends_with(')')) return std::nullopt;
  return text.substr(1, text.size() - 2);
}

enum class Quotes { value, keep };

// "eq.5", "not.in.(1,2)".
Parsed<TableFilter> parse_condition(std::string_view column, std::string_view text, Quotes quotes) {
  TableFilter filter;
  auto name = column_name(column);
  if (!name) return std::unexpected(std::move(name).error());
  filter.column = std::move(*name);
  if (text.starts_with("not.")) {
    filter.negated = true;
    text.remove_prefix(4);
  }
  const std::size_t dot = text.find('.');
  const std::string_view word = text.substr(0, dot);
  const auto* const known = std::ranges::find(kComparisons, word, &Named::name);
  if (dot == std::string_view::npos || known == kComparisons.end())
    return refuse("a filter is written operator.value, such as eq.5",
                  "the operators are eq, neq, gt, gte, lt, lte, like, ilike, is, in, cs, cd, ov, isdistinct, each with "
                  "not. before it");
  filter.comparison = known->comparison;
  text.remove_prefix(dot + 1);
  if (filter.comparison == Comparison::in) {
    const auto list = inside(text);
    if (!list) return refuse("the values of 'in' stand in parentheses: in.(1,2)");
    if (list->empty()) return filter;
    auto parts = split_list(*list);
    if (!parts) return std::unexpected(std::move(parts).error());
    for (const std::string_view part : *parts) filter.values.push_back(unquoted(part));
    return filter;
  }
  std::string value = quotes == Quotes::value ? unquoted(text) : std::string(text);
  if (filter.comparison == Comparison::like || filter.comparison == Comparison::ilike)
    std::ranges::replace(value, '*', '%');
  if (filter.comparison == Comparison::is)
    std::ranges::transform(value, value.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  filter.values.push_back(std::move(value));
  return filter;
}

Parsed<TableFilter> parse_group(std::string_view word, std::string_view list, std::size_t depth);

// Inside a group: "a.eq.1", "not.and(…)", "or(…)".
Parsed<TableFilter> parse_member(std::string_view text, std::size_t depth) {
  text = trimmed(text);
  bool negated = false;
  std::string_view rest = text;
  if (rest.starts_with("not.and(") || rest.starts_with("not.or(")) {
    negated = true;
    rest.remove_prefix(4);
  }
  for (const std::string_view word : {std::string_view("and"), std::string_view("or")}) {
    if (!rest.starts_with(word) || rest.substr(word.size(), 1) != "(") continue;
    auto group = parse_group(word, rest.substr(word.size()), depth + 1);
    if (group) group->negated = negated;
    return group;
  }
  const std::size_t dot = find_outside(text, '.');
  if (dot == std::string_view::npos) return refuse("a part of a group is written column.operator.value");
  return parse_condition(text.substr(0, dot), text.substr(dot + 1), Quotes::value);
}

Parsed<TableFilter> parse_group(std::string_view word, std::string_view list, std::size_t depth) {
  if (depth > kDepthLimit) return refuse("groups are nested too deeply");
  const auto content = inside(trimmed(list));
  if (!content) return refuse("a group is written in parentheses: or=(a.eq.1,b.eq.2)");
  TableFilter group;
  group.kind = word == "or" ? TableFilter::Kind::any_of : TableFilter::Kind::all_of;
  auto parts = split_list(*content);
  if (!parts) return std::unexpected(std::move(parts).error());
  for (const std::string_view part : *parts) {
    auto one = parse_member(part, depth);
    if (!one) return one;
    group.parts.push_back(std::move(*one));
  }
  return group;
}

// "a.desc.nullslast,b".
Parsed<std::vector<TableOrder>> parse_order(std::string_view text) {
  std::vector<TableOrder> out;
  auto parts = split_list(text);
  if (!parts) return std::unexpected(std::move(parts).error());
  for (std::string_view part : *parts) {
    TableOrder order;
    for (;;) {
      const std::size_t dot = part.rfind('.');
      const std::string_view word = dot == std::string_view::npos ? std::string_view() : part.substr(dot + 1);
      if (word == "desc") {
        order.direction = TableOrder::Direction::descending;
      } else if (word == "nullsfirst") {
        order.nulls = TableOrder::Nulls::first;
      } else if (word == "nullslast") {
        order.nulls = TableOrder::Nulls::last;
      } else if (word != "asc") {
        break;
      }
      part = part.substr(0, dot);
    }
    auto name = column_name(part);
    if (!name) return std::unexpected(std::move(name).error());
    order.column = std::move(*name);
    out.push_back(std::move(order));
  }
  return out;
}

Parsed<std::uint64_t> parse_number(std::string_view name, std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    return refuse(std::string(name) + " is a whole number from 0");
  return value;
}

// "0-24" or "25-", where limit and offset are not given.
Parsed<void> parse_range(std::string_view text, connector::TableRead& read) {
  const std::size_t dash = text.find('-');
  auto first = parse_number("the range", text.substr(0, dash));
  if (!first) return std::unexpected(std::move(first).error());
  if (dash == std::string_view::npos) return refuse("a range is written first-last");
  read.offset = *first;
  if (dash + 1 == text.size()) return {};
  auto last = parse_number("the range", text.substr(dash + 1));
  if (!last) return std::unexpected(std::move(last).error());
  if (*last < *first)
    return std::unexpected(RestRefusal{416, "PGRST103", "Requested range not satisfiable",
                                       "The lower boundary must be lower than or equal to the upper boundary."});
  read.limit = std::min(read.limit, *last - *first + 1);
  return {};
}

bool accepts_one(std::string_view accept) { return accept.starts_with("application/vnd.pgrst.object"); }

bool accepts_list(std::string_view accept) {
  return accept.empty() || accept.contains("*/*") || accept.contains("application/*") ||
         accept.contains("application/json") || accept.starts_with("application/vnd.pgrst.array");
}

Parsed<void> take_parameter(const std::string& name, const std::string& value, connector::TableRead& read) {
  if (name == "select") {
    auto columns = parse_select(value);
    if (!columns) return std::unexpected(std::move(columns).error());
    read.columns = std::move(*columns);
  } else if (name == "order") {
    auto order = parse_order(value);
    if (!order) return std::unexpected(std::move(order).error());
    read.order = std::move(*order);
  } else if (name == "limit" || name == "offset") {
    auto number = parse_number(name, value);
    if (!number) return std::unexpected(std::move(number).error());
    if (name == "limit") {
      read.limit = std::min(read.limit, *number);
    } else {
      read.offset = *number;
    }
  } else {
    const bool negated = name.starts_with("not.");
    const std::string_view word = std::string_view(name).substr(negated ? 4 : 0);
    const bool group = word == "or" || word == "and";
    auto filter = group ? parse_group(word, value, 0) : parse_condition(name, value, Quotes::keep);
    if (!filter) return std::unexpected(std::move(filter).error());
    if (group) filter->negated = negated;
    read.filters.push_back(std::move(*filter));
  }
  return {};
}

}  // namespace

std::expected<RestQuery, RestRefusal> parse_rest_query(std::string_view relation, const wire::Target& target,
                                                       const wire::HttpHeaders& headers) {
  RestQuery out;
  out.read.relation = relation;
  out.read.limit = rest_rows_limit;
  for (const auto& [name, value] : target.query) {
    if (auto taken = take_parameter(name, value, out.read); !taken) return std::unexpected(std::move(taken).error());
  }
  const std::string_view unit = headers.get("Range-Unit");
  const bool paged = target.has("limit") || target.has("offset");
  if (headers.has("Range") && !paged && (unit.empty() || unit == "items")) {
    std::string_view range = headers.get("Range");
    if (range.starts_with("items=")) range.remove_prefix(6);
    if (auto taken = parse_range(range, out.read); !taken) return std::unexpected(std::move(taken).error());
  }
  const std::string_view accept = headers.get("Accept");
  if (accepts_one(accept)) {
    out.shape = RestShape::one;
  } else if (!accepts_list(accept)) {
    return std::unexpected(
        RestRefusal{406, "PGRST107", "None of these media types are available: " + std::string(accept.substr(0, 100))});
  }
  // Whatever kind of count is asked for, the true one is told.
  if (headers.get("Prefer").contains("count=")) out.read.count = connector::Count::exact;
  return out;
}

std::string content_range(std::uint64_t offset, std::size_t rows, std::optional<std::uint64_t> total) {
  const std::string of = total ? std::to_string(*total) : "*";
  if (rows == 0) return "*/" + of;
  return std::to_string(offset) + "-" + std::to_string(offset + rows - 1) + "/" + of;
}

}  // namespace lockstep::gateway
