#include "app/config/shape.hpp"

#include <algorithm>

namespace lockstep::app {

const Key* Shape::find(std::string_view key) const {
  const auto at = std::ranges::find_if(keys, [&](const Key& k) { return k.name == key; });
  return at == keys.end() ? nullptr : &*at;
}

namespace shapes {
namespace {

Shape of(ShapeKind kind) {
  Shape shape;
  shape.kind = kind;
  return shape;
}

Shape bounded(ShapeKind kind, std::int64_t minimum, std::int64_t maximum) {
  Shape shape = of(kind);
  shape.minimum = minimum;
  shape.maximum = maximum;
  return shape;
}

}  // namespace

Shape any() { return of(ShapeKind::any); }
Shape boolean() { return of(ShapeKind::boolean); }
Shape integer(std::int64_t minimum, std::int64_t maximum) { return bounded(ShapeKind::integer, minimum, maximum); }
Shape text(std::int64_t bytes_limit) { return bounded(ShapeKind::text, 1, bytes_limit); }

Shape matching(std::string pattern, std::string expects) {
  Shape shape = of(ShapeKind::text);
  shape.minimum = 0;
  shape.pattern = std::move(pattern);
  shape.expects = std::move(expects);
  return shape;
}

Shape choice(std::vector<std::string> choices) {
  Shape shape = of(ShapeKind::choice);
  shape.choices = std::move(choices);
  return shape;
}

Shape duration(std::int64_t microseconds_minimum, std::int64_t microseconds_maximum) {
  return bounded(ShapeKind::duration, microseconds_minimum, microseconds_maximum);
}

Shape size(std::int64_t bytes_minimum, std::int64_t bytes_maximum) {
  return bounded(ShapeKind::size, bytes_minimum, bytes_maximum);
}

Shape list(Shape item, std::int64_t count_minimum, std::int64_t count_maximum) {
  Shape shape = bounded(ShapeKind::list, count_minimum, count_maximum);
  shape.items.push_back(std::move(item));
  return shape;
}

Shape map(std::string pattern, std::string expects, Shape value, std::int64_t count_minimum,
          std::int64_t count_maximum) {
  Shape shape = bounded(ShapeKind::map, count_minimum, count_maximum);
  shape.pattern = std::move(pattern);
  shape.expects = std::move(expects);
  shape.items.push_back(std::move(value));
  return shape;
}

Shape object(std::vector<Key> keys) {
  Shape shape = of(ShapeKind::object);
  shape.keys = std::move(keys);
  return shape;
}

Shape either(std::vector<Shape> alternatives) {
  Shape shape = of(ShapeKind::either);
  shape.items = std::move(alternatives);
  return shape;
}

Shape secret() {
  Shape shape = object({
      {.name = "env",
       .shape = matching("[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable"),
       .doc = "The environment variable that holds the value."},
      {.name = "file",
       .shape = text(),
       .doc = "The file that holds the value; relative to the folder of the configuration. One newline at its end is "
              "cut off."},
  });
  shape.exactly_one_of = {{"env", "file"}};
  shape.example = "{env: LOCKSTEP_API_KEY}";
  return named("secret", "Where a secret is: in an environment variable or in a file, never in this file itself.",
               std::move(shape));
}

Shape text_or_reference(Shape text) { return either({std::move(text), secret()}); }

Shape named(std::string name, std::string doc, Shape shape) {
  shape.name = std::move(name);
  shape.doc = std::move(doc);
  return shape;
}

}  // namespace shapes
}  // namespace lockstep::app
