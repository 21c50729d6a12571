#include "connectors/gohighlevel/sandbox/state.hpp"

#include <algorithm>

namespace lockstep::gohighlevel::sandbox {

std::string lower_case(std::string_view text) {
  std::string out(text);
  // ASCII only: UTF-8 sequences pass unchanged.
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

std::string_view text_of(const JsonObject& object, std::string_view name) {
  const Json* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return value->get_string();
}

std::string_view Contact::text(std::string_view name) const { return text_of(fields, name); }

std::string Contact::full_name() const {
  std::string out(text("firstName"));
  const std::string_view last = text("lastName");
  if (!out.empty() && !last.empty()) out += ' ';
  return out.append(last);
}

const CustomField* Location::custom_field(std::string_view id_or_key, std::string_view model) const {
  const auto found = std::ranges::find_if(custom_fields, [&](const CustomField& field) {
    if (!model.empty() && field.model != model) return false;
    // A key is known with its model ("contact.colour") and without ("colour").
    return field.id == id_or_key || field.key == id_or_key ||
           std::string_view(field.key).substr(field.model.size() + 1) == id_or_key;
  });
  return found == custom_fields.end() ? nullptr : &*found;
}

const Pipeline* Location::pipeline(std::string_view id) const {
  const auto found = std::ranges::find(pipelines, id, &Pipeline::id);
  return found == pipelines.end() ? nullptr : &*found;
}

}  // namespace lockstep::gohighlevel::sandbox
