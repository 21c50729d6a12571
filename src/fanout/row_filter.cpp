#include "fanout/row_filter.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

namespace lockstep::fanout {
namespace {

constexpr std::size_t kFilterBytes = 4'000;
constexpr std::size_t kConditions = 16;
constexpr std::size_t kValues = 200;

std::unexpected<Error> bad(std::string message) { return fail(ErrorKind::invalid, std::move(message)); }

// Splits at commas that stand neither in quotes nor in brackets. A backslash in quotes keeps the next character.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')') {
      --depth;
    } else if (c == ',' && depth <= 0) {
      out.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  out.push_back(text.substr(begin));
  return out;
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || !text.starts_with('"') || !text.ends_with('"')) return std::string(text);
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || std::isnan(value)) return std::nullopt;
  return value;
}

std::string text_of(const Json& value) {
  if (value.is_string()) return std::string(value.get_string());
  return to_text(value);
}

// Below zero, zero, above zero: as numbers where both are, else as texts.
int compare(const Json& value, const std::string& with) {
  const std::string text = text_of(value);
  if (!value.is_string()) {
    const auto a = number(text);
    const auto b = number(with);
    if (a && b) return *a < *b ? -1 : (*a > *b ? 1 : 0);
  }
  return text.compare(with);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

enum class Case { kept, folded };

// LIKE: '%' is any text, '_' any character. Linear: it goes back to the last '%' only.
bool like(std::string_view text, std::string_view pattern, Case mode) {
  const auto same = [&](char a, char b) { return mode == Case::folded ? lower(a) == lower(b) : a == b; };
  std::size_t t = 0;
  std::size_t p = 0;
  std::optional<std::size_t> star;
  std::size_t from = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = p++;
      from = t;
    } else if (p < pattern.size() && (pattern[p] == '_' || same(pattern[p], text[t]))) {
      ++p;
      ++t;
    } else if (star) {
      p = *star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

bool is_word(const Json* value, std::string_view word) {
  if (word == "null") return value == nullptr || value->is_null();
  if (value == nullptr || !value->is_bool()) return false;
  return value->get_bool() ? word == "true" : word == "false";
}

}  // namespace

Result<RowFilter> parse_row_filter(std::string_view text) { return RowFilter::parse(text); }

Result<RowFilter> RowFilter::parse(std::string_view text) {
  RowFilter out;
  if (text.empty()) return out;
  if (text.size() > kFilterBytes) return bad("the filter is too long");
  for (const std::string_view one : split(text)) {
    if (out.conditions_.size() == kConditions) return bad("the filter has too many conditions");
    LOCKSTEP_TRY(condition, parse_condition(one));
    out.conditions_.push_back(std::move(condition));
  }
  return out;
}

Result<RowFilter::Condition> RowFilter::parse_condition(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, Operator>, 11> kOperators = {
      {{"eq", Operator::eq},
       {"neq", Operator::neq},
       {"lt", Operator::lt},
       {"lte", Operator::lte},
       {"gt", Operator::gt},
       {"gte", Operator::gte},
       {"in", Operator::in},
       {"like", Operator::like},
       {"ilike", Operator::ilike},
       {"is", Operator::is},
       {"isdistinct", Operator::isdistinct}}};
  Condition out;
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return bad("a filter is column=operator.value");
  out.column = text.substr(0, equals);
  text.remove_prefix(equals + 1);
  if (text.starts_with("not.")) {
    out.negated = true;
    text.remove_prefix(4);
  }
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return bad("a filter is column=operator.value");
  const std::string_view name = text.substr(0, dot);
  const std::string_view value = text.substr(dot + 1);
  const auto* found =
      std::find_if(kOperators.begin(), kOperators.end(), [&](const auto& one) { return one.first == name; });
  if (found == kOperators.end()) return bad("the filter has an operator that is not known here");
  out.op = found->second;
  if (out.op != Operator::in) {
    out.values.push_back(unquoted(value));
    return out;
  }
  if (value.size() < 2 || !value.starts_with('(') || !value.ends_with(')')) return bad("in takes a list: (a,b)");
  for (const std::string_view one : split(value.substr(1, value.size() - 2))) {
    if (out.values.size() == kValues) return bad("the list of a filter is too long");
    out.values.push_back(unquoted(one));
  }
  return out;
}

bool RowFilter::holds(const Condition& condition, const Json* value) {
  const std::string& given = condition.values.front();
  if (condition.op == Operator::is) return is_word(value, given);
  const bool null = value == nullptr || value->is_null();
  if (condition.op == Operator::isdistinct) return null ? given != "null" : compare(*value, given) != 0;
  if (null) return false;  // as in SQL: null is neither equal nor unequal to anything
  switch (condition.op) {
    case Operator::eq: return compare(*value, given) == 0;
    case Operator::neq: return compare(*value, given) != 0;
    case Operator::lt: return compare(*value, given) < 0;
    case Operator::lte: return compare(*value, given) <= 0;
    case Operator::gt: return compare(*value, given) > 0;
    case Operator::gte: return compare(*value, given) >= 0;
    case Operator::in:
      for (const std::string& one : condition.values) {
        if (compare(*value, one) == 0) return true;
      }
      return false;
    case Operator::like: return like(text_of(*value), given, Case::kept);
    case Operator::ilike: return like(text_of(*value), given, Case::folded);
    default: return false;
  }
}

bool RowFilter::matches(const JsonObject& row) const {
  for (const Condition& condition : conditions_) {
    const Json* value = row.if_contains(condition.column);
    const bool null = value == nullptr || value->is_null();
    const bool three_valued = condition.op != Operator::is && condition.op != Operator::isdistinct;
    if (null && three_valued) return false;
    if (holds(condition, value) == condition.negated) return false;
  }
  return true;
}

}  // namespace lockstep::fanout
