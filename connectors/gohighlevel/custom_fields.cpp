#include "connectors/gohighlevel/custom_fields.hpp"

#include "connectors/gohighlevel/limits.hpp"

namespace lockstep::gohighlevel {
namespace {

std::string text_of(const Json& item, std::string_view name) { return std::string(string_member(item, name)); }

// "contact.pincode" -> "pincode"
std::string bare_key(std::string_view key, std::string_view model) {
  if (key.starts_with(model) && key.size() > model.size() + 1 && key[model.size()] == '.')
    key.remove_prefix(model.size() + 1);
  return std::string(key);
}

}  // namespace

Result<std::vector<CustomField>> CustomFields::parse(const Json& answer, std::string_view model) {
  const Json* list = find_member(answer, "customFields");
  if (list == nullptr || !list->is_array())
    return fail(ErrorKind::invalid, "the answer holds no list of custom fields");
  if (list->get_array().size() > limits::kCustomFields)
    return fail(ErrorKind::exhausted, "the location has too many custom fields");
  std::vector<CustomField> out;
  for (const Json& item : list->get_array()) {
    const std::string_view of = string_member(item, "model");
    const std::string_view key = string_member(item, "fieldKey");
    // Without a model the prefix of the key says what it belongs to.
    const bool belongs = of.empty() ? key.starts_with(std::string(model) + ".") : of == model;
    if (!belongs || key.empty() || text_of(item, "id").empty()) continue;
    out.push_back({text_of(item, "id"), bare_key(key, model), text_of(item, "name"), text_of(item, "dataType")});
  }
  return out;
}

void CustomFields::learn(std::vector<CustomField> present) {
  std::map<std::string, CustomField, std::less<>> before = std::move(fields_);
  fields_.clear();
  keys_.clear();
  for (CustomField& field : present) {
    const auto known = before.find(field.id);
    if (known != before.end() && known->second.key != field.key) former_[known->second.key] = field.id;
    keys_[field.key] = field.id;
    fields_[field.id] = std::move(field);
  }
  std::erase_if(former_, [&](const auto& entry) { return !fields_.contains(entry.second); });
}

const CustomField* CustomFields::by_id(std::string_view id) const {
  const auto found = fields_.find(id);
  return found == fields_.end() ? nullptr : &found->second;
}

const CustomField* CustomFields::by_key(std::string_view key) const {
  if (const auto present = keys_.find(key); present != keys_.end()) return by_id(present->second);
  const auto former = former_.find(key);
  return former == former_.end() ? nullptr : by_id(former->second);
}

std::vector<std::string> CustomFields::keys_of(std::string_view id) const {
  const CustomField* field = by_id(id);
  if (field == nullptr) return {};
  std::vector<std::string> out{field->key};
  for (const auto& [key, of] : former_) {
    if (of == id && !keys_.contains(key)) out.push_back(key);
  }
  return out;
}

Json CustomFields::to_json() const {
  JsonArray fields;
  for (const auto& [id, field] : fields_) {
    fields.push_back(JsonObject{{"id", id}, {"key", field.key}, {"name", field.name}, {"type", field.type}});
  }
  JsonObject former;
  for (const auto& [key, id] : former_) former[key] = id;
  return JsonObject{{"fields", std::move(fields)}, {"former", std::move(former)}};
}

Result<CustomFields> CustomFields::from_json(const Json& value) {
  const Json* fields = find_member(value, "fields");
  const Json* former = find_member(value, "former");
  if (fields == nullptr || !fields->is_array() || former == nullptr || !former->is_object()) {
    return fail(ErrorKind::corrupt, "the kept custom fields are not readable");
  }
  std::vector<CustomField> present;
  for (const Json& item : fields->get_array()) {
    present.push_back({text_of(item, "id"), text_of(item, "key"), text_of(item, "name"), text_of(item, "type")});
  }
  CustomFields out;
  for (const auto& item : former->get_object()) {
    if (const auto* id = item.value().if_string())
      out.former_[std::string(item.key())] = std::string(id->begin(), id->end());
  }
  out.learn(std::move(present));
  return out;
}

}  // namespace lockstep::gohighlevel
