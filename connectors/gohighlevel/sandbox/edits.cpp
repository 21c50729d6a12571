#include "connectors/gohighlevel/sandbox/edits.hpp"

#include <algorithm>
#include <charconv>

#include "connectors/gohighlevel/sandbox/phone.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

bool is_empty(const Json& value) {
  return value.is_null() || (value.is_string() && value.get_string().empty()) ||
         (value.is_array() && value.get_array().empty());
}

bool looks_like_email(std::string_view text) {
  const auto at = text.find('@');
  return at != std::string_view::npos && at > 0 && text.find('@', at + 1) == std::string_view::npos &&
         text.find('.', at) != std::string_view::npos && text.back() != '.' &&
         text.find_first_of(" \t\r\n,;") == std::string_view::npos;
}

// The type a custom field's value must have. "" when it fits.
std::string_view type_problem(const CustomField& field, const Json& value) {
  const std::string& type = field.data_type;
  if (type == "NUMERICAL" || type == "MONETORY") return value.is_number() ? "" : "must be a number";
  if (type == "CHECKBOX" || type == "MULTIPLE_OPTIONS") {
    const bool texts =
        value.is_array() && std::ranges::all_of(value.get_array(), [](const Json& item) { return item.is_string(); });
    return texts ? "" : "must be an array of strings";
  }
  if (type == "FILE_UPLOAD" || type == "TEXTBOX_LIST") return value.is_object() ? "" : "must be an object";
  return value.is_string() ? "" : "must be a string";
}

Outcome<std::vector<CustomEdit>> read_custom(const JsonObject& body, std::string_view model, const Location& location,
                                             const EditRules& rules) {
  std::vector<CustomEdit> out;
  std::vector<std::string> problems;
  const Json* items = body.if_contains("customFields");
  if (items == nullptr) return out;
  std::size_t index = 0;
  for (const Json& item : items->get_array()) {
    const std::string at = "customFields." + std::to_string(index++);
    const std::string_view named = string_member(item, item.get_object().contains("id") ? "id" : "key");
    const Json* value = find_member(item, "field_value");
    const CustomField* field = named.empty() ? nullptr : location.custom_field(named, model);
    if (named.empty()) {
      problems.push_back(at + ".id should not be empty");
    } else if (value == nullptr) {
      problems.push_back(at + ".field_value should not be empty");
    } else if (field == nullptr) {
      if (rules.unknown_custom_field == UnknownCustomField::refuse)
        problems.push_back(at + ".id is not a custom field of this location");
    } else if (is_empty(*value)) {
      out.emplace_back(field->id, nullptr);
    } else if (const auto problem = type_problem(*field, *value); !problem.empty()) {
      problems.push_back(at + ".field_value " + std::string(problem));
    } else {
      out.emplace_back(field->id, *value);
    }
  }
  if (!problems.empty()) return std::unexpected(unprocessable(problems));
  return out;
}

// One text member in its stored form; null clears. Nothing: the value is refused, `problem` says why.
std::optional<Json> stored_text(std::string_view name, const Json& value, const Location& location,
                                std::string& problem) {
  if (is_empty(value)) return Json(nullptr);
  const std::string_view text = trimmed(value.get_string());
  if (text.empty()) return Json(nullptr);
  if (name == "email" && !looks_like_email(text)) {
    problem = "email must be an email";
    return std::nullopt;
  }
  if (name == "phone") {
    auto phone = normal_phone(text, location.settings.country);
    if (!phone) problem = "phone must be a valid phone number";
    return phone ? std::optional<Json>(*phone) : std::nullopt;
  }
  if (name == "dateOfBirth") {
    auto day = normal_birthday(text);
    if (!day) problem = "dateOfBirth must be a date in a supported format";
    return day ? std::optional<Json>(*day) : std::nullopt;
  }
  if (name == "country" && (text.size() != 2 || lower_case(text) == text)) {
    problem = "country must be a valid ISO31661 Alpha2 code";
    return std::nullopt;
  }
  return Json(text);
}

// `name` fills the parts of a name that are not given themselves.
void split_name(ContactEdit& edit) {
  const auto found = edit.fields.find("name");
  if (found == edit.fields.end()) return;
  const Json whole = found->value();
  edit.fields.erase(found);
  if (edit.fields.contains("firstName") || edit.fields.contains("lastName")) return;
  if (whole.is_null()) {
    edit.fields["firstName"] = nullptr;
    edit.fields["lastName"] = nullptr;
    return;
  }
  const std::string_view text = whole.get_string();
  const auto space = text.find(' ');
  edit.fields["firstName"] = text.substr(0, space);
  edit.fields["lastName"] = space == std::string_view::npos ? Json(nullptr) : Json(trimmed(text.substr(space)));
}

