#include <algorithm>

#include "connectors/gohighlevel/sandbox/crm.hpp"
#include "connectors/gohighlevel/sandbox/limits.hpp"
#include "connectors/gohighlevel/sandbox/render.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

using Index = std::unordered_map<std::string, std::set<std::string>>;

void index_remove(Index& index, const std::string& key, const std::string& id) {
  const auto found = index.find(key);
  if (found == index.end()) return;
  found->second.erase(id);
  if (found->second.empty()) index.erase(found);
}

void index_move(Index& index, const std::string& before, const std::string& after, const std::string& id) {
  if (before == after) return;
  if (!before.empty()) index_remove(index, before, id);
  if (!after.empty()) index[after].insert(id);
}

// The members of a contact that ContactUpdate never tells of: they have events of their own.
bool same_besides_dnd_and_tags(const Contact& a, const Contact& b) {
  return a.fields == b.fields && a.custom == b.custom && a.additional_emails == b.additional_emails;
}

void apply(Contact& contact, const ContactEdit& edit) {
  for (const auto& item : edit.fields) {
    if (item.value().is_null()) {
      contact.fields.erase(item.key());
    } else {
      contact.fields[item.key()] = item.value();
    }
  }
  if (edit.tags) contact.tags = *edit.tags;
  for (const auto& [field_id, value] : edit.custom) {
    if (value.is_null()) {
      contact.custom.erase(field_id);
    } else {
      contact.custom[field_id] = value;
    }
  }
  if (edit.dnd) contact.dnd = *edit.dnd;
  for (const auto& channel : edit.dnd_settings) contact.dnd_settings[channel.key()] = channel.value();
  for (const auto& channel : edit.inbound_dnd_settings) contact.inbound_dnd_settings[channel.key()] = channel.value();
  if (edit.additional_emails) contact.additional_emails = *edit.additional_emails;
  // An additional e-mail that became the primary one is no longer additional; the old primary is gone.
  const std::string email = lower_case(contact.text("email"));
  std::erase_if(contact.additional_emails, [&](const std::string& other) { return lower_case(other) == email; });
}

Refusal duplicate_refusal(const Duplicate& duplicate) {
  Refusal out = refusal(400, "This location does not allow duplicated contacts.");
  out.body.erase("error");
  out.body["meta"] = JsonObject{{"contactId", duplicate.contact->id},
                                {"matchingField", duplicate.key == MatchKey::email ? "email" : "phone"},
                                {"contactName", duplicate.contact->full_name()}};
  return out;
}

}  // namespace

Outcome<ContactVersion> Crm::contact(const Location& location, std::string_view id) const {
  const std::string key(id);
  if (const auto found = location.contacts.find(key); found != location.contacts.end()) return found->second;
  for (const auto& [other_id, other] : locations_) {
    if (other->contacts.contains(key)) return refuse(403, "The token does not have access to this location.");
  }
  return refuse(400, "Contact with id " + key + " not found");
}

std::optional<Duplicate> Crm::find_duplicate(const Location& location, std::string_view email, std::string_view phone,
                                             std::string_view except) const {
  const auto other = [&](const Index& index, const std::string& key) -> ContactVersion {
    const auto found = key.empty() ? index.end() : index.find(key);
    if (found == index.end()) return nullptr;
    for (const std::string& id : found->second) {
      if (id != except) return location.contacts.at(id);
    }
    return nullptr;
  };
  for (const MatchKey key : location.settings.match_order) {
    ContactVersion found;
    if (key == MatchKey::email) {
      found = other(location.contacts_by_email, lower_case(email));
      if (!found) found = other(location.contacts_by_additional_email, lower_case(email));
    } else {
      found = other(location.contacts_by_phone, std::string(phone));
    }
    if (found) return Duplicate{found, key};
  }
  return std::nullopt;
}

