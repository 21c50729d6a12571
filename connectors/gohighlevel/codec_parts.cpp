#include "connectors/gohighlevel/codec_parts.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/clock.hpp"

namespace lockstep::gohighlevel {
namespace {

constexpr std::string_view kCustomPrefix = "customFields.";
constexpr std::int64_t kYear10000Ms = 253'402'300'800'000;

std::optional<std::int64_t> epoch_ms(const Json& value) {
  std::int64_t ms = 0;
  if (const auto* number = value.if_int64())
    ms = *number;
  else if (const auto* large = value.if_uint64(); large != nullptr && *large < static_cast<std::uint64_t>(kYear10000Ms))
    ms = static_cast<std::int64_t>(*large);
  else if (const auto* real = value.if_double(); real != nullptr && *real > -1e14 && *real < 1e14)
    ms = static_cast<std::int64_t>(*real);
  else
    return std::nullopt;
  if (ms < -kYear10000Ms || ms >= kYear10000Ms) return std::nullopt;
  return ms;
}

const Json* custom_value(const Json& item) {
  for (const char* name : {"value", "fieldValue", "field_value", "fieldValueString", "fieldValueNumber",
                           "fieldValueArray", "fieldValueDate"}) {
    if (const Json* value = find_member(item, name)) return value;
  }
  return nullptr;
}

// The value in the form that the field's type asks for (docs: contacts, customFields input).
Json custom_input(const Json& value, const CustomField& field) {
  if (field.type == "NUMERICAL" || field.type == "MONETORY") {
    if (const auto* text = value.if_string()) {
      double number = 0;
      const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
      if (error == std::errc() && end == text->data() + text->size()) return number;
      return is_empty(value) ? Json(nullptr) : value;  // the CRM says what is wrong with it
    }
    return value;
  }
  if (field.type == "CHECKBOX" || field.type == "MULTIPLE_OPTIONS") {
    if (value.is_array()) return value;
    return is_empty(value) ? Json(JsonArray()) : Json(JsonArray{value});
  }
  if (value.is_null()) return "";
  if (value.is_bool() || value.is_number()) return Json(to_text(value));
  return value;
}

}  // namespace

bool is_empty(const Json& value) {
  return value.is_null() || (value.is_string() && value.get_string().empty()) ||
         (value.is_array() && value.get_array().empty());
}

std::string fold(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

Json read_time(const Json& value) {
  if (const auto ms = epoch_ms(value)) return Json(to_iso8601(from_epoch_ms(*ms)));
  return value.is_string() ? value : Json(nullptr);
}

Json read_date(const Json& value) {
  const Json time = read_time(value);
  if (!time.is_string()) return nullptr;
  const std::string_view text = time.get_string();
  const bool midnight =
      text.size() > 10 && text[10] == 'T' && text.find_first_not_of("0:.Z", 11) == std::string_view::npos;
  if (text.empty()) return nullptr;
  return midnight ? Json(text.substr(0, 10)) : time;
}

std::vector<std::string> text_list(const Json* value) {
  std::vector<std::string> out;
  if (value == nullptr || !value->is_array()) return out;
  for (const Json& item : value->get_array()) {
    if (const auto* text = item.if_string(); text != nullptr && !text->empty())
      out.emplace_back(text->begin(), text->end());
  }
  return out;
}

std::uint64_t read_version(const Json* value) {
  if (value == nullptr) return 0;
  if (const auto ms = epoch_ms(*value)) return *ms > 0 ? static_cast<std::uint64_t>(*ms) : 0;
  if (!value->is_string()) return 0;
  const auto time = parse_iso8601(value->get_string());
  if (!time) return 0;
  const std::int64_t ms = to_epoch_ms(*time);
  return ms > 0 ? static_cast<std::uint64_t>(ms) : 0;
}

bool complete(const Decoded& decoded, const Codec& codec) {
  return std::ranges::all_of(codec.bound.paths, [&](const std::string& path) {
    if (path.starts_with(kCustomPrefix)) return codec.fields.by_key(path.substr(kCustomPrefix.size())) != nullptr;
    return decoded.document.contains(path.substr(0, path.find('.')));
  });
}

void decode_custom_fields(const Json* list, bool all, const Codec& codec, Decoded& out) {
  if ((list == nullptr || !list->is_array()) && !all) return;
  JsonObject values;
  std::multimap<std::string_view, const Json*> listed;  // in the CRM's order where an id comes twice
  if (all) {
    for (const std::string& key : codec.bound.custom_keys) {
      if (codec.fields.by_key(key) != nullptr) values[key] = nullptr;
    }
  }
  if (list != nullptr && list->is_array()) {
    for (const Json& item : list->get_array()) {
      const std::string_view id = string_member(item, "id");
      const Json* value = custom_value(item);
      if (id.empty() || value == nullptr) continue;
      listed.emplace(id, value);
      const std::vector<std::string> keys = codec.fields.keys_of(id);
      if (keys.empty()) out.unknown_fields.emplace_back(id);
      for (const std::string& key : keys) values[key] = *value;
    }
  }
  out.document["customFields"] = std::move(values);
  // As the CRM has them, known to the catalog or not; in one order, because its endpoints do not agree on one.
  JsonArray as_listed;
  for (const auto& [id, value] : listed) as_listed.push_back(JsonObject{{"id", id}, {"value", *value}});
  out.document["customFieldList"] = std::move(as_listed);
}

void encode_custom_fields(const Json& values, sync::WriteKind kind, const Codec& codec, std::string_view value_name,
                          Encoded& out) {
  if (!values.is_object()) return;
  JsonArray list;
  for (const auto& member : values.get_object()) {
    if (kind == sync::WriteKind::create && is_empty(member.value())) continue;
    const CustomField* field = codec.fields.by_key(member.key());
    if (field == nullptr) {
      out.unknown_keys.emplace_back(member.key());
      continue;
    }
    list.push_back(JsonObject{{"id", field->id}, {value_name, custom_input(member.value(), *field)}});
  }
  if (!list.empty()) out.body["customFields"] = std::move(list);
}

}  // namespace lockstep::gohighlevel
