#include "app/config/shape_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <regex>

#include "app/config/limits.hpp"
#include "app/config/password.hpp"
#include "app/config/suggest.hpp"
#include "app/config/units.hpp"

namespace lockstep::app {
namespace {

using Kind = Node::Kind;

std::string join_place(const std::string& where, std::string_view key) {
  return where.empty() ? std::string(key) : where + "." + std::string(key);
}

// What kinds of value a shape takes, for choosing among alternatives and for messages.
bool takes(const Shape& shape, Kind kind) {
  switch (shape.kind) {
    case ShapeKind::any: return true;
    case ShapeKind::boolean: return kind == Kind::boolean;
    case ShapeKind::integer: return kind == Kind::integer;
    case ShapeKind::decimal: return kind == Kind::integer || kind == Kind::decimal;
    case ShapeKind::text:
    case ShapeKind::choice:
    case ShapeKind::duration:
    case ShapeKind::size: return kind == Kind::text;
    case ShapeKind::list: return kind == Kind::list;
    case ShapeKind::map:
    case ShapeKind::object:
    case ShapeKind::variant: return kind == Kind::map;
    case ShapeKind::either:
      return std::ranges::any_of(shape.items, [&](const Shape& item) { return takes(item, kind); });
  }
  return false;
}

std::string wanted(const Shape& shape) {
  switch (shape.kind) {
    case ShapeKind::any: return "anything";
    case ShapeKind::boolean: return "true or false";
    case ShapeKind::integer: return "a whole number";
    case ShapeKind::decimal: return "a number";
    case ShapeKind::text: return shape.expects.empty() ? "a text" : shape.expects;
    case ShapeKind::choice: return fmt::format("one of {}", fmt::join(shape.choices, ", "));
    case ShapeKind::duration:
      return shape.choices.empty() ? "a duration such as 30s, 5m or 24h" : "a duration such as 30s, or never";
    case ShapeKind::size: return "a size such as 64KiB or 2MiB";
    case ShapeKind::list: return "a list";
    case ShapeKind::map:
    case ShapeKind::object:
    case ShapeKind::variant: return shape.name == "secret" ? "{env: NAME} or {file: path}" : "a map";
    case ShapeKind::either: {
      std::vector<std::string> all;
      for (const auto& item : shape.items) all.push_back(wanted(item));
      return fmt::format("{}", fmt::join(all, ", or "));
    }
  }
  return "?";
}

class Checker {
 public:
  Checker(Problems& problems, BadNodes& bad) : problems_(problems), bad_(bad) {}

  bool check(const Shape& shape, const Node& node, const std::string& where) {
    const bool fine = check_kind(shape, node, where);
    if (!fine) bad_.insert(&node);
    return fine;
  }

 private:
  bool wrong(const Node& node, const std::string& where, std::string message, std::string hint = {}) {
    problems_.add(node.mark, where, std::move(message), std::move(hint));
    return false;
  }

  bool check_kind(const Shape& shape, const Node& node, const std::string& where) {
    if (!takes(shape, node.kind)) return wrong_kind(shape, node, where);
    switch (shape.kind) {
      case ShapeKind::any:
      case ShapeKind::boolean: return true;
      case ShapeKind::integer:
      case ShapeKind::decimal: return check_number(shape, node, where);
      case ShapeKind::text: return check_text(shape, node, where);
      case ShapeKind::choice: return check_choice(shape, node, where);
      case ShapeKind::duration: return check_duration(shape, node, where);
      case ShapeKind::size: return check_size(shape, node, where);
      case ShapeKind::list: return check_list(shape, node, where);
      case ShapeKind::map: return check_map(shape, node, where);
      case ShapeKind::object: return check_object(shape, node, where);
      case ShapeKind::either:
        return check(*std::ranges::find_if(shape.items, [&](const Shape& item) { return takes(item, node.kind); }),
                     node, where);
      case ShapeKind::variant: return check_variant(shape, node, where);
    }
    return false;
  }

  bool wrong_kind(const Shape& shape, const Node& node, const std::string& where) {
    if (node.kind == Kind::null) return wrong(node, where, fmt::format("a value is missing: {}", wanted(shape)));
    const bool scalar = node.kind == Kind::boolean || node.kind == Kind::integer || node.kind == Kind::decimal;
    std::string hint;
    if (scalar && takes(shape, Kind::text)) hint = fmt::format("write it in quotes: \"{}\"", node.text);
    if (node.kind == Kind::text && shape.kind == ShapeKind::boolean) hint = boolean_hint(node.text);
    if (node.kind == Kind::text && shape.kind == ShapeKind::list) hint = "write it in brackets";
    return wrong(node, where, fmt::format("this must be {}, not {}", wanted(shape), to_string(node.kind)), hint);
  }

