// Named, invertible ways to say a canonical value in a system's terms. Lower case and the like are not here: what they
// lose can not be read back; a field's own normal form (schema.hpp) does that job.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/schema.hpp"

namespace lockstep::sync {

// Law: for every normalized v that put() accepts, normalize(get(put(v))) == v. null and "" pass through both ways
// unless `map` names them (L4), and what a system holds in a form that get() does not know comes out as it is, so that
// validate() can show it (L1).
struct Converter {
  std::string_view name;
  std::string_view summary;
  std::uint32_t types;  // bits of the field types it fits
  // What is wrong with the options, or nothing.
  std::optional<std::string> (*check)(const FieldSchema& field, const Json& options);
  Json (*get)(const Json& held, const Json& options);
  // `invalid` when the system's form can not say the value.
  Result<Json> (*put)(const Json& value, const Json& options);
};

std::span<const Converter> converter_table();
const Converter* find_converter(std::string_view name);

// With the rule about null and "" applied.
Json convert_in(const Converter& converter, const Json& held, const Json& options);
Result<Json> convert_out(const Converter& converter, const Json& value, const Json& options);

// A list of texts in one text: "vip, \"a, b\"". Elements with a comma or a quote at their start are quoted.
Json csv_in(const Json& held, const Json& options);
Result<Json> csv_out(const Json& value, const Json& options);

// Pairs of values. Options: {held: canonical, …}, or a list of [held, canonical] where a system holds something else
// than text.
std::optional<std::string> check_map(const FieldSchema& field, const Json& options);
Json map_in(const Json& held, const Json& options);
Result<Json> map_out(const Json& value, const Json& options);

}  // namespace lockstep::sync
