// A validated request body, read into what it changes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/gohighlevel/sandbox/refusal.hpp"
#include "connectors/gohighlevel/sandbox/state.hpp"

namespace lockstep::gohighlevel::sandbox {

// Null clears. Fields not named keep their values (unlike tags, which are replaced as a whole).
using CustomEdit = std::pair<std::string, Json>;  // the field's id, the new value

struct ContactEdit {
  JsonObject fields;  // text members by API name; null clears
  std::optional<std::vector<std::string>> tags;
  std::vector<CustomEdit> custom;
  std::optional<bool> dnd;
  JsonObject dnd_settings;  // channels are merged one by one
  JsonObject inbound_dnd_settings;
  std::optional<std::vector<std::string>> additional_emails;
};

struct OpportunityEdit {
  std::optional<std::string> name;
  std::optional<std::string> contact_id;
  std::optional<std::string> pipeline_id;
  std::optional<std::string> stage_id;
  std::optional<std::string> status;
  std::optional<std::string> assigned_to;
  std::optional<std::string> source;
  std::optional<std::string> lost_reason_id;
  std::optional<double> monetary_value;
  std::vector<CustomEdit> custom;
};

// The switches of the settings that decide how bodies are read.
struct EditRules {
  TagCase tag_case = TagCase::lower;
  UnknownCustomField unknown_custom_field = UnknownCustomField::refuse;
};

// The bodies have passed validate(); these check what needs the location: custom fields, formats of values.
Outcome<ContactEdit> read_contact_edit(const JsonObject& body, const Location& location, const EditRules& rules);
Outcome<OpportunityEdit> read_opportunity_edit(const JsonObject& body, const Location& location,
                                               const EditRules& rules);

// Trimmed, in the case the settings say, without duplicates and empty ones; order kept.
std::vector<std::string> normal_tags(const JsonArray& tags, TagCase tag_case);

// "2000-01-05T00:00:00.000Z" from YYYY/MM/DD, MM/DD/YYYY, YYYY-MM-DD, MM-DD-YYYY and the same with "." or "_".
std::optional<std::string> normal_birthday(std::string_view text);

}  // namespace lockstep::gohighlevel::sandbox
