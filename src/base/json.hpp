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

// Strict RFC 8259, valid UTF-8 only, within the limits. The error names the byte offset.
Result<Json> parse_json(std::string_view text, JsonLimits limits = {});

std::string to_text(const Json& value);

// The member, or nullptr when `value` is no object or has no such member.
const Json* find_member(const Json& value, std::string_view key);

// The member's text, or "" when it is not there or no string.
std::string_view string_member(const Json& value, std::string_view key);

}  // namespace lockstep
