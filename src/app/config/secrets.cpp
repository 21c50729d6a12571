#include "app/config/secrets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/config/limits.hpp"
#include "app/config/password.hpp"

namespace lockstep::app {
namespace {

void cut_newline(std::string& text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

}  // namespace

std::optional<std::string> Secrets::resolve(const Node& reference, const std::string& where) {
  const auto missing = [&](const Node& at, std::string message, std::string hint) {
    problems_.add(at.mark, where, std::move(message), std::move(hint), ProblemKind::environment);
    return std::nullopt;
  };
  std::string value;
  if (const Node* name = reference.find("env")) {
    const auto found = environment_.variable(name->text);
    if (!found)
      return missing(*name, fmt::format("the environment variable {} is not set", name->text),
                     "set it before starting");
    if (found->empty()) return missing(*name, fmt::format("the environment variable {} is empty", name->text), "");
    value = *found;
  } else if (const Node* path = reference.find("file")) {
    const std::filesystem::path full = std::filesystem::path(folder_) / path->text;
    auto found = environment_.file(full.string(), secret_bytes_limit);
    if (!found) return missing(*path, found.error().message, "");
    value = std::move(*found);
    cut_newline(value);
    if (value.empty()) return missing(*path, fmt::format("{} is empty", full.string()), "");
  }
  const auto keep = [&](const std::string& secret) {
    if (std::ranges::find(values_, secret) == values_.end()) values_.push_back(secret);
  };
  keep(value);
  // An error of the database's driver may quote a part of a connection string.
  for (const std::string& password : passwords_in(value)) keep(password);
  return value;
}

std::optional<Json> Secrets::to_json(const Shape& shape, const Node& node, const std::string& where) {
  if (shape.name == "secret" && node.is(Node::Kind::map)) {
    const auto value = resolve(node, where);
    if (!value) return std::nullopt;
    return Json(*value);
  }
  switch (shape.kind) {
    case ShapeKind::either:
      for (const auto& alternative : shape.items) {
        const bool is_reference = alternative.name == "secret";
        if (is_reference == node.is(Node::Kind::map)) return to_json(alternative, node, where);
      }
      break;
    case ShapeKind::list: {
      JsonArray items;
      bool complete = true;
      for (const auto& item : node.items) {
        auto value = to_json(shape.items[0], item, where);
        if (value)
          items.push_back(std::move(*value));
        else
          complete = false;
      }
      if (!complete) return std::nullopt;
      return items;
    }
    case ShapeKind::map:
    case ShapeKind::object: {
      JsonObject object;
      bool complete = true;
      for (const auto& member : node.members) {
        const Key* key = shape.kind == ShapeKind::object ? shape.find(member.key) : nullptr;
        if (shape.kind == ShapeKind::object && key == nullptr) continue;
        const Shape& inner = key == nullptr ? shape.items[0] : key->shape;
        auto value = to_json(inner, member.value, where + "." + member.key);
        if (value)
          object[member.key] = std::move(*value);
        else
          complete = false;
      }
      if (!complete) return std::nullopt;
      return object;
    }
    default: break;
  }
  return app::to_json(node);
}

}  // namespace lockstep::app
