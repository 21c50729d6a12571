#include "sync/normalize.hpp"

#include <algorithm>
#include <cmath>

#include "sync/normalize_number.hpp"
#include "sync/normalize_text.hpp"
#include "sync/normalize_time.hpp"
#include "sync/phone.hpp"

namespace lockstep::sync {
namespace {

Json text_value(std::string_view text) { return Json(boost::json::string_view(text.data(), text.size())); }

std::string_view view(const boost::json::string& text) { return {text.data(), text.size()}; }

Json folded(std::string_view text) { return is_lower(text) ? text_value(text) : text_value(lower(text)); }

bool same_without_case(std::string_view a, std::string_view b) { return a == b || lower(a) == lower(b); }

std::string_view option_of(const FieldSchema& field, std::string_view text) {
  for (const std::string& option : field.options) {
    if (option == text) return option;
  }
  for (const std::string& option : field.options) {
    if (same_without_case(trim(option), text)) return option;
  }
  return text;
}

std::optional<bool> truth(std::string_view text) {
  if (text.size() > 5) return std::nullopt;
  const std::string word = lower(text);
  if (word == "true" || word == "yes" || word == "1" || word == "on") return true;
  if (word == "false" || word == "no" || word == "0" || word == "off") return false;
  return std::nullopt;
}

// Every scalar type's way from text. Idempotence (C4) hangs on this function alone: whatever is no text becomes its
// text first, and what does not fit comes out as the trimmed text that went in.
Json from_text(const FieldSchema& field, std::string_view raw) {
  if (field.type == FieldType::reference) return text_value(raw);
  const std::string_view text = trim(raw);
  if (text.empty()) return text_value(text);  // L4: empty stays empty
  switch (field.type) {
    case FieldType::text: return field.fold_case ? folded(text) : text_value(text);
    case FieldType::email: return folded(text);
    case FieldType::phone: return text_value(phone_form(text, field.region));
    case FieldType::enumeration: return text_value(option_of(field, text));
    case FieldType::datetime: {
      if (is_datetime_form(text)) return text_value(text);
      const auto form = datetime_form(text, field.zone_offset);
      return text_value(form ? *form : text);
    }
    case FieldType::date: {
      if (is_date_form(text)) return text_value(text);
      const auto form = date_form(text);
      return text_value(form ? *form : text);
    }
    case FieldType::decimal: {
      if (is_decimal_form(text)) return text_value(text);
      const auto form = decimal_form(text);
      return text_value(form ? *form : text);
    }
    case FieldType::integer: {
      auto form = integer_form(text);
      return form ? *std::move(form) : text_value(text);
    }
    case FieldType::boolean: {
      const auto form = truth(text);
      return form ? Json(*form) : text_value(text);
    }
    case FieldType::reference:
    case FieldType::set:
    case FieldType::json: break;
  }
  return text_value(text);
}

bool is_set_form(const FieldSchema& field, const JsonArray& items) {
  std::string_view before;
  for (const Json& item : items) {
    const auto* text = item.if_string();
    if (text == nullptr || text->empty() || view(*text) <= before) return false;
    if (trim(view(*text)).size() != text->size() || (field.fold_case && !is_lower(view(*text)))) return false;
    before = view(*text);
  }
  return true;
}

Json set_form(const FieldSchema& field, const Json& value) {
  const auto* items = value.if_array();
  if (items != nullptr && is_set_form(field, *items)) return value;
  std::vector<std::string> texts;
  const auto add = [&](const Json& item) {
    const std::string whole = text_of(item);
    const std::string_view text = trim(whole);
    if (!text.empty()) texts.push_back(field.fold_case ? lower(text) : std::string(text));
  };
  if (items == nullptr) {
    add(value);
  } else {
    for (const Json& item : *items) add(item);
  }
  std::ranges::sort(texts);
  texts.erase(std::ranges::unique(texts).begin(), texts.end());
  JsonArray out;
  out.reserve(texts.size());
  for (const std::string& text : texts) out.push_back(text_value(text));
  return out;
}

// A JSON number that is a point in time: whole epoch milliseconds.
std::optional<std::string> time_of(const Json& value) {
  if (const auto* ms = value.if_int64()) return datetime_from_ms(*ms);
  if (const auto* ms = value.if_double(); ms != nullptr && *ms == std::floor(*ms) && std::abs(*ms) < 1e15) {
    return datetime_from_ms(static_cast<std::int64_t>(*ms));
  }
  return std::nullopt;
}

bool is_email(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size() ||
      text.find('@', at + 1) != std::string_view::npos) {
    return false;
  }
  return std::ranges::none_of(text,
                              [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == ',' || c == ';'; });
}

std::optional<std::string> problem_when(bool bad, const char* problem) {
  if (bad) return problem;
  return std::nullopt;
}

}  // namespace

Json normalize(const FieldSchema& field, const Json& value) {
  if (value.is_null()) return value;
  if (field.type == FieldType::json) return json_form(value);
  if (field.type == FieldType::set) return set_form(field, value);
  if (const auto* text = value.if_string()) return from_text(field, view(*text));
  switch (field.type) {
    case FieldType::integer:
      if (value.is_int64()) return value;
      break;
    case FieldType::boolean:
      if (value.is_bool()) return value;
      break;
    case FieldType::datetime:
      if (const auto time = time_of(value)) return text_value(*time);
      break;
    case FieldType::date:
      if (const auto time = time_of(value)) return text_value(std::string_view(*time).substr(0, 10));
      break;
    default: break;
  }
  return from_text(field, text_of(value));
}

std::optional<std::string> validate(const FieldSchema& field, const Json& value) {
  if (value.is_null()) return std::nullopt;
  const auto* string = value.if_string();
  const std::string_view text = string == nullptr ? std::string_view() : view(*string);
  if (string != nullptr && text.empty() && field.type != FieldType::set) return std::nullopt;
  if (text.find('\0') != std::string_view::npos) return "contains a NUL character, which databases refuse";
  if (!is_utf8(text)) return "is not valid UTF-8";
  switch (field.type) {
    case FieldType::text:
    case FieldType::reference: return problem_when(string == nullptr, "is not a text");
    case FieldType::email: return problem_when(!is_email(text), "is not an e-mail address");
    case FieldType::phone:
      return problem_when(!is_phone_form(text), "is not a phone number that can be dialled from abroad");
    case FieldType::datetime:
      return problem_when(!is_datetime_form(text), "is not a date-time such as 2026-01-31T09:30:00Z");
    case FieldType::date: return problem_when(!is_date_form(text), "is not a date such as 2026-01-31");
    case FieldType::decimal: return problem_when(!is_decimal_form(text), "is not a number such as 150.1");
    case FieldType::integer: return problem_when(!value.is_int64() && !value.is_uint64(), "is not a whole number");
    case FieldType::boolean: return problem_when(!value.is_bool(), "is neither true nor false");
    case FieldType::enumeration:
      return problem_when(std::ranges::find(field.options, text) == field.options.end(),
                          "is not one of the field's options");
    case FieldType::set: return problem_when(!value.is_array(), "is not a list of texts");
    case FieldType::json: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace lockstep::sync