  static std::string boolean_hint(const std::string& text) {
    if (text == "yes" || text == "on" || text == "True" || text == "TRUE") return "write true";
    if (text == "no" || text == "off" || text == "False" || text == "FALSE") return "write false";
    return {};
  }

  bool check_number(const Shape& shape, const Node& node, const std::string& where) {
    const Json value = to_json(node);
    const double number = value.is_int64() ? static_cast<double>(value.get_int64()) : value.get_double();
    if (shape.kind == ShapeKind::integer && !value.is_int64()) return wrong(node, where, "this number is too large");
    if (number < static_cast<double>(shape.minimum) || number > static_cast<double>(shape.maximum)) {
      return wrong(node, where, fmt::format("{} is out of range", node.text),
                   shape.minimum == shape.maximum ? fmt::format("only {} is allowed", shape.minimum)
                                                  : fmt::format("{} to {} are allowed", shape.minimum, shape.maximum));
    }
    return true;
  }

  bool check_text(const Shape& shape, const Node& node, const std::string& where) {
    const auto length = static_cast<std::int64_t>(node.text.size());
    if (length < shape.minimum) {
      return wrong(
          node, where,
          length == 0 ? "this must not be empty" : fmt::format("this is too short: {} bytes at least", shape.minimum));
    }
    if (length > shape.maximum)
      return wrong(node, where, fmt::format("{} bytes are too long", length),
                   fmt::format("the limit is {}", shape.maximum));
    if (!passwords_in(node.text).empty()) {
      return wrong(node, where, "a password does not belong in this file", "write {env: NAME} or {file: path}");
    }
    if (!matches(shape.pattern, node.text)) {
      return wrong(node, where, fmt::format("\"{}\" does not fit", shown(node.text)), expectation(shape));
    }
    return true;
  }

  static std::string shown(const std::string& text) { return text.size() <= 60 ? text : text.substr(0, 57) + "..."; }

  static std::string expectation(const Shape& shape) {
    return shape.expects.empty() ? fmt::format("the pattern is {}", shape.pattern) : "this must be " + shape.expects;
  }

  bool check_choice(const Shape& shape, const Node& node, const std::string& where) {
    if (std::ranges::find(shape.choices, node.text) != shape.choices.end()) return true;
    return wrong(node, where, fmt::format("\"{}\" is not known", shown(node.text)), suggest(node.text, shape.choices));
  }

  bool check_duration(const Shape& shape, const Node& node, const std::string& where) {
    if (std::ranges::find(shape.choices, node.text) != shape.choices.end()) return true;
    const auto value = parse_duration(node.text);
    if (!value) {
      return wrong(node, where, fmt::format("\"{}\" is no duration", shown(node.text)),
                   "write a whole number and ms, s, m, h or d: 30s");
    }
    if (value->count() < shape.minimum || value->count() > shape.maximum) {
      return wrong(
          node, where, fmt::format("{} is out of range", node.text),
          fmt::format("{} to {} are allowed", to_text(Duration(shape.minimum)), to_text(Duration(shape.maximum))));
    }
    return true;
  }

  bool check_size(const Shape& shape, const Node& node, const std::string& where) {
    const auto value = parse_size(node.text);
    if (!value) {
      return wrong(node, where, fmt::format("\"{}\" is no size", shown(node.text)),
                   "write a whole number and B, KiB, MiB or GiB: 2MiB");
    }
    if (*value < shape.minimum || *value > shape.maximum) {
      return wrong(node, where, fmt::format("{} is out of range", node.text),
                   fmt::format("{} to {} are allowed", size_to_text(shape.minimum), size_to_text(shape.maximum)));
    }
    return true;
  }

  bool check_count(const Shape& shape, const Node& node, const std::string& where, std::size_t count) {
    if (static_cast<std::int64_t>(count) < shape.minimum) {
      return wrong(node, where,
                   fmt::format("at least {} must be here, there {}", shape.minimum,
                               count == 1 ? "is 1" : fmt::format("are {}", count)));
    }
    if (static_cast<std::int64_t>(count) > shape.maximum) {
      return wrong(node, where, fmt::format("{} are too many", count), fmt::format("the limit is {}", shape.maximum));
    }
    return true;
  }

