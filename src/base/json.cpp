#include "base/json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>

namespace lockstep {
namespace {

using Text = boost::json::string_view;
using Error = boost::json::error_code;

// Builds the value. Boost's own handler takes the doubles of basic_parser, which are off by a unit in the last place
// about once in four (documented as imprecise until Boost 1.82); this one reads them again from their text.
struct ValueBuilder {
  static constexpr std::size_t max_object_size = JsonObject::max_size();
  static constexpr std::size_t max_array_size = JsonArray::max_size();
  static constexpr std::size_t max_key_size = boost::json::string::max_size();
  static constexpr std::size_t max_string_size = boost::json::string::max_size();

  boost::json::value_stack stack;

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) { return true; }
  bool on_array_begin(Error&) { return true; }
  bool on_object_end(std::size_t size, Error&) { return stack.push_object(size), true; }
  bool on_array_end(std::size_t size, Error&) { return stack.push_array(size), true; }
  bool on_key_part(Text part, std::size_t, Error&) { return stack.push_chars(part), true; }
  bool on_key(Text part, std::size_t, Error&) { return stack.push_key(part), true; }
  bool on_string_part(Text part, std::size_t, Error&) { return stack.push_chars(part), true; }
  bool on_string(Text part, std::size_t, Error&) { return stack.push_string(part), true; }
  bool on_number_part(Text, Error&) { return true; }
  bool on_int64(std::int64_t value, Text, Error&) { return stack.push_int64(value), true; }
  bool on_uint64(std::uint64_t value, Text, Error&) { return stack.push_uint64(value), true; }
  bool on_bool(bool value, Error&) { return stack.push_bool(value), true; }
  bool on_null(Error&) { return stack.push_null(), true; }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

  // `text` is the whole number, because the document comes in one piece.
  bool on_double(double approximate, Text text, Error& error) {
    double exact = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), exact).ec == std::errc::result_out_of_range) {
      // Too large, or nearer to zero than to any other double.
      exact = std::abs(approximate) < 1 ? std::copysign(0.0, approximate) : HUGE_VAL;
    }
    if (!std::isfinite(exact)) {
      error = boost::json::error::exponent_overflow;
      return false;
    }
    return stack.push_double(exact), true;
  }
};

}  // namespace

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.bytes_limit) {
    return fail(ErrorKind::exhausted, "JSON of " + std::to_string(text.size()) + " bytes; the limit is " +
                                          std::to_string(limits.bytes_limit));
  }
  boost::json::parse_options options;
  options.max_depth = limits.depth_limit;
  boost::json::basic_parser<ValueBuilder> parser(options);
  parser.handler().stack.reset();
  boost::system::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = boost::json::error::extra_data;
  if (error) {
    return fail(ErrorKind::invalid, "not valid JSON: " + error.message() + " near byte " + std::to_string(read));
  }
  return parser.handler().stack.release();
}

std::string to_text(const Json& value) { return boost::json::serialize(value); }

const Json* find_member(const Json& value, std::string_view key) {
  const auto* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(key);
}

const Json* find_member(const JsonObject& object, std::string_view key) { return object.if_contains(key); }

std::string_view string_member(const Json& value, std::string_view key) {
  const auto* object = value.if_object();
  return object == nullptr ? std::string_view() : string_member(*object, key);
}

std::string_view string_member(const JsonObject& object, std::string_view key) {
  const Json* member = find_member(object, key);
  if (member == nullptr || !member->is_string()) return {};
  return member->get_string();
}

std::string string_member(Json&& value, std::string_view key) { return std::string(string_member(value, key)); }

std::string string_member(JsonObject&& object, std::string_view key) { return std::string(string_member(object, key)); }

}  // namespace lockstep
