#include "base/json.hpp"

#include <boost/json/parse_options.hpp>
#include <boost/json/parser.hpp>

namespace lockstep {

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.bytes_limit) {
    return fail(ErrorKind::exhausted, "JSON of " + std::to_string(text.size()) + " bytes; the limit is " +
                                          std::to_string(limits.bytes_limit));
  }
  boost::json::parse_options options;
  options.max_depth = limits.depth_limit;
  boost::json::parser parser({}, options);
  boost::system::error_code error;
  const std::size_t read = parser.write(text.data(), text.size(), error);
  if (error) {
    return fail(ErrorKind::invalid, "not valid JSON: " + error.message() + " near byte " + std::to_string(read));
  }
  return parser.release();
}

std::string to_text(const Json& value) { return boost::json::serialize(value); }

const Json* find_member(const Json& value, std::string_view key) {
  const auto* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(key);
}

std::string_view string_member(const Json& value, std::string_view key) {
  const Json* member = find_member(value, key);
  if (member == nullptr || !member->is_string()) return {};
  return member->get_string();
}

}  // namespace lockstep