  bool check_list(const Shape& shape, const Node& node, const std::string& where) {
    bool fine = check_count(shape, node, where, node.items.size());
    for (std::size_t index = 0; index < node.items.size(); ++index) {
      const Node& item = node.items[index];
      // A list of things with an id is easier to find by it.
      const Node* id = item.find("id");
      const std::string label = id != nullptr && id->is(Kind::text) ? shown(id->text) : std::to_string(index);
      fine = check(shape.items[0], item, fmt::format("{}[{}]", where, label)) && fine;
    }
    return fine;
  }

  bool check_map(const Shape& shape, const Node& node, const std::string& where) {
    bool fine = check_count(shape, node, where, node.members.size());
    for (const auto& member : node.members) {
      if (!matches(shape.pattern, member.key)) {
        problems_.add(member.mark, where, fmt::format("\"{}\" does not fit", shown(member.key)), expectation(shape));
        fine = false;
      }
      fine = check(shape.items[0], member.value, join_place(where, member.key)) && fine;
    }
    return fine;
  }

  bool check_object(const Shape& shape, const Node& node, const std::string& where) {
    bool fine = true;
    for (const auto& member : node.members) fine = check_member(shape, member, where) && fine;
    for (const auto& key : shape.keys) {
      if (key.presence != Presence::required || node.find(key.name) != nullptr) continue;
      fine = wrong(node, where, fmt::format("\"{}\" is missing", key.name), key.doc);
    }
    for (const auto& group : shape.exactly_one_of) {
      const auto present =
          std::ranges::count_if(group, [&](const std::string& name) { return node.find(name) != nullptr; });
      if (present != 1)
        fine = wrong(node, where, fmt::format("exactly one of {} must be here", fmt::join(group, ", ")));
    }
    return fine;
  }

  bool check_member(const Shape& shape, const Member& member, const std::string& where) {
    const Key* key = shape.find(member.key);
    if (key == nullptr) {
      if (!shape.ignored.empty() && matches(shape.ignored, member.key)) return true;
      std::vector<std::string> known;
      for (const auto& k : shape.keys) known.push_back(k.name);
      problems_.add(member.mark, where, fmt::format("unknown key \"{}\"", shown(member.key)),
                    suggest(member.key, known));
      return false;
    }
    const std::string place = join_place(where, member.key);
    const bool literal =
        member.value.kind != Kind::map && member.value.kind != Kind::list && member.value.kind != Kind::null;
    if (key->secret && literal) {
      bad_.insert(&member.value);
      return wrong(member.value, place, "a secret does not belong in this file",
                   fmt::format("write {{env: NAME}} or {{file: path}}, and revoke it if this file was ever shared"));
    }
    return check(key->shape, member.value, place);
  }

  bool check_variant(const Shape& shape, const Node& node, const std::string& where) {
    const Node* selector = node.find(shape.selector);
    if (selector == nullptr) {
      return wrong(node, where, fmt::format("\"{}\" is missing", shape.selector),
                   fmt::format("known here: {}", fmt::join(shape.choices, ", ")));
    }
    const auto at = std::ranges::find(shape.choices, selector->text);
    if (!selector->is(Kind::text) || at == shape.choices.end()) {
      return wrong(*selector, join_place(where, shape.selector),
                   fmt::format("\"{}\" is not known", shown(selector->text)), suggest(selector->text, shape.choices));
    }
    return check_object(shape.items[static_cast<std::size_t>(at - shape.choices.begin())], node, where);
  }

  bool matches(const std::string& pattern, const std::string& text) {
    if (pattern.empty()) return true;
    if (text.size() > pattern_bytes_limit) return false;
    auto at = patterns_.find(pattern);
    if (at == patterns_.end()) at = patterns_.emplace(pattern, std::regex(pattern, std::regex::ECMAScript)).first;
    return std::regex_match(text, at->second);
  }

  Problems& problems_;
  BadNodes& bad_;
  std::map<std::string, std::regex> patterns_;
};

}  // namespace

bool check_shape(const Shape& shape, const Node& node, const std::string& where, Problems& problems, BadNodes& bad) {
  return Checker(problems, bad).check(shape, node, where);
}

}  // namespace lockstep::app
