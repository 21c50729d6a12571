// Shapes as JSON Schema (draft 2020-12), for editors.
#pragma once

#include <string>

#include "app/config/shape.hpp"

namespace lockstep::app {

// Named shapes become definitions under "$defs".
Json to_json_schema(const Shape& root);

// Indented by two spaces, with a newline at the end.
std::string pretty_json(const Json& value);

}  // namespace lockstep::app
