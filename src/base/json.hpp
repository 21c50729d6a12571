// The one JSON value of the program, and the one way to parse it.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lockstep {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

struct JsonLimits {
  std::size_t bytes_limit = 1 << 20;
  std::size_t depth_limit = 32;
};

// Strict RFC 8259, valid UTF-8 only, within the limits. The error names the byte offset. Numbers are exact: whole ones
// within 64 bits stay whole, any other becomes the nearest double, so that parse_json(to_text(x)) == x for every finite
// x. A number beyond the range of a double is refused.
Result<Json> parse_json(std::string_view text, JsonLimits limits = {});

std::string to_text(const Json& value);

// The member, or nullptr when `value` is no object or has no such member. It lives as long as `value`.
const Json* find_member(const Json& value, std::string_view key);
const Json* find_member(const JsonObject& object, std::string_view key);
const Json* find_member(Json&& value, std::string_view key) = delete;
const Json* find_member(JsonObject&& object, std::string_view key) = delete;

// The member's text, or "" when it is not there or no string: a view into `value`, a copy from a temporary.
std::string_view string_member(const Json& value, std::string_view key);
std::string_view string_member(const JsonObject& object, std::string_view key);
std::string string_member(Json&& value, std::string_view key);
std::string string_member(JsonObject&& object, std::string_view key);

}  // namespace lockstep