ContactVersion Crm::store(Location& location, ContactVersion before, Contact next) {
  const auto value = [](const ContactVersion& contact, std::string_view name) {
    return contact ? std::string(contact->text(name)) : std::string();
  };
  next.updated = now();
  next.version = ++version_;
  index_move(location.contacts_by_email, lower_case(value(before, "email")), lower_case(next.text("email")), next.id);
  index_move(location.contacts_by_phone, value(before, "phone"), std::string(next.text("phone")), next.id);
  if (before) {
    for (const std::string& email : before->additional_emails) {
      index_remove(location.contacts_by_additional_email, lower_case(email), next.id);
    }
  }
  for (const std::string& email : next.additional_emails)
    location.contacts_by_additional_email[lower_case(email)].insert(next.id);
  remember_tags(location, next.tags);
  auto version = std::make_shared<const Contact>(std::move(next));
  location.contacts[version->id] = version;
  location.contact_index.put(version, visible_at(version->updated));
  location.contact_index.advance(version->updated);
  return version;
}

Outcome<ContactVersion> Crm::create_contact(Location& location, const ContactEdit& edit, Actor actor, Quiet quiet) {
  if (location.contacts.size() >= limits::records_max) return refuse(400, "The sandbox holds no more contacts");
  Contact next;
  apply(next, edit);
  if (!location.settings.allow_duplicate_contact) {
    const auto duplicate = find_duplicate(location, next.text("email"), next.text("phone"), "");
    if (duplicate) return std::unexpected(duplicate_refusal(*duplicate));
  }
  next.id = make_id();
  next.added = now();
  if (!next.fields.contains("type")) next.fields["type"] = "lead";
  const ContactVersion stored = store(location, nullptr, std::move(next));
  wrote(actor, "contact.create");
  if (quiet == Quiet::no) fire_contact("ContactCreate", location, *stored);
  return stored;
}

Outcome<ContactVersion> Crm::update_contact(Location& location, ContactVersion before, const ContactEdit& edit,
                                            Actor actor) {
  Contact next = *before;
  apply(next, edit);
  if (!location.settings.allow_duplicate_contact) {
    // Only a changed key can newly collide: records that were duplicates before the setting changed stay editable.
    const bool email_changed = lower_case(next.text("email")) != lower_case(before->text("email"));
    const bool phone_changed = next.text("phone") != before->text("phone");
    const auto duplicate = find_duplicate(location, email_changed ? next.text("email") : "",
                                          phone_changed ? next.text("phone") : "", before->id);
    if (duplicate) return std::unexpected(duplicate_refusal(*duplicate));
  }
  const ContactVersion stored = store(location, before, std::move(next));
  wrote(actor, "contact.update");
  fire_contact_changes(location, *before, *stored);
  return stored;
}

void Crm::delete_contact(Location& location, ContactVersion before, Actor actor, Quiet quiet) {
  const std::string id = before->id;
  if (rules_.contact_delete == ContactDelete::takes_opportunities) {
    const auto found = location.opportunities_by_contact.find(id);
    const auto ids = found == location.opportunities_by_contact.end() ? std::set<std::string>() : found->second;
    for (const std::string& opportunity_id : ids) {
      // A consequence, not a call of its own: it does not count as an API write.
      delete_opportunity(location, location.opportunities.at(opportunity_id), Actor::person, quiet);
    }
  }
  index_move(location.contacts_by_email, lower_case(before->text("email")), "", id);
  index_move(location.contacts_by_phone, std::string(before->text("phone")), "", id);
  for (const std::string& email : before->additional_emails)
    index_remove(location.contacts_by_additional_email, lower_case(email), id);
  location.notes.erase(id);
  location.tasks.erase(id);
  location.contacts.erase(id);
  if (location.deleted_contacts.size() < limits::deleted_max) location.deleted_contacts[id] = before;
  const Time at = now();
  location.contact_index.remove(id, ++version_, visible_at(at));
  location.contact_index.advance(at);
  wrote(actor, "contact.delete");
  if (quiet == Quiet::no && events_.wants("ContactDelete", location.settings.id)) {
    events_.emit("ContactDelete", location.settings.id, contact_event(*before, location), at);
  }
}

