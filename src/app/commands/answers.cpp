#include "app/commands/answers.hpp"

namespace lockstep::app {

const JsonArray& items_of(const Json& answer) { return list_member(answer, "items"); }

const JsonArray& list_member(const Json& object, std::string_view key) {
  static const JsonArray none;
  const Json* member = find_member(object, key);
  return member != nullptr && member->is_array() ? member->get_array() : none;
}

const JsonObject& members_of(const Json& object, std::string_view key) {
  static const JsonObject none;
  const Json* member = find_member(object, key);
  return member != nullptr && member->is_object() ? member->get_object() : none;
}

std::optional<std::int64_t> integer_member(const Json& object, std::string_view key) {
  const Json* member = find_member(object, key);
  if (member == nullptr || !member->is_number()) return std::nullopt;
  boost::system::error_code error;
  const auto value = member->to_number<std::int64_t>(error);
  if (error) return std::nullopt;
  return value;
}

double number_member(const Json& object, std::string_view key) {
  const Json* member = find_member(object, key);
  if (member == nullptr || !member->is_number()) return 0;
  return member->to_number<double>();
}

bool bool_member(const Json& object, std::string_view key) {
  const Json* member = find_member(object, key);
  return member != nullptr && member->is_bool() && member->get_bool();
}

std::string inline_text(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return printable(value.get_string());
  return printable(to_text(value));
}

std::string text_or_dash(const Json& object, std::string_view key) {
  const Json* member = find_member(object, key);
  if (member == nullptr) return "-";
  std::string text = inline_text(*member);
  return text.empty() ? "-" : text;
}

Colour colour_of_status(std::string_view status) {
  if (status == "synced") return Colour::green;
  if (status == "pending") return Colour::yellow;
  if (status == "failed") return Colour::red;
  return Colour::grey;
}

}  // namespace lockstep::app
