#include "connectors/gohighlevel/sandbox/render.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

void put_text(JsonObject& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out[name] = value;
}

void copy(JsonObject& out, const Contact& contact, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (const Json* value = contact.fields.if_contains(name)) out[name] = *value;
  }
}

// `value_name` is "value" for contacts and "fieldValue" for opportunities, although both take "field_value".
JsonArray custom_values(const CustomValues& custom, std::string_view value_name) {
  JsonArray out;
  for (const auto& [id, value] : custom) out.push_back(JsonObject{{"id", id}, {value_name, value}});
  return out;
}

JsonArray additional_emails(const Contact& contact) {
  JsonArray out;
  for (const std::string& email : contact.additional_emails) out.push_back(JsonObject{{"email", email}});
  return out;
}

void put_lower_case_names(JsonObject& out, const Contact& contact) {
  put_text(out, "firstNameLowerCase", lower_case(contact.text("firstName")));
  put_text(out, "lastNameLowerCase", lower_case(contact.text("lastName")));
}

void put_common(JsonObject& out, const Contact& contact, const Location& location) {
  out["id"] = contact.id;
  out["locationId"] = location.settings.id;
  copy(out, contact,
       {"firstName", "lastName", "email", "phone", "type", "source", "assignedTo", "address1", "city", "state",
        "country", "postalCode", "website", "companyName", "dateOfBirth", "gender"});
  put_lower_case_names(out, contact);
  put_text(out, "fullNameLowerCase", lower_case(contact.full_name()));
  put_text(out, "emailLowerCase", lower_case(contact.text("email")));
  out["dnd"] = contact.dnd;
  if (!contact.dnd_settings.empty()) out["dndSettings"] = contact.dnd_settings;
  out["tags"] = texts(contact.tags);
  out["customFields"] = custom_values(contact.custom, "value");
  out["dateAdded"] = to_iso8601(contact.added);
  out["dateUpdated"] = to_iso8601(contact.updated);
}

}  // namespace

JsonArray texts(const std::vector<std::string>& values) { return JsonArray(values.begin(), values.end()); }

JsonObject contact_shape(const Contact& contact, const Location& location) {
  JsonObject out;
  out.reserve(32);
  put_common(out, contact, location);
  copy(out, contact, {"timezone"});
  put_text(out, "name", contact.full_name());
  if (!contact.additional_emails.empty()) out["additionalEmails"] = additional_emails(contact);
  if (!contact.inbound_dnd_settings.empty()) out["inboundDndSettings"] = contact.inbound_dnd_settings;
  return out;
}

JsonObject created_contact_shape(const Contact& contact, const Location& location) {
  JsonObject out;
  out.reserve(32);
  put_common(out, contact, location);
  out["deleted"] = false;
  if (const std::string_view day = contact.text("dateOfBirth"); day.size() >= 10) {
    out["birthMonth"] = std::stoi(std::string(day.substr(5, 2)));
    out["birthDay"] = std::stoi(std::string(day.substr(8, 2)));
  }
  return out;
}

JsonObject listed_contact_shape(const Contact& contact, const Location& location) {
  JsonObject out;
  out.reserve(32);
  out["id"] = contact.id;
  out["locationId"] = location.settings.id;
  put_text(out, "contactName", contact.full_name());
  copy(out, contact,
       {"firstName", "lastName", "companyName", "email", "phone", "type", "source", "assignedTo", "city", "state",
        "postalCode", "address1", "country", "timezone", "dateOfBirth"});
  out["dnd"] = contact.dnd;
  if (!contact.dnd_settings.empty()) out["dndSettings"] = contact.dnd_settings;
  out["dateAdded"] = to_iso8601(contact.added);
  out["dateUpdated"] = to_iso8601(contact.updated);
  out["tags"] = texts(contact.tags);
  out["customFields"] = custom_values(contact.custom, "value");
  out["followers"] = texts(contact.followers);
  if (!contact.additional_emails.empty()) out["additionalEmails"] = additional_emails(contact);
  return out;
}

