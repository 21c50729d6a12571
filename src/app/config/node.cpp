#include "app/config/node.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace lockstep::app {

const Member* Node::find_member(std::string_view key) const {
  const auto at = std::ranges::find_if(members, [&](const Member& member) { return member.key == key; });
  return at == members.end() ? nullptr : &*at;
}

const Node* Node::find(std::string_view key) const {
  const Member* member = find_member(key);
  return member == nullptr ? nullptr : &member->value;
}

std::string_view to_string(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::null: return "nothing";
    case Node::Kind::boolean: return "true or false";
    case Node::Kind::integer: return "a whole number";
    case Node::Kind::decimal: return "a number";
    case Node::Kind::text: return "a text";
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a map";
  }
  return "?";
}

Json to_json(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return nullptr;
    case Node::Kind::boolean: return node.text == "true";
    case Node::Kind::integer: {
      const char* from = node.text.c_str() + (node.text.starts_with('+') ? 1 : 0);
      std::int64_t value = 0;
      const auto read = std::from_chars(from, node.text.c_str() + node.text.size(), value);
      if (read.ec == std::errc()) return value;
      return std::strtod(node.text.c_str(), nullptr);
    }
    case Node::Kind::decimal: return std::strtod(node.text.c_str(), nullptr);
    case Node::Kind::text: return Json(node.text);
    case Node::Kind::list: {
      JsonArray items;
      for (const auto& item : node.items) items.push_back(to_json(item));
      return items;
    }
    case Node::Kind::map: {
      JsonObject object;
      for (const auto& member : node.members) object[member.key] = to_json(member.value);
      return object;
    }
  }
  return nullptr;
}

}  // namespace lockstep::app
