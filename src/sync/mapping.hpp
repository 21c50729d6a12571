// Mapping: a system's document <-> canonical fields, by paths and named, invertible converters. For every binding
// without an expression get(put(v)) == v holds for normalized v; with expressions it is checked at each write.
#pragma once

#include <string>
#include <vector>

#include "sync/expression.hpp"
#include "sync/input.hpp"
#include "sync/schema.hpp"

namespace lockstep::sync {

struct ConverterInfo {
  std::string name;
  std::string summary;  // one line, for docs and `lockstep check`
};

// "csv" (set <-> "a, b"), "epoch_ms", "epoch_s", "midnight", "cents" (decimal <-> integer minor units), "number", "text",
// "map" (options: {held: canonical}, one to one), "json_text", "not", "prefix" (options: {prefix: …}): docs/mapping.md
const std::vector<ConverterInfo>& converters();

// Problems of a binding found before anything runs (unknown converter, map not one to one, bad expression, path
// syntax), as texts for people; empty when it is fine.
std::vector<std::string> check_binding(const FieldSchema& field, const FieldBinding& binding);

// The same for the filter of a binding.
std::vector<std::string> check_filter(const std::string& expression);

enum class Place { inside, outside, untold };  // untold: the document does not tell
// `invalid` when the filter fails, or gives something else than true, false and nil.
Result<Place> place_of(const SystemBinding& binding, const Json& document, Expressions& expressions);

// The canonical, normalized fields of a document. Fields bound for writing only are left out. A missing path:
// null when `extent` is full, left out when partial. The error names field and path.
Result<Fields> read_document(const EntitySchema& entity, const SystemBinding& binding, const Json& document,
                             Extent extent, Expressions& expressions);

// The document that sets `values` (already in the system's terms where they are references). Only fields bound for
// writing are used. Fails with `invalid` when a value would not come back the same.
Result<Json> write_document(const EntitySchema& entity, const SystemBinding& binding, const Fields& values,
                            Expressions& expressions);

// Dotted path access: "a.b.c"; a dot inside a name is written "\.".
const Json* get_path(const Json& document, std::string_view path);
void set_path(Json& document, std::string_view path, Json value);

}  // namespace lockstep::sync