// No firstName and lastName, only the lower-cased ones, and no dndSettings: a reader who needs more reads by id.
JsonObject found_contact_shape(const Contact& contact, const Location& location) {
  JsonObject out;
  out.reserve(32);
  out["id"] = contact.id;
  out["locationId"] = location.settings.id;
  put_lower_case_names(out, contact);
  copy(out, contact,
       {"email", "phone", "type", "source", "assignedTo", "city", "state", "country", "postalCode", "website",
        "dateOfBirth"});
  put_text(out, "address", contact.text("address1"));
  put_text(out, "companyName", contact.text("companyName"));
  put_text(out, "businessName", contact.text("companyName"));
  out["dnd"] = contact.dnd;
  out["tags"] = texts(contact.tags);
  out["customFields"] = custom_values(contact.custom, "value");
  out["additionalEmails"] = additional_emails(contact);
  out["additionalPhones"] = JsonArray();
  out["followers"] = texts(contact.followers);
  out["dateAdded"] = to_iso8601(contact.added);
  out["dateUpdated"] = to_iso8601(contact.updated);
  return out;
}

JsonObject contact_event(const Contact& contact, const Location& location) {
  JsonObject out;
  out.reserve(32);
  out["locationId"] = location.settings.id;
  out["id"] = contact.id;
  copy(out, contact,
       {"address1", "city", "state", "companyName", "country", "source", "dateOfBirth", "email", "firstName",
        "lastName", "phone", "postalCode", "website", "assignedTo", "timezone"});
  put_text(out, "name", contact.full_name());
  out["dateAdded"] = to_iso8601(contact.added);
  out["dnd"] = contact.dnd;
  out["tags"] = texts(contact.tags);
  out["attachments"] = JsonArray();
  out["customFields"] = custom_values(contact.custom, "value");
  return out;
}

JsonObject contact_dnd_event(const Contact& contact, const Location& location) {
  JsonObject out = contact_event(contact, location);
  out["dndSettings"] = contact.dnd_settings;
  return out;
}

JsonObject opportunity_shape(const Opportunity& opportunity, const Location& location) {
  JsonObject out;
  out.reserve(32);
  out["id"] = opportunity.id;
  out["name"] = opportunity.name;
  if (opportunity.monetary_value) out["monetaryValue"] = *opportunity.monetary_value;
  out["pipelineId"] = opportunity.pipeline_id;
  put_text(out, "pipelineStageId", opportunity.stage_id);
  put_text(out, "pipelineStageUId", opportunity.stage_id);
  put_text(out, "assignedTo", opportunity.assigned_to);
  out["status"] = opportunity.status;
  put_text(out, "source", opportunity.source);
  put_text(out, "lostReasonId", opportunity.lost_reason_id);
  out["lastStatusChangeAt"] = to_iso8601(opportunity.status_changed);
  out["lastStageChangeAt"] = to_iso8601(opportunity.stage_changed);
  out["createdAt"] = to_iso8601(opportunity.added);
  out["updatedAt"] = to_iso8601(opportunity.updated);
  out["contactId"] = opportunity.contact_id;
  out["locationId"] = location.settings.id;
  out["customFields"] = custom_values(opportunity.custom, "fieldValue");
  out["followers"] = texts(opportunity.followers);
  if (const auto found = location.contacts.find(opportunity.contact_id); found != location.contacts.end()) {
    const Contact& contact = *found->second;
    JsonObject owner{{"id", contact.id}, {"name", contact.full_name()}, {"tags", texts(contact.tags)}};
    copy(owner, contact, {"companyName", "email", "phone"});
    out["contact"] = std::move(owner);
  }
  return out;
}

JsonObject opportunity_event(const Opportunity& opportunity, const Location& location) {
  JsonObject out{{"locationId", location.settings.id}, {"id", opportunity.id}};
  put_text(out, "assignedTo", opportunity.assigned_to);
  out["contactId"] = opportunity.contact_id;
  if (opportunity.monetary_value) out["monetaryValue"] = *opportunity.monetary_value;
  out["name"] = opportunity.name;
  out["pipelineId"] = opportunity.pipeline_id;
  put_text(out, "pipelineStageId", opportunity.stage_id);
  put_text(out, "source", opportunity.source);
  out["status"] = opportunity.status;
  out["dateAdded"] = to_iso8601(opportunity.added);
  return out;
}

