// What a part of the configuration must look like, as data. The loader checks files against shapes, `lockstep schema`
// writes them as JSON Schema and as the reference in docs/configuration.md: one table, three readers.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace lockstep::app {

struct Key;

enum class ShapeKind {
  any,  // every value; checked by somebody else
  boolean,
  integer,   // minimum … maximum
  decimal,   // minimum … maximum
  text,      // pattern, bytes minimum … maximum
  choice,    // one of `choices`
  duration,  // "250ms", "30s", "5m", "24h", "7d"; microseconds minimum … maximum; or one of `choices`
  size,      // "64KiB", "2MiB"; bytes minimum … maximum
  list,      // items[0]; count minimum … maximum
  map,       // keys match `pattern`, values items[0]; count minimum … maximum
  object,    // `keys`, and nothing else except keys that match `ignored`
  either,    // the first of `items` that takes this kind of value
  variant,   // an object; the text at `selector` chooses among `choices`, items[i] is the object for choices[i]
};

struct Shape {
  ShapeKind kind = ShapeKind::any;
  std::string name;     // its definition in the JSON Schema and its heading in the reference; "" for inline ones
  std::string doc;      // what it is, one or two sentences
  std::string pattern;  // ECMAScript, matches the whole text
  std::string expects;  // what the pattern wants, for people: "a name such as crm or billing_db"
  std::int64_t minimum = std::numeric_limits<std::int64_t>::min();
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
  std::vector<std::string> choices;
  std::vector<Shape> items;
  std::vector<Key> keys;
  std::vector<std::vector<std::string>> exactly_one_of;  // object: of each group one key must be there
  std::string ignored;                                   // object: keys that match are not looked at
  std::string selector;                                  // variant
  Json raw_schema;                                       // any: what the JSON Schema says about it, null for nothing
  std::string example;                                   // YAML, for the reference

  const Key* find(std::string_view key) const;
};

enum class Presence { required, optional };

struct Key {
  std::string name = {};
  Shape shape = {};
  std::string doc = {};
  Presence presence = Presence::optional;
  std::string fallback = {};  // the default as written in YAML, "" when there is none
  bool secret = false;        // a literal is refused with advice
};

namespace shapes {

Shape any();
Shape boolean();
Shape integer(std::int64_t minimum, std::int64_t maximum);
Shape text(std::int64_t bytes_limit = 1024);
Shape matching(std::string pattern, std::string expects);
Shape choice(std::vector<std::string> choices);
Shape duration(std::int64_t microseconds_minimum, std::int64_t microseconds_maximum);
Shape size(std::int64_t bytes_minimum, std::int64_t bytes_maximum);
Shape list(Shape item, std::int64_t count_minimum, std::int64_t count_maximum);
Shape map(std::string pattern, std::string expects, Shape value, std::int64_t count_minimum,
          std::int64_t count_maximum);
Shape object(std::vector<Key> keys);
Shape either(std::vector<Shape> alternatives);
// {env: NAME} or {file: path}.
Shape secret();
// A text, or {env: NAME} or {file: path}.
Shape text_or_reference(Shape text);

// The same shape with a name and a description.
Shape named(std::string name, std::string doc, Shape shape);

}  // namespace shapes

// The settings of a connector (Factory::settings_schema) as a shape. Of JSON Schema: type, properties, required,
// additionalProperties, items, enum, pattern, minimum, maximum, minLength, maxLength, minItems, maxItems,
// default, description, examples; "format": "duration"; and "writeOnly": true for secrets (by default
// also texts named token, secret, password, api_key, private_key or ending so). Anything cleverer is left
// to the connector's check_settings().
Result<Shape> shape_from_settings_schema(const Json& schema);

}  // namespace lockstep::app
