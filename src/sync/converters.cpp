#include "sync/converters.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "sync/mapping.hpp"
#include "sync/normalize.hpp"
#include "sync/normalize_number.hpp"
#include "sync/normalize_text.hpp"
#include "sync/normalize_time.hpp"

namespace lockstep::sync {
namespace {

std::string_view view(const Json& value) {
  const auto* text = value.if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

Json text_value(std::string_view text) { return Json(boost::json::string_view(text.data(), text.size())); }

// Only the named options, and those of the right kind.
std::optional<std::string> no_options(const FieldSchema&, const Json& options) {
  if (options.is_null()) return std::nullopt;
  return "takes no options";
}

std::optional<std::string> check_separator(const FieldSchema&, const Json& options) {
  if (options.is_null()) return std::nullopt;
  const std::string_view separator = string_member(options, "separator");
  const bool known = options.is_object() && options.get_object().size() == 1;
  if (known && separator.size() == 1 && std::string_view("\" \t\r\n").find(separator) == std::string_view::npos &&
      static_cast<unsigned char>(separator[0]) > ' ' && static_cast<unsigned char>(separator[0]) < 0x7F) {
    return std::nullopt;
  }
  return "takes one option, `separator`: a single character such as ; or |";
}

// --- numbers ---

constexpr std::int64_t minor_digits_limit = 6;

int minor_digits(const Json& options) {
  const Json* digits = find_member(options, "digits");
  return digits != nullptr && digits->is_int64() ? static_cast<int>(digits->get_int64()) : 2;
}

std::optional<std::string> check_digits(const FieldSchema&, const Json& options) {
  if (options.is_null()) return std::nullopt;
  const Json* digits = find_member(options, "digits");
  if (digits != nullptr && digits->is_int64() && digits->get_int64() >= 0 &&
      digits->get_int64() <= minor_digits_limit && options.get_object().size() == 1) {
    return std::nullopt;
  }
  return "takes one option, `digits`: how many decimals the minor unit has, 0 to 6";
}

Json cents_in(const Json& held, const Json& options) {
  const auto decimal = decimal_form(trim(text_of(held)));
  if (!decimal || !(held.is_number() || held.is_string())) return held;
  return text_value(shift_decimal(*decimal, -minor_digits(options)));
}

Result<Json> cents_out(const Json& value, const Json& options) {
  if (!is_decimal_form(view(value))) return fail(ErrorKind::invalid, "is not a number");
  auto minor = integer_form(shift_decimal(view(value), minor_digits(options)));
  if (!minor) return fail(ErrorKind::invalid, "has more decimals than the minor unit, or is too large for an integer");
  return *std::move(minor);
}

Json as_it_is(const Json& held, const Json&) { return held; }

Result<Json> number_out(const Json& value, const Json&) {
  if (auto whole = integer_form(view(value))) return *std::move(whole);
  double number = 0;
  const std::string_view text = view(value);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  // Written as a double only when the double's own text is the same number.
  if (error != std::errc() || end != text.data() + text.size() || double_text(number) != text) {
    return fail(ErrorKind::invalid, "is not a number that JSON numbers can hold exactly");
  }
  return Json(number);
}

Result<Json> text_out(const Json& value, const Json&) {
  if (value.is_array() || value.is_object()) return fail(ErrorKind::invalid, "is neither number nor boolean");
  return text_value(text_of(value));
}

// --- times ---

std::optional<double> number_in(const Json& held) {
  if (held.is_number()) return held.to_number<double>();
  const auto decimal = decimal_form(trim(view(held)));
  double number = 0;
  if (!decimal || std::from_chars(decimal->data(), decimal->data() + decimal->size(), number).ec != std::errc())
    return std::nullopt;
  return number;
}

Json epoch_in(const Json& held, double ms_per_unit) {
  const auto number = number_in(held);
  const double ms = number ? std::round(*number * ms_per_unit) : 0;
  if (!number || std::abs(ms) > 1e15) return held;
  const auto time = datetime_from_ms(static_cast<std::int64_t>(ms));
  return time ? text_value(*time) : held;
}

Result<std::int64_t> epoch_of(const Json& value) {
  const std::string_view text = view(value);
  const auto ms = is_date_form(text) ? datetime_to_ms(std::string(text) + "T00:00:00.000Z") : datetime_to_ms(text);
  if (!ms) return fail(ErrorKind::invalid, "is not a date-time");
  return *ms;
}

Json epoch_ms_in(const Json& held, const Json&) { return epoch_in(held, 1); }
Json epoch_s_in(const Json& held, const Json&) { return epoch_in(held, 1000); }

Result<Json> epoch_ms_out(const Json& value, const Json&) {
  const auto ms = epoch_of(value);
  if (!ms) return fail(ms.error());
  return Json(*ms);
}

Result<Json> epoch_s_out(const Json& value, const Json&) {
  const auto ms = epoch_of(value);
  if (!ms) return fail(ms.error());
  if (*ms % 1000 == 0) return Json(*ms / 1000);
  return Json(static_cast<double>(*ms) / 1000);
}

Result<Json> midnight_out(const Json& value, const Json&) {
  if (!is_date_form(view(value))) return fail(ErrorKind::invalid, "is not a date");
  return text_value(std::string(view(value)) + "T00:00:00.000Z");
}

// --- others ---

Json json_text_in(const Json& held, const Json&) {
  if (!held.is_string()) return held;
  auto parsed = parse_json(view(held));
  return parsed ? *std::move(parsed) : held;
}

Result<Json> json_text_out(const Json& value, const Json&) { return text_value(to_text(value)); }

Json not_in(const Json& held, const Json&) {
  FieldSchema boolean;
  boolean.type = FieldType::boolean;
  const Json truth = normalize(boolean, held);
  return truth.is_bool() ? Json(!truth.get_bool()) : held;
}

Result<Json> not_out(const Json& value, const Json&) {
  if (!value.is_bool()) return fail(ErrorKind::invalid, "is neither true nor false");
  return Json(!value.get_bool());
}

std::optional<std::string> check_prefix(const FieldSchema&, const Json& options) {
  if (!string_member(options, "prefix").empty() && options.get_object().size() == 1) return std::nullopt;
  return "takes one option, `prefix`: the text in front";
}

Json prefix_in(const Json& held, const Json& options) {
  const std::string_view prefix = string_member(options, "prefix");
  return view(held).starts_with(prefix) ? text_value(view(held).substr(prefix.size())) : held;
}

Result<Json> prefix_out(const Json& value, const Json& options) {
  if (!value.is_string()) return fail(ErrorKind::invalid, "is not a text");
  return text_value(std::string(string_member(options, "prefix")) + std::string(view(value)));
}

using enum FieldType;

template <class... Types>
constexpr std::uint32_t fits(Types... types) {
  return (0u | ... | (1u << static_cast<unsigned>(types)));
}
constexpr std::uint32_t fits_all = ~0u;

constexpr std::array table = {
    Converter{"csv", "set <-> one text, \"a, b\" (option separator)", fits(set), check_separator, csv_in, csv_out},
    Converter{"epoch_ms", "datetime or date <-> milliseconds since 1970", fits(datetime, date), no_options, epoch_ms_in,
              epoch_ms_out},
    Converter{"epoch_s", "datetime or date <-> seconds since 1970", fits(datetime, date), no_options, epoch_s_in,
              epoch_s_out},
    Converter{"midnight", "date <-> date-time at 00:00 UTC", fits(date), no_options, as_it_is, midnight_out},
    Converter{"cents", "decimal <-> integer of minor units (option digits, 2)", fits(decimal), check_digits, cents_in,
              cents_out},
    Converter{"number", "decimal <-> JSON number", fits(decimal), no_options, as_it_is, number_out},
    Converter{"text", "integer or boolean <-> text", fits(integer, boolean), no_options, as_it_is, text_out},
    Converter{"map", "value <-> another, one to one (options {held: canonical})", fits_all, check_map, map_in, map_out},
    Converter{"json_text", "json or set <-> JSON as text", fits(json, set), no_options, json_text_in, json_text_out},
    Converter{"not", "boolean <-> its opposite", fits(boolean), no_options, not_in, not_out},
    Converter{"prefix", "text <-> text with something in front (option prefix)",
              fits(text, email, phone, enumeration, reference, date, datetime, decimal), check_prefix, prefix_in,
              prefix_out},
};

bool passes_through(const Converter& converter, const Json& value) {
  return converter.name != "map" && (value.is_null() || (value.is_string() && value.get_string().empty()));
}

}  // namespace

std::span<const Converter> converter_table() { return table; }

const Converter* find_converter(std::string_view name) {
  for (const Converter& converter : table) {
    if (converter.name == name) return &converter;
  }
  return nullptr;
}

Json convert_in(const Converter& converter, const Json& held, const Json& options) {
  return passes_through(converter, held) ? held : converter.get(held, options);
}

Result<Json> convert_out(const Converter& converter, const Json& value, const Json& options) {
  if (passes_through(converter, value)) return value;
  return converter.put(value, options);
}

const std::vector<ConverterInfo>& converters() {
  static const std::vector<ConverterInfo> infos = [] {
    std::vector<ConverterInfo> out;
    for (const Converter& converter : table)
      out.push_back({std::string(converter.name), std::string(converter.summary)});
    return out;
  }();
  return infos;
}

}  // namespace lockstep::sync
