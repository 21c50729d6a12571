// Records in the shapes the API and the webhooks show them in. Absent values are left out, never null.
#pragma once

#include "connectors/gohighlevel/sandbox/state.hpp"

namespace lockstep::gohighlevel::sandbox {

JsonObject contact_shape(const Contact& contact, const Location& location);          // get, update, upsert
JsonObject created_contact_shape(const Contact& contact, const Location& location);  // create
JsonObject listed_contact_shape(const Contact& contact, const Location& location);   // GET /contacts/
JsonObject found_contact_shape(const Contact& contact,
                               const Location& location);  // POST /contacts/search, without searchAfter
JsonObject contact_event(const Contact& contact, const Location& location);
JsonObject contact_dnd_event(const Contact& contact, const Location& location);

JsonObject opportunity_shape(const Opportunity& opportunity, const Location& location);
JsonObject opportunity_event(const Opportunity& opportunity, const Location& location);

JsonObject note_shape(const Note& note, std::string_view contact_id);
JsonObject note_event(const Note& note, std::string_view contact_id, const Location& location);
JsonObject task_shape(const ContactTask& task, std::string_view contact_id);
JsonObject task_event(const ContactTask& task, std::string_view contact_id, const Location& location);

JsonObject custom_field_shape(const CustomField& field, const Location& location);
JsonObject tag_shape(const LocationTag& tag, const Location& location);
JsonObject pipeline_shape(const Pipeline& pipeline, const Location& location);
JsonObject user_shape(const User& user);
JsonObject location_shape(const Location& location);

JsonArray texts(const std::vector<std::string>& values);

}  // namespace lockstep::gohighlevel::sandbox
