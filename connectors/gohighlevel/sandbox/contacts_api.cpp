#include "connectors/gohighlevel/sandbox/api.hpp"
#include "connectors/gohighlevel/sandbox/render.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

Outcome<Answer> create(Api& api, const Call& call) {
  const auto edit = read_contact_edit(call.body, *call.location, api.crm.rules().edits);
  if (!edit) return std::unexpected(edit.error());
  const auto contact = api.crm.create_contact(*call.location, *edit, Actor::api);
  if (!contact) return std::unexpected(contact.error());
  return Answer{201, {{"contact", created_contact_shape(**contact, *call.location)}}};
}

Outcome<Answer> get(Api& api, const Call& call) {
  const auto contact = api.crm.contact(*call.location, call.path[0]);
  if (!contact) return std::unexpected(contact.error());
  return Answer{200, {{"contact", contact_shape(**contact, *call.location)}}};
}

Outcome<Answer> update(Api& api, const Call& call) {
  const auto before = api.crm.contact(*call.location, call.path[0]);
  if (!before) return std::unexpected(before.error());
  const auto edit = read_contact_edit(call.body, *call.location, api.crm.rules().edits);
  if (!edit) return std::unexpected(edit.error());
  const auto contact = api.crm.update_contact(*call.location, *before, *edit, Actor::api);
  if (!contact) return std::unexpected(contact.error());
  return Answer{200, {{"succeded", true}, {"contact", contact_shape(**contact, *call.location)}}};
}

Outcome<Answer> remove(Api& api, const Call& call) {
  const auto before = api.crm.contact(*call.location, call.path[0]);
  if (!before) return std::unexpected(before.error());
  api.crm.delete_contact(*call.location, *before, Actor::api);
  return Answer{200, {{"succeded", true}}};
}

// The values that belong to another contact than the one the upsert found: the vendor drops them without a word.
void drop_foreign_keys(const Location& location, const Crm& crm, const Duplicate& found, ContactEdit& edit) {
  for (const std::string_view name : {"email", "phone"}) {
    const auto given = edit.fields.find(name);
    if (given == edit.fields.end() || given->value().is_null()) continue;
    const std::string value(given->value().get_string());
    const auto owner = name == "email" ? crm.find_duplicate(location, value, "", found.contact->id)
                                       : crm.find_duplicate(location, "", value, found.contact->id);
    if (owner) edit.fields.erase(given);
  }
}

std::string given_text(const ContactEdit& edit, std::string_view name) {
  const Json* value = edit.fields.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Outcome<Answer> upsert(Api& api, const Call& call) {
  auto edit = read_contact_edit(call.body, *call.location, api.crm.rules().edits);
  if (!edit) return std::unexpected(edit.error());
  const std::string email = given_text(*edit, "email");
  const std::string phone = given_text(*edit, "phone");
  if (email.empty() && phone.empty()) return std::unexpected(unprocessable("email or phone should not be empty"));
  const Json* create_new = call.body.if_contains("createNewIfDuplicateAllowed");
  const bool always_new =
      create_new != nullptr && create_new->get_bool() && call.location->settings.allow_duplicate_contact;
  const auto found = always_new ? std::nullopt : api.crm.find_duplicate(*call.location, email, phone, "");
  Outcome<ContactVersion> contact;
  if (found) {
    edit->fields.erase("gender");  // taken and dropped: the answer shows the stored one
    drop_foreign_keys(*call.location, api.crm, *found, *edit);
    contact = api.crm.update_contact(*call.location, found->contact, *edit, Actor::api);
  } else {
    contact = api.crm.create_contact(*call.location, *edit, Actor::api);
  }
  if (!contact) return std::unexpected(contact.error());
  return Answer{200, {{"new", !found.has_value()}, {"contact", contact_shape(**contact, *call.location)}}};
}

constexpr Route kRoutes[] = {
    {"POST", "/contacts/", "contacts.write", Names::body, create, &schemas::contact_create},
    {"POST", "/contacts/upsert", "contacts.write", Names::body, upsert, &schemas::contact_upsert},
    {"GET", "/contacts/{contactId}", "contacts.readonly", Names::nothing, get},
    {"PUT", "/contacts/{contactId}", "contacts.write", Names::nothing, update, &schemas::contact_update},
    {"DELETE", "/contacts/{contactId}", "contacts.write", Names::nothing, remove},
};

}  // namespace

std::span<const Route> contact_routes() { return kRoutes; }

}  // namespace lockstep::gohighlevel::sandbox
