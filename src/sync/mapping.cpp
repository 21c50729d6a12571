#include "sync/mapping.hpp"

#include <algorithm>

#include "sync/converters.hpp"
#include "sync/normalize.hpp"
#include "sync/path.hpp"

namespace lockstep::sync {
namespace {

// Errors name the field and its path, never the value (O4).
Error about(const FieldBinding& binding, const Error& error) {
  std::string where = "field '" + binding.field + "'";
  if (!binding.path.empty()) where += " at '" + binding.path + "'";
  return {error.kind, where + ": " + error.message, error.retry_after};
}

Error about(const FieldBinding& binding, std::string problem) {
  return about(binding, Error{ErrorKind::invalid, std::move(problem), {}});
}

// Bindings usually stand in the order of the entity's fields, so the next one is tried before searching.
class FieldFinder {
 public:
  explicit FieldFinder(const EntitySchema& entity) : entity_(entity) {}
  const FieldSchema* find(const std::string& name) {
    for (std::size_t tries = 0; tries < 2 && next_ < entity_.fields.size(); ++tries) {
      const FieldSchema& field = entity_.fields[next_++];
      if (field.name == name) return &field;
    }
    const FieldSchema* field = entity_.find(name);
    if (field != nullptr) next_ = static_cast<std::size_t>(field - entity_.fields.data()) + 1;
    return field;
  }

 private:
  const EntitySchema& entity_;
  std::size_t next_ = 0;
};

// A document, and what expressions see of it: copied once, when the first of them asks.
class Reading {
 public:
  explicit Reading(const Json& document) : document_(document) {}
  const Json& document() const { return document_; }
  const JsonObject& names() {
    if (names_.empty()) names_.emplace("doc", document_);
    return names_;
  }

 private:
  const Json& document_;
  JsonObject names_;
};

// The normalized value of one binding, or nothing where the document has none.
Result<std::optional<Json>> read_binding(const FieldSchema& field, const FieldBinding& binding, Reading& reading,
                                         Expressions& expressions) {
  if (!binding.read_expression.empty()) {
    auto value = expressions.evaluate_optional(binding.read_expression, reading.names());
    if (!value) return fail(about(binding, value.error()));
    if (!*value) return std::optional<Json>();
    return std::optional<Json>(normalize(field, **value));
  }
  const Json* held = get_path(reading.document(), binding.path);
  if (held == nullptr) return std::optional<Json>();
  if (binding.converter.empty()) return std::optional<Json>(normalize(field, *held));
  const Converter* converter = find_converter(binding.converter);
  if (converter == nullptr) return fail(about(binding, "unknown converter '" + binding.converter + "'"));
  return std::optional<Json>(normalize(field, convert_in(*converter, *held, binding.converter_options)));
}

Result<Json> said(const FieldBinding& binding, const Json& value, const Fields& values, Expressions& expressions) {
  if (!binding.write_expression.empty()) {
    JsonObject record;
    for (const auto& [name, other] : values) record.emplace(name, other);
    auto out = expressions.evaluate_optional(binding.write_expression,
                                             JsonObject{{"value", value}, {"record", std::move(record)}});
    if (!out) return fail(about(binding, out.error()));
    if (!*out) return fail(about(binding, "the write expression gives nil; null is written as `null`"));
    return **std::move(out);
  }
  if (binding.converter.empty()) return value;
  const Converter* converter = find_converter(binding.converter);
  if (converter == nullptr) return fail(about(binding, "unknown converter '" + binding.converter + "'"));
  auto out = convert_out(*converter, value, binding.converter_options);
  if (!out) return fail(about(binding, out.error()));
  return out;
}

// A binding that is never read has nothing to compare with, when only an expression knows its form.
bool is_checkable(const FieldBinding& binding) {
  return binding.direction == Direction::both || binding.write_expression.empty();
}

bool is_written(const FieldBinding& binding, const Fields& values) {
  return binding.direction != Direction::read && values.contains(binding.field);
}

}  // namespace

Result<Place> place_of(const SystemBinding& binding, const Json& document, Expressions& expressions) {
  if (binding.only.empty()) return Place::inside;
  auto told = expressions.evaluate_optional(binding.only, JsonObject{{"doc", document}});
  if (!told) return fail(told.error().kind, "the filter: " + told.error().message);
  if (!*told) return Place::untold;
  if (!(*told)->is_bool()) return fail(ErrorKind::invalid, "the filter must give true, false or nil");
  return (*told)->get_bool() ? Place::inside : Place::outside;
}

Result<Fields> read_document(const EntitySchema& entity, const SystemBinding& binding, const Json& document,
                             Extent extent, Expressions& expressions) {
  if (!document.is_object()) return fail(ErrorKind::invalid, "the document is not a JSON object");
  Fields fields;
  FieldFinder finder(entity);
  Reading reading(document);
  for (const FieldBinding& bound : binding.fields) {
    if (bound.direction == Direction::write) continue;
    const FieldSchema* field = finder.find(bound.field);
    if (field == nullptr) return fail(about(bound, "the entity has no such field"));
    auto value = read_binding(*field, bound, reading, expressions);
    if (!value) return fail(value.error());
    if (*value) {
      fields.insert_or_assign(fields.end(), bound.field, **std::move(value));
    } else if (extent == Extent::full) {
      fields.insert_or_assign(fields.end(), bound.field, nullptr);
    }
  }
  return fields;
}

Result<Json> write_document(const EntitySchema& entity, const SystemBinding& binding, const Fields& values,
                            Expressions& expressions) {
  Json document = JsonObject();
  for (const FieldBinding& bound : binding.fields) {
    if (!is_written(bound, values)) continue;
    if (auto problem = check_path(bound.path)) return fail(about(bound, *std::move(problem)));
    auto out = said(bound, values.find(bound.field)->second, values, expressions);
    if (!out) return fail(out.error());
    set_path(document, bound.path, *std::move(out));
  }
  // Read back from the whole document: that also finds two bindings that write over each other.
  FieldFinder finder(entity);
  Reading reading(document);
  for (const FieldBinding& bound : binding.fields) {
    if (!is_written(bound, values) || !is_checkable(bound)) continue;
    const FieldSchema* field = finder.find(bound.field);
    if (field == nullptr) return fail(about(bound, "the entity has no such field"));
    auto back = read_binding(*field, bound, reading, expressions);
    if (!back) return fail(back.error());
    if (!*back || **back != values.find(bound.field)->second) {
      return fail(about(bound, "the value would not come back the same from this system"));
    }
  }
  return document;
}

}  // namespace lockstep::sync
