#include "app/config/reference.hpp"

#include <fmt/format.h>

#include <deque>
#include <set>
#include <vector>

#include "app/config/units.hpp"

namespace lockstep::app {
namespace {

std::string title(const Shape& shape) {
  constexpr std::string_view connector = "connector_";
  if (shape.name.starts_with(connector)) return "connector: " + shape.name.substr(connector.size());
  std::string text = shape.name;
  for (char& c : text) {
    if (c == '_') c = ' ';
  }
  return text;
}

// As GitHub makes anchors out of headings.
std::string anchor(const Shape& shape) {
  std::string text;
  for (const char c : title(shape)) {
    if (c == ' ')
      text += '-';
    else if (c != ':')
      text += c;
  }
  return text;
}

// A "|" would end the cell of a table.
std::string cell(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string range(const Shape& shape, const auto& write) {
  const Shape unbounded;
  if (shape.minimum == unbounded.minimum && shape.maximum == unbounded.maximum) return {};
  if (shape.maximum == unbounded.maximum) return fmt::format(", at least {}", write(shape.minimum));
  if (shape.minimum == unbounded.minimum) return fmt::format(", at most {}", write(shape.maximum));
  return shape.minimum == shape.maximum ? fmt::format(" {}", write(shape.minimum))
                                        : fmt::format(", {} to {}", write(shape.minimum), write(shape.maximum));
}

std::string type(const Shape& shape) {
  const auto plain = [](std::int64_t value) { return std::to_string(value); };
  if (!shape.name.empty()) return fmt::format("[{}](#{})", title(shape), anchor(shape));
  switch (shape.kind) {
    case ShapeKind::any: return "any";
    case ShapeKind::boolean: return "true or false";
    case ShapeKind::integer: return "whole number" + range(shape, plain);
    case ShapeKind::decimal: return "number" + range(shape, plain);
    case ShapeKind::text: return shape.expects.empty() ? "text" : shape.expects;
    case ShapeKind::choice: return fmt::format("`{}`", fmt::join(shape.choices, "`, `"));
    case ShapeKind::duration: {
      std::string text = "duration" + range(shape, [](std::int64_t value) { return to_text(Duration(value)); });
      for (const auto& choice : shape.choices) text += fmt::format(", or `{}`", choice);
      return text;
    }
    case ShapeKind::size: return "size" + range(shape, size_to_text);
    case ShapeKind::list: return "list of " + type(shape.items[0]);
    case ShapeKind::map: return "map of " + type(shape.items[0]);
    case ShapeKind::object:
    case ShapeKind::variant: return "map";
    case ShapeKind::either: {
      std::vector<std::string> alternatives;
      for (const auto& item : shape.items) alternatives.push_back(type(item));
      return fmt::format("{}", fmt::join(alternatives, "; or "));
    }
  }
  return "?";
}

class Reference {
 public:
  std::string write(const Shape& root) {
    queue(root);
    while (!queued_.empty()) {
      const Shape* shape = queued_.front();
      queued_.pop_front();
      section(*shape);
    }
    return text_;
  }

 private:
  void queue(const Shape& shape) {
    if (shape.name.empty()) return look_inside(shape);
    if (seen_.insert(shape.name).second) queued_.push_back(&shape);
  }

  void look_inside(const Shape& shape) {
    for (const auto& item : shape.items) queue(item);
    for (const auto& key : shape.keys) queue(key.shape);
  }

  void section(const Shape& shape) {
    text_ += fmt::format("### {}\n\n{}\n\n", title(shape), shape.doc);
    if (shape.kind == ShapeKind::variant) {
      text_ += fmt::format("`{}` is one of:", shape.selector);
      for (const auto& item : shape.items) text_ += " " + type(item);
      text_ += ".\n\n";
    } else if (!rows(shape).empty()) {
      text_ += "| key | type | default | meaning |\n| --- | --- | --- | --- |\n" + rows(shape) + "\n";
    }
    for (const auto& group : shape.exactly_one_of)
      text_ += fmt::format("Exactly one of `{}` must be there.\n\n", fmt::join(group, "`, `"));
    if (!shape.example.empty()) {
      text_ += fmt::format("```yaml\n{}{}```\n\n", shape.example, shape.example.ends_with('\n') ? "" : "\n");
    }
    look_inside(shape);
  }

  // The keys of an object, of the objects among alternatives, and of objects without a name below.
  std::string rows(const Shape& shape, const std::string& prefix = {}) {
    std::string table;
    for (const auto& item : shape.items) {
      if (shape.kind == ShapeKind::either && item.name.empty()) table += rows(item, prefix);
    }
    for (const auto& key : shape.keys) {
      const std::string fallback = key.presence == Presence::required ? "required"
                                   : key.fallback.empty()             ? ""
                                                                      : "`" + key.fallback + "`";
      table += fmt::format("| `{}{}` | {} | {} | {} |\n", prefix, key.name, cell(type(key.shape)), cell(fallback),
                           cell(key.doc));
      if (key.shape.name.empty()) table += rows(key.shape, prefix + key.name + ".");
    }
    return table;
  }

  std::deque<const Shape*> queued_;
  std::set<std::string> seen_;
  std::string text_;
};

}  // namespace

std::string to_reference(const Shape& root) { return Reference().write(root); }

}  // namespace lockstep::app
