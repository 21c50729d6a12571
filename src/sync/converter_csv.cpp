#include "sync/converters.hpp"
#include "sync/normalize_text.hpp"

namespace lockstep::sync {
namespace {

std::string_view view(boost::json::string_view text) { return {text.data(), text.size()}; }

char separator_of(const Json& options) {
  const std::string_view separator = string_member(options, "separator");
  return separator.size() == 1 ? separator[0] : ',';
}

// A quoted element at the start of `text` up to the separator behind it; nothing when it is not well formed, and then
// its characters are taken as they are.
std::optional<std::string> take_quoted(std::string_view& text, char separator) {
  std::string element;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] != '"') {
      element.push_back(text[at]);
    } else if (at + 1 < text.size() && text[at + 1] == '"') {
      element.push_back('"');
      ++at;
    } else {
      const std::size_t stop = text.find(separator, at);
      const std::string_view behind =
          stop == std::string_view::npos ? text.substr(at + 1) : text.substr(at + 1, stop - at - 1);
      if (!trim(behind).empty()) return std::nullopt;
      text = stop == std::string_view::npos ? std::string_view() : text.substr(stop + 1);
      return element;
    }
  }
  return std::nullopt;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

}  // namespace

Json csv_in(const Json& held, const Json& options) {
  const auto* whole = held.if_string();
  if (whole == nullptr) return held;
  const char separator = separator_of(options);
  JsonArray out;
  for (std::string_view rest = trim(view(*whole)); !rest.empty(); rest = trim(rest)) {
    if (rest[0] == '"') {
      if (auto element = take_quoted(rest, separator)) {
        out.push_back(Json(boost::json::string_view(*element)));
        continue;
      }
    }
    const std::size_t stop = rest.find(separator);
    const std::string_view element = trim(rest.substr(0, stop));
    if (!element.empty()) out.push_back(Json(boost::json::string_view(element)));
    rest = stop == std::string_view::npos ? std::string_view() : rest.substr(stop + 1);
  }
  return out;
}

Result<Json> csv_out(const Json& value, const Json& options) {
  const auto* items = value.if_array();
  if (items == nullptr) return fail(ErrorKind::invalid, "is not a list of texts");
  const char separator = separator_of(options);
  std::string out;
  for (const Json& item : *items) {
    const auto* text = item.if_string();
    if (text == nullptr) return fail(ErrorKind::invalid, "is not a list of texts");
    if (!out.empty()) {
      out.push_back(separator);
      out.push_back(' ');
    }
    const std::string_view element = view(*text);
    const bool plain = element.find(separator) == std::string_view::npos && !element.starts_with('"');
    out += plain ? std::string(element) : quoted(element);
  }
  return Json(boost::json::string_view(out));
}

}  // namespace lockstep::sync