std::optional<std::string> text_member(const JsonObject& body, std::string_view name) {
  const Json* value = body.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

}  // namespace

std::vector<std::string> normal_tags(const JsonArray& tags, TagCase tag_case) {
  std::vector<std::string> out;
  for (const Json& item : tags) {
    const std::string_view text = trimmed(item.get_string());
    std::string tag = tag_case == TagCase::lower ? lower_case(text) : std::string(text);
    if (!tag.empty() && std::ranges::find(out, tag) == out.end()) out.push_back(std::move(tag));
  }
  return out;
}

std::optional<std::string> normal_birthday(std::string_view text) {
  if (text.size() != 10) return std::nullopt;
  const bool year_first = text.find_first_not_of("0123456789") == 4;
  const std::size_t first_mark = year_first ? 4 : 2;
  const std::size_t second_mark = year_first ? 7 : 5;
  const char mark = text[first_mark];
  if (std::string_view("/-._").find(mark) == std::string_view::npos || text[second_mark] != mark) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t size) {
    unsigned value = 0;
    const auto read = std::from_chars(text.data() + at, text.data() + at + size, value);
    return read.ptr == text.data() + at + size ? static_cast<int>(value) : -1;
  };
  const int year = year_first ? number(0, 4) : number(6, 4);
  const int month = year_first ? number(5, 2) : number(0, 2);
  const int day = year_first ? number(8, 2) : number(3, 2);
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return to_iso8601(Time(std::chrono::sys_days(date)));
}

Outcome<ContactEdit> read_contact_edit(const JsonObject& body, const Location& location, const EditRules& rules) {
  constexpr std::string_view kTexts[] = {
      "firstName", "lastName", "name",   "email",  "phone",       "address1",    "city",       "state",  "postalCode",
      "website",   "timezone", "source", "gender", "dateOfBirth", "companyName", "assignedTo", "country"};
  ContactEdit edit;
  std::vector<std::string> problems;
  for (const std::string_view name : kTexts) {
    const Json* value = body.if_contains(name);
    if (value == nullptr) continue;
    std::string problem;
    auto stored = stored_text(name, *value, location, problem);
    if (stored) {
      edit.fields[name] = std::move(*stored);
    } else {
      problems.push_back(std::move(problem));
    }
  }
  if (!problems.empty()) return std::unexpected(unprocessable(problems));
  split_name(edit);
  if (const Json* tags = body.if_contains("tags")) edit.tags = normal_tags(tags->get_array(), rules.tag_case);
  if (const Json* dnd = body.if_contains("dnd")) edit.dnd = dnd->get_bool();
  if (const Json* settings = body.if_contains("dndSettings")) edit.dnd_settings = settings->get_object();
  if (const Json* settings = body.if_contains("inboundDndSettings")) edit.inbound_dnd_settings = settings->get_object();
  if (const Json* emails = body.if_contains("additionalEmails")) {
    edit.additional_emails.emplace();
    for (const Json& email : emails->get_array()) edit.additional_emails->emplace_back(email.get_string());
  }
  auto custom = read_custom(body, "contact", location, rules);
  if (!custom) return std::unexpected(std::move(custom.error()));
  edit.custom = std::move(*custom);
  return edit;
}

Outcome<OpportunityEdit> read_opportunity_edit(const JsonObject& body, const Location& location,
                                               const EditRules& rules) {
  OpportunityEdit edit;
  edit.name = text_member(body, "name");
  edit.contact_id = text_member(body, "contactId");
  edit.pipeline_id = text_member(body, "pipelineId");
  edit.stage_id = text_member(body, "pipelineStageId");
  edit.status = text_member(body, "status");
  edit.assigned_to = text_member(body, "assignedTo");
  edit.source = text_member(body, "source");
  edit.lost_reason_id = text_member(body, "lostReasonId");
  if (edit.status == "all") return std::unexpected(unprocessable("status all is for searching only"));
  if (const Json* value = body.if_contains("monetaryValue")) edit.monetary_value = value->to_number<double>();
  auto custom = read_custom(body, "opportunity", location, rules);
  if (!custom) return std::unexpected(std::move(custom.error()));
  edit.custom = std::move(*custom);
  return edit;
}

}  // namespace lockstep::gohighlevel::sandbox
