#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/config/shape.hpp"

namespace lockstep::app {
namespace {

constexpr int import_depth_limit = 8;

std::int64_t integer_member(const Json& schema, std::string_view name, std::int64_t fallback) {
  const Json* member = find_member(schema, name);
  if (member == nullptr) return fallback;
  if (member->is_int64()) return member->get_int64();
  if (member->is_uint64()) return static_cast<std::int64_t>(member->get_uint64());
  if (member->is_double()) return static_cast<std::int64_t>(member->get_double());
  return fallback;
}

// Settings are texts of moderate size; a schema may say less or more.
constexpr std::int64_t text_bytes_limit = 4096;
constexpr std::int64_t items_limit = 1000;

Result<Shape> import(const Json& schema, int depth);

Shape raw(const Json& schema) {
  Shape shape = shapes::any();
  shape.raw_schema = schema;
  return shape;
}

Result<Shape> import_text(const Json& schema) {
  if (string_member(schema, "format") == "duration") return shapes::duration(0, std::int64_t{366} * 86'400'000'000);
  if (const Json* choices = find_member(schema, "enum")) {
    std::vector<std::string> texts;
    if (!choices->is_array()) return fail(ErrorKind::invalid, "enum must be a list");
    for (const auto& choice : choices->get_array()) {
      if (!choice.is_string()) return raw(schema);
      texts.emplace_back(choice.get_string());
    }
    return shapes::choice(std::move(texts));
  }
  Shape shape = shapes::text(integer_member(schema, "maxLength", text_bytes_limit));
  shape.minimum = integer_member(schema, "minLength", 0);
  shape.pattern = std::string(string_member(schema, "pattern"));
  // JSON Schema patterns match anywhere; ours match the whole text.
  if (!shape.pattern.empty()) {
    if (shape.pattern.starts_with('^'))
      shape.pattern.erase(0, 1);
    else
      shape.pattern.insert(0, "[\\s\\S]*");
    if (shape.pattern.ends_with('$') && !shape.pattern.ends_with("\\$"))
      shape.pattern.pop_back();
    else
      shape.pattern += "[\\s\\S]*";
  }
  return shape;
}

// A setting that holds a secret says "writeOnly": true. One that forgot to is known by its name.
bool is_secret(std::string_view name, const Json& property) {
  const Json* write_only = find_member(property, "writeOnly");
  if (write_only != nullptr && write_only->is_bool()) return write_only->get_bool();
  if (string_member(property, "type") != "string") return false;
  constexpr std::array<std::string_view, 5> endings = {"token", "secret", "password", "api_key", "private_key"};
  return std::ranges::any_of(endings, [&](std::string_view ending) { return name.ends_with(ending); });
}

Result<Shape> import_list(const Json& schema, int depth) {
  const Json* items = find_member(schema, "items");
  Shape item = shapes::any();
  if (items != nullptr) {
    auto imported = import(*items, depth + 1);
    if (!imported) return imported;
    item = std::move(*imported);
  }
  return shapes::list(std::move(item), integer_member(schema, "minItems", 0),
                      integer_member(schema, "maxItems", items_limit));
}

std::string default_text(const Json& property) {
  const Json* value = find_member(property, "default");
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? std::string(value->get_string()) : to_text(*value);
}

Result<Key> import_property(std::string_view name, const Json& property, int depth) {
  Key key;
  key.name = name;
  key.doc = std::string(string_member(property, "description"));
  key.fallback = default_text(property);
  auto shape = import(property, depth + 1);
  if (!shape) return fail(shape.error().kind, fmt::format("{}: {}", name, shape.error().message));
  key.secret = is_secret(name, property);
  if (key.secret)
    key.shape = shapes::secret();
  else if (shape->kind == ShapeKind::text)
    key.shape = shapes::text_or_reference(std::move(*shape));
  else
    key.shape = std::move(*shape);
  return key;
}

// An object whose members have names of the user's choice.
Result<Shape> import_map(const Json& schema, int depth) {
  const Json* values = find_member(schema, "additionalProperties");
  if (values == nullptr || !values->is_object()) return raw(schema);
  auto value = import(*values, depth + 1);
  if (!value) return value;
  if (value->kind == ShapeKind::text) *value = shapes::text_or_reference(std::move(*value));
  return shapes::map(".+", "a name", std::move(*value), 0, items_limit);
}

Result<Shape> import_object(const Json& schema, int depth) {
  const Json* properties = find_member(schema, "properties");
  if (properties == nullptr || !properties->is_object()) return import_map(schema, depth);
  std::vector<Key> keys;
  for (const auto& property : properties->get_object()) {
    auto key = import_property(property.key(), property.value(), depth);
    if (!key) return fail(key.error());
    keys.push_back(std::move(*key));
  }
  if (const Json* required = find_member(schema, "required"); required != nullptr && required->is_array()) {
    for (const auto& name : required->get_array()) {
      const auto key = std::ranges::find_if(
          keys, [&](const Key& k) { return name.is_string() && k.name == std::string_view(name.get_string()); });
      if (key == keys.end())
        return fail(ErrorKind::invalid, fmt::format("required names {}, which is no property", to_text(name)));
      key->presence = Presence::required;
    }
  }
  return shapes::object(std::move(keys));
}

Result<Shape> import(const Json& schema, int depth) {
  if (depth > import_depth_limit) return fail(ErrorKind::exhausted, "settings schema nested too deeply");
  if (!schema.is_object()) return fail(ErrorKind::invalid, "a schema must be an object");
  std::string_view type = string_member(schema, "type");
  if (type.empty() && find_member(schema, "enum") != nullptr) type = "string";
  if (type == "string") return import_text(schema);
  if (type == "boolean") return shapes::boolean();
  if (type == "integer" || type == "number") {
    const Shape bounds;
    Shape shape = shapes::integer(integer_member(schema, "minimum", bounds.minimum),
                                  integer_member(schema, "maximum", bounds.maximum));
    if (type == "number") shape.kind = ShapeKind::decimal;
    return shape;
  }
  if (type == "array") return import_list(schema, depth);
  if (type == "object") return import_object(schema, depth);
  return raw(schema);
}

}  // namespace

Result<Shape> shape_from_settings_schema(const Json& schema) {
  if (schema.is_null()) return shapes::object({});
  auto shape = import(schema, 0);
  if (shape && shape->kind != ShapeKind::object)
    return fail(ErrorKind::invalid, "the settings of a connector must be an object");
  return shape;
}

}  // namespace lockstep::app