Outcome<ContactVersion> Crm::restore_contact(Location& location, const std::string& id) {
  const auto found = location.deleted_contacts.find(id);
  if (found == location.deleted_contacts.end()) return refuse(400, "Contact with id " + id + " not found");
  const ContactVersion before = found->second;
  if (find_duplicate(location, before->text("email"), before->text("phone"), id))
    return refuse(400, "This location does not allow duplicated contacts.");
  location.deleted_contacts.erase(found);
  const ContactVersion stored = store(location, nullptr, Contact(*before));
  fire_contact("ContactCreate", location, *stored);
  return stored;
}

ContactVersion Crm::set_tags(Location& location, ContactVersion before, std::vector<std::string> tags,
                             std::string_view kind, Actor actor) {
  wrote(actor, kind);
  if (tags == before->tags) return before;
  Contact next = *before;
  next.tags = std::move(tags);
  const ContactVersion stored = store(location, before, std::move(next));
  fire_contact("ContactTagUpdate", location, *stored);
  return stored;
}

ContactVersion Crm::set_followers(Location& location, ContactVersion before, std::vector<std::string> followers,
                                  Actor actor) {
  wrote(actor, "contact.followers");
  Contact next = *before;
  next.followers = std::move(followers);
  return store(location, before, std::move(next));
}

ContactVersion Crm::merge_contacts(Location& location, ContactVersion kept, ContactVersion removed, Quiet quiet) {
  Contact next = *kept;
  for (const auto& item : removed->fields) {
    if (!next.fields.contains(item.key())) next.fields[item.key()] = item.value();
  }
  next.custom.insert(removed->custom.begin(), removed->custom.end());
  for (const std::string& tag : removed->tags) {
    if (std::ranges::find(next.tags, tag) == next.tags.end()) next.tags.push_back(tag);
  }
  std::vector<std::string> emails = removed->additional_emails;
  emails.emplace_back(removed->text("email"));
  for (const std::string& email : emails) {
    const bool known = email.empty() || lower_case(email) == lower_case(next.text("email")) ||
                       std::ranges::find(next.additional_emails, email) != next.additional_emails.end();
    if (!known) next.additional_emails.push_back(email);
  }
  const auto found = location.opportunities_by_contact.find(removed->id);
  const auto ids = found == location.opportunities_by_contact.end() ? std::set<std::string>() : found->second;
  for (const std::string& id : ids) {
    const OpportunityVersion opportunity = location.opportunities.at(id);
    Opportunity moved = *opportunity;
    moved.contact_id = kept->id;
    store(location, opportunity, std::move(moved));
  }
  auto& notes = location.notes[kept->id];
  std::ranges::move(location.notes[removed->id], std::back_inserter(notes));
  auto& tasks = location.tasks[kept->id];
  std::ranges::move(location.tasks[removed->id], std::back_inserter(tasks));
  // Deleting the emptied contact first frees its e-mail and phone for the kept one.
  delete_contact(location, removed, Actor::person, quiet);
  const ContactVersion stored = store(location, kept, std::move(next));
  if (quiet == Quiet::no) fire_contact_changes(location, *kept, *stored);
  return stored;
}

void Crm::fire_contact(std::string_view type, const Location& location, const Contact& contact) {
  if (!events_.wants(type, location.settings.id)) return;
  JsonObject payload =
      type == "ContactDndUpdate" ? contact_dnd_event(contact, location) : contact_event(contact, location);
  events_.emit(type, location.settings.id, std::move(payload), contact.updated);
}

// A save without a change fires ContactUpdate too: the payload does not say what changed, so a receiver
// must compare. inboundDndSettings fire nothing (FACTS: confirmed by the vendor's staff).
void Crm::fire_contact_changes(const Location& location, const Contact& before, const Contact& after) {
  const bool tags = before.tags != after.tags;
  const bool dnd = before.dnd != after.dnd || before.dnd_settings != after.dnd_settings;
  if (!same_besides_dnd_and_tags(before, after) || (!tags && !dnd)) fire_contact("ContactUpdate", location, after);
  if (tags) fire_contact("ContactTagUpdate", location, after);
  if (dnd) fire_contact("ContactDndUpdate", location, after);
}

}  // namespace lockstep::gohighlevel::sandbox
