#include "connectors/gohighlevel/sandbox/api.hpp"

#include <algorithm>
#include <charconv>

namespace lockstep::gohighlevel::sandbox {
namespace {

// Takes the part up to the next `mark` off the front.
std::string_view take(std::string_view& text, char mark) {
  const auto end = text.find(mark);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

std::string_view without_slashes(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

}  // namespace

std::vector<Route> all_routes() {
  std::vector<Route> out;
  for (const auto routes :
       {contact_search_routes(), contact_routes(), contact_detail_routes(), opportunity_search_routes(),
        opportunity_routes(), shop_routes(), location_routes(), oauth_routes()}) {
    out.insert(out.end(), routes.begin(), routes.end());
  }
  return out;
}

bool matches_pattern(std::string_view pattern, std::string_view path, std::vector<std::string>& values) {
  values.clear();
  pattern = without_slashes(pattern);
  path = without_slashes(path);
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = take(pattern, '/');
    const std::string_view given = take(path, '/');
    if (wanted.starts_with('{')) {
      if (given.empty()) return false;
      values.emplace_back(given);
    } else if (wanted != given) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

bool is_utf8(std::string_view text) {
  if (std::ranges::all_of(text, [](char c) { return c > 0; })) return true;
  return parse_json(to_text(Json(text)), {text.size() * 6 + 2, 1}).has_value();  // the one validator of the program
}

Outcome<void> check_query(const Route& route, const wire::Target& target) {
  std::vector<std::string> problems;
  for (const auto& [name, value] : target.query) {
    const std::string_view plain =
        name.ends_with("[]") ? std::string_view(name).substr(0, name.size() - 2) : std::string_view(name);
    bool known = false;
    for (std::string_view rest = route.query; !rest.empty() && !known;) {
      const std::string_view allowed = take(rest, ' ');
      known = allowed == plain || (allowed.ends_with('*') && allowed.substr(0, allowed.size() - 1) == plain);
    }
    if (!known) problems.push_back("property " + wire::percent_encode(name) + " should not exist");
  }
  for (std::string_view rest = route.query; !rest.empty();) {
    const std::string_view allowed = take(rest, ' ');
    if (!allowed.ends_with('*')) continue;
    const std::string_view name = allowed.substr(0, allowed.size() - 1);
    if (target.parameter(name).empty()) problems.push_back(std::string(name) + " should not be empty");
  }
  if (!problems.empty()) return std::unexpected(unprocessable(problems));
  return {};
}

Outcome<std::int64_t> query_integer(const wire::Target& target, std::string_view name, std::int64_t low,
                                    std::int64_t high, std::int64_t fallback) {
  const std::string_view text = target.parameter(name);
  if (text.empty()) return fallback;
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    return std::unexpected(
        unprocessable(std::string(name) + " must be a number conforming to the specified constraints"));
  }
  if (value < low)
    return std::unexpected(unprocessable(std::string(name) + " must not be less than " + std::to_string(low)));
  if (value > high)
    return std::unexpected(unprocessable(std::string(name) + " must not be greater than " + std::to_string(high)));
  return value;
}

}  // namespace lockstep::gohighlevel::sandbox
