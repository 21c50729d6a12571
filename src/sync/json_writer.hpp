// Appends JSON text without building a value first: for what is written on every change.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace lockstep::sync {

// The caller puts commas and brackets; each function appends one complete token or value.
void append_json_string(std::string& out, std::string_view text);
void append_json_integer(std::string& out, std::uint64_t value);
void append_json_value(std::string& out, const Json& value);

}  // namespace lockstep::sync