JsonObject note_shape(const Note& note, std::string_view contact_id) {
  JsonObject out{
      {"id", note.id}, {"body", note.body}, {"contactId", contact_id}, {"dateAdded", to_iso8601(note.added)}};
  put_text(out, "userId", note.user_id);
  put_text(out, "title", note.title);
  put_text(out, "color", note.color);
  out["pinned"] = note.pinned;
  return out;
}

// A fixed list of members: no userId, no title (FACTS: confirmed by the vendor's staff).
JsonObject note_event(const Note& note, std::string_view contact_id, const Location& location) {
  return {{"locationId", location.settings.id},
          {"id", note.id},
          {"body", note.body},
          {"contactId", contact_id},
          {"dateAdded", to_iso8601(note.added)}};
}

JsonObject task_shape(const ContactTask& task, std::string_view contact_id) {
  JsonObject out{{"id", task.id},
                 {"title", task.title},
                 {"dueDate", task.due_date},
                 {"completed", task.state == TaskState::completed},
                 {"contactId", contact_id}};
  put_text(out, "body", task.body);
  put_text(out, "assignedTo", task.assigned_to);
  return out;
}

JsonObject task_event(const ContactTask& task, std::string_view contact_id, const Location& location) {
  JsonObject out{{"locationId", location.settings.id},
                 {"id", task.id},
                 {"contactId", contact_id},
                 {"title", task.title},
                 {"dueDate", task.due_date},
                 {"dateAdded", to_iso8601(task.added)}};
  put_text(out, "body", task.body);
  put_text(out, "assignedTo", task.assigned_to);
  return out;
}

JsonObject custom_field_shape(const CustomField& field, const Location& location) {
  JsonObject out{{"id", field.id},
                 {"name", field.name},
                 {"fieldKey", field.key},
                 {"placeholder", field.placeholder},
                 {"dataType", field.data_type},
                 {"position", field.position},
                 {"model", field.model},
                 {"locationId", location.settings.id}};
  if (!field.options.empty()) out["picklistOptions"] = texts(field.options);
  return out;
}

JsonObject tag_shape(const LocationTag& tag, const Location& location) {
  return {{"id", tag.id}, {"name", tag.name}, {"locationId", location.settings.id}};
}

JsonObject pipeline_shape(const Pipeline& pipeline, const Location& location) {
  JsonArray stages;
  for (const Stage& stage : pipeline.stages) {
    stages.push_back(JsonObject{{"id", stage.id}, {"name", stage.name}, {"position", stages.size()}});
  }
  return {{"id", pipeline.id},       {"name", pipeline.name},  {"stages", std::move(stages)},
          {"showInFunnel", true},    {"showInPieChart", true}, {"locationId", location.settings.id},
          {"colorRenderMode", "dot"}};
}

JsonObject user_shape(const User& user) {
  return {{"id", user.id},
          {"name", user.first_name + " " + user.last_name},
          {"firstName", user.first_name},
          {"lastName", user.last_name},
          {"email", user.email},
          {"roles", JsonObject{{"type", "account"}, {"role", "user"}, {"locationIds", JsonArray()}}}};
}

JsonObject location_shape(const Location& location) {
  const LocationSettings& settings = location.settings;
  return {{"id", settings.id},
          {"companyId", settings.company_id},
          {"name", settings.name},
          {"country", settings.country},
          {"timezone", settings.timezone},
          {"settings", JsonObject{{"allowDuplicateContact", settings.allow_duplicate_contact},
                                  {"allowDuplicateOpportunity", settings.allow_duplicate_opportunity},
                                  {"allowFacebookNameMerge", false},
                                  {"disableContactTimezone", false}}}};
}

}  // namespace lockstep::gohighlevel::sandbox
