#include "connectors/postgres/values.hpp"

#include "connectors/postgres/limits.hpp"

namespace lockstep::postgres {
namespace {

// "2026-01-02 03:04:05.6+00" -> "2026-01-02T03:04:05.6+00:00"; "infinity" stays.
std::string iso_timestamp(std::string_view text) {
  std::string iso(text);
  if (const std::size_t space = iso.find(' '); space == 10) iso[space] = 'T';
  const std::size_t sign = iso.find_last_of("+-");
  if (sign != std::string::npos && sign > 10 && iso.size() - sign == 3) iso += ":00";
  return iso;
}

Result<Json> scalar(ValueKind kind, std::string_view text) {
  switch (kind) {
    case ValueKind::boolean:
      if (text == "t") return Json(true);
      if (text == "f") return Json(false);
      return fail(ErrorKind::invalid, "not a boolean");
    case ValueKind::integer: return parse_json(text);
    case ValueKind::floating: {
      if (auto number = parse_json(text); number && number->is_number()) return number;
      return Json(boost::json::string(text));  // NaN, Infinity: JSON has no such numbers
    }
    case ValueKind::json:
      return parse_json(text, {.bytes_limit = limits::row_bytes, .depth_limit = limits::json_depth});
    case ValueKind::timestamp: return Json(boost::json::string(iso_timestamp(text)));
    case ValueKind::text:
    case ValueKind::bytes: break;
  }
  return Json(boost::json::string(text));
}

class ArrayReader {
 public:
  ArrayReader(ValueKind element, std::string_view text) : element_(element), text_(text) {}

  Result<Json> read() {
    // "[0:1]={a,b}": explicit bounds say nothing about the values.
    if (text_.starts_with('[')) {
      const std::size_t equals = text_.find('=');
      if (equals == std::string_view::npos) return bad();
      text_.remove_prefix(equals + 1);
    }
    auto array = level(0);
    if (array && !text_.empty()) return bad();
    return array;
  }

 private:
  static std::unexpected<Error> bad() { return fail(ErrorKind::invalid, "not an array literal"); }

  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }

  Result<Json> level(std::size_t depth) {
    if (depth >= limits::array_depth || !take('{')) return bad();
    JsonArray items;
    if (take('}')) return Json(std::move(items));
    while (true) {
      auto item = text_.starts_with('{') ? level(depth + 1) : value();
      if (!item) return item;
      items.push_back(std::move(*item));
      if (take('}')) return Json(std::move(items));
      if (!take(',')) return bad();
    }
  }

  Result<Json> value() {
    std::string item;
    if (take('"')) {
      while (!take('"')) {
        take('\\');
        if (text_.empty()) return bad();
        item += text_.front();
        text_.remove_prefix(1);
      }
      return scalar(element_, item);
    }
    while (!text_.empty() && text_.front() != ',' && text_.front() != '}' && text_.front() != '{') {
      take('\\');
      if (text_.empty()) return bad();
      item += text_.front();
      text_.remove_prefix(1);
    }
    if (item.empty()) return bad();
    if (item == "NULL") return Json();
    return scalar(element_, item);
  }

  ValueKind element_;
  std::string_view text_;
};

}  // namespace

Result<Json> parse_array(ValueKind element, std::string_view text) { return ArrayReader(element, text).read(); }

Result<Json> to_json(ValueKind kind, Shape shape, std::string_view text) {
  return shape == Shape::array ? parse_array(kind, text) : scalar(kind, text);
}

}  // namespace lockstep::postgres
