// PostgreSQL's text form of values -> JSON, the same as to_jsonb() gives for the select list of a table (layout.hpp),
// so that a captured row and a row that was read are equal. Pure.
#pragma once

#include <string_view>

#include "base/json.hpp"

namespace lockstep::postgres {

enum class ValueKind {
  boolean,
  integer,
  floating,
  text,  // text, varchar, uuid, enumerations and everything else, as PostgreSQL writes it; also decimals
  json,
  timestamp,  // with or without zone; sessions run in UTC with ISO dates
  bytes,      // left out of documents
};

enum class Shape { scalar, array };

// `invalid` when the text does not have the kind's form.
Result<Json> to_json(ValueKind kind, Shape shape, std::string_view text);

// {a,"b, c",NULL,{d}} -> nested arrays of elements.
Result<Json> parse_array(ValueKind element, std::string_view text);

}  // namespace lockstep::postgres
