#include "app/config/json_schema.hpp"

#include <fmt/format.h>

#include "app/config/node.hpp"
#include "app/config/units.hpp"

namespace lockstep::app {
namespace {

JsonArray texts(const std::vector<std::string>& values) {
  JsonArray array;
  for (const auto& value : values) array.emplace_back(value);
  return array;
}

std::string anchored(std::string_view pattern) { return fmt::format("^(?:{})$", pattern); }

class Writer {
 public:
  JsonObject definitions;

  // A reference for a named shape, the schema itself for others.
  JsonObject write(const Shape& shape) {
    if (shape.name.empty()) return body(shape);
    if (!definitions.contains(shape.name)) {
      definitions[shape.name] = nullptr;  // keeps the order of first use
      JsonObject definition = body(shape);
      definition["description"] = shape.doc;
      definitions[shape.name] = std::move(definition);
    }
    return {{"$ref", "#/$defs/" + shape.name}};
  }

  JsonObject body(const Shape& shape) {
    switch (shape.kind) {
      case ShapeKind::any: return shape.raw_schema.is_object() ? shape.raw_schema.get_object() : JsonObject{};
      case ShapeKind::boolean: return {{"type", "boolean"}};
      case ShapeKind::integer: return bounds({{"type", "integer"}}, shape, "minimum", "maximum");
      case ShapeKind::decimal: return bounds({{"type", "number"}}, shape, "minimum", "maximum");
      case ShapeKind::text: {
        JsonObject text = bounds({{"type", "string"}}, shape, "minLength", "maxLength");
        if (!shape.pattern.empty()) text["pattern"] = anchored(shape.pattern);
        return text;
      }
      case ShapeKind::choice: return {{"type", "string"}, {"enum", texts(shape.choices)}};
      case ShapeKind::duration: {
        std::string pattern(duration_pattern);
        for (const auto& choice : shape.choices) pattern += "|" + choice;
        return {{"type", "string"}, {"pattern", anchored(pattern)}};
      }
      case ShapeKind::size: return {{"type", "string"}, {"pattern", anchored(size_pattern)}};
      case ShapeKind::list: {
        JsonObject list = bounds({{"type", "array"}}, shape, "minItems", "maxItems");
        list["items"] = write(shape.items[0]);
        return list;
      }
      case ShapeKind::map: return map(shape);
      case ShapeKind::object: return object(shape);
      case ShapeKind::either: {
        JsonArray alternatives;
        for (const auto& item : shape.items) alternatives.emplace_back(write(item));
        return {{"anyOf", std::move(alternatives)}};
      }
      case ShapeKind::variant: return variant(shape);
    }
    return {};
  }

 private:
  static JsonObject bounds(JsonObject schema, const Shape& shape, std::string_view minimum, std::string_view maximum) {
    const Shape unbounded;
    const bool counts = minimum != "minimum";
    if (shape.minimum != unbounded.minimum && !(counts && shape.minimum == 0)) schema[minimum] = shape.minimum;
    if (shape.maximum != unbounded.maximum) schema[maximum] = shape.maximum;
    return schema;
  }

  JsonObject map(const Shape& shape) {
    JsonObject map = bounds({{"type", "object"}}, shape, "minProperties", "maxProperties");
    map["propertyNames"] = JsonObject{{"pattern", anchored(shape.pattern)}};
    map["additionalProperties"] = write(shape.items[0]);
    return map;
  }

  JsonObject key(const Key& key) {
    JsonObject schema = write(key.shape);
    if (!key.doc.empty()) schema["description"] = key.doc;
    if (!key.fallback.empty()) schema["default"] = fallback(key);
    if (key.secret) schema["writeOnly"] = true;
    return schema;
  }

  static Json fallback(const Key& key) {
    Problems problems("");
    const Node node = parse_yaml(key.fallback, problems);
    return problems.empty() ? to_json(node) : Json(key.fallback);
  }

  JsonObject object(const Shape& shape) {
    JsonObject properties;
    std::vector<std::string> required;
    for (const auto& k : shape.keys) {
      properties[k.name] = key(k);
      if (k.presence == Presence::required) required.push_back(k.name);
    }
    JsonObject object{{"type", "object"}};
    if (!required.empty()) object["required"] = texts(required);
    object["properties"] = std::move(properties);
    if (!shape.ignored.empty()) object["patternProperties"] = JsonObject{{anchored(shape.ignored), true}};
    object["additionalProperties"] = false;
    JsonArray groups;
    for (const auto& group : shape.exactly_one_of) {
      JsonArray alternatives;
      for (const auto& name : group) alternatives.emplace_back(JsonObject{{"required", JsonArray{Json(name)}}});
      groups.emplace_back(JsonObject{{"oneOf", std::move(alternatives)}});
    }
    if (!groups.empty()) object["allOf"] = std::move(groups);
    return object;
  }

  // if/then per kind, so that an editor offers exactly the settings of the chosen one.
  JsonObject variant(const Shape& shape) {
    JsonArray rules;
    for (std::size_t index = 0; index < shape.choices.size(); ++index) {
      const JsonObject chosen{{"const", shape.choices[index]}};
      rules.emplace_back(JsonObject{{"if", JsonObject{{"properties", JsonObject{{shape.selector, chosen}}}}},
                                    {"then", write(shape.items[index])}});
    }
    JsonObject selector{{"enum", texts(shape.choices)}, {"description", "Decides which other settings there are"}};
    return {{"type", "object"},
            {"required", JsonArray{Json(shape.selector)}},
            {"properties", JsonObject{{shape.selector, std::move(selector)}}},
            {"allOf", std::move(rules)}};
  }
};

void print(const Json& value, const std::string& indent, std::string& out) {
  const std::string inner = indent + "  ";
  if (value.is_object() && !value.get_object().empty()) {
    out += "{";
    const char* separator = "\n";
    for (const auto& member : value.get_object()) {
      out += separator + inner + lockstep::to_text(Json(member.key())) + ": ";
      print(member.value(), inner, out);
      separator = ",\n";
    }
    out += "\n" + indent + "}";
  } else if (value.is_array() && !value.get_array().empty()) {
    out += "[";
    const char* separator = "\n";
    for (const auto& item : value.get_array()) {
      out += separator + inner;
      print(item, inner, out);
      separator = ",\n";
    }
    out += "\n" + indent + "]";
  } else {
    out += lockstep::to_text(value);
  }
}

}  // namespace

Json to_json_schema(const Shape& root) {
  Writer writer;
  JsonObject schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                    {"title", "Lockstep configuration"},
                    {"description", root.doc}};
  for (const auto& member : writer.body(root)) schema[member.key()] = member.value();
  schema["$defs"] = std::move(writer.definitions);
  return schema;
}

std::string pretty_json(const Json& value) {
  std::string out;
  print(value, "", out);
  return out + "\n";
}

}  // namespace lockstep::app
