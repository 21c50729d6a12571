#include "connectors/gohighlevel/sandbox/schema.hpp"

#include <algorithm>

namespace lockstep::gohighlevel::sandbox {
namespace {

std::string joined(std::span<const std::string_view> values) {
  std::string out;
  for (const std::string_view value : values) out.append(out.empty() ? "" : ", ").append(value);
  return out;
}

void check_object(const JsonObject& body, Schema schema, const std::string& prefix, std::vector<std::string>& problems);

void check_value(const Json& value, const Property& property, const std::string& path,
                 std::vector<std::string>& problems) {
  if (value.is_null()) {
    if (property.null == Null::refused) problems.push_back(path + " should not be null");
    return;
  }
  switch (property.kind) {
    case Kind::text:
      if (!value.is_string()) {
        problems.push_back(path + " must be a string");
      } else if (!property.values.empty() &&
                 std::ranges::find(property.values, std::string_view(value.get_string())) == property.values.end()) {
        problems.push_back(path + " must be one of the following values: " + joined(property.values));
      }
      return;
    case Kind::number:
      if (!value.is_number()) problems.push_back(path + " must be a number conforming to the specified constraints");
      return;
    case Kind::boolean:
      if (!value.is_bool()) problems.push_back(path + " must be a boolean value");
      return;
    case Kind::object:
      if (!value.is_object()) {
        problems.push_back(path + " must be an object");
      } else if (!property.members.empty()) {
        check_object(value.get_object(), property.members, path + ".", problems);
      }
      return;
    case Kind::texts:
      if (!value.is_array()) {
        problems.push_back(path + " must be an array");
      } else if (!std::ranges::all_of(value.get_array(), [](const Json& item) { return item.is_string(); })) {
        problems.push_back("each value in " + path + " must be a string");
      }
      return;
    case Kind::objects: {
      if (!value.is_array()) {
        problems.push_back(path + " must be an array");
        return;
      }
      std::size_t index = 0;
      for (const Json& item : value.get_array()) {
        const std::string at = path + "." + std::to_string(index++);
        if (!item.is_object()) {
          problems.push_back(at + " must be an object");
        } else if (!property.members.empty()) {
          check_object(item.get_object(), property.members, at + ".", problems);
        }
      }
      return;
    }
    case Kind::anything: return;
  }
}

void check_object(const JsonObject& body, Schema schema, const std::string& prefix,
                  std::vector<std::string>& problems) {
  for (const auto& item : body) {
    const auto property = std::ranges::find(schema, std::string_view(item.key()), &Property::name);
    if (property == schema.end()) {
      problems.push_back(prefix + "property " + std::string(item.key()) + " should not exist");
    } else {
      check_value(item.value(), *property, prefix + std::string(item.key()), problems);
    }
  }
  for (const Property& property : schema) {
    if (property.need == Need::required && !body.contains(property.name)) {
      problems.push_back(prefix + std::string(property.name) + " should not be empty");
    }
  }
}

}  // namespace

std::vector<std::string> validate(const JsonObject& body, Schema schema) {
  std::vector<std::string> problems;
  check_object(body, schema, "", problems);
  return problems;
}

}  // namespace lockstep::gohighlevel::sandbox
