#include "app/config/password.hpp"

#include <algorithm>
#include <optional>

#include "base/hex.hpp"

namespace lockstep::app {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

// What is no escape stays as it is.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    out += escape ? static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return out;
}

void add(std::vector<std::string>& out, std::string value) {
  if (!value.empty() && std::ranges::find(out, value) == out.end()) out.push_back(std::move(value));
}

void add_both(std::vector<std::string>& out, std::string_view written) {
  add(out, std::string(written));
  add(out, percent_decoded(written));
}

bool names_a_password(std::string_view name) { return name == "password" || name == "sslpassword"; }

void of_url(std::string_view text, std::size_t scheme, std::vector<std::string>& out) {
  const std::string_view rest = text.substr(scheme + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const auto at = authority.rfind('@');
  const auto colon = authority.find(':');
  if (at != std::string_view::npos && colon < at) add_both(out, authority.substr(colon + 1, at - colon - 1));
  const auto mark = rest.find('?');
  if (mark == std::string_view::npos) return;
  std::string_view query = rest.substr(mark + 1);
  query = query.substr(0, query.find('#'));
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && names_a_password(pair.substr(0, equals)))
      add_both(out, pair.substr(equals + 1));
  }
}

// One value of libpq's keyword form: to the next space, or between quotes; a backslash takes the next character.
std::string_view take_value(std::string_view& text, std::string& value) {
  const bool quoted = text.starts_with('\'');
  std::size_t at = quoted ? 1 : 0;
  for (; at < text.size(); ++at) {
    if (quoted ? text[at] == '\'' : kSpaces.find(text[at]) != std::string_view::npos) break;
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    value += text[at];
  }
  const std::string_view written = text.substr(quoted ? 1 : 0, at - (quoted ? 1 : 0));
  text.remove_prefix(std::min(text.size(), quoted ? at + 1 : at));
  return written;
}

std::string_view without_spaces(std::string_view text) {
  const auto first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

// Only a text that is made of "name=value" throughout is taken for this form: others are prose or code.
void of_keywords(std::string_view text, std::vector<std::string>& out) {
  std::vector<std::string> found;
  for (text = without_spaces(text); !text.empty(); text = without_spaces(text)) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return;
    const std::string_view name = without_spaces(text.substr(0, equals));
    if (!std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; })) return;
    text = without_spaces(text.substr(equals + 1));
    std::string value;
    const std::string_view written = take_value(text, value);
    if (!names_a_password(name)) continue;
    add(found, std::string(written));
    add(found, std::move(value));
  }
  for (std::string& password : found) add(out, std::move(password));
}

}  // namespace

std::vector<std::string> passwords_in(std::string_view text) {
  std::vector<std::string> out;
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos) {
    of_keywords(text, out);
  } else {
    of_url(text, scheme, out);
  }
  return out;
}

}  // namespace lockstep::app
