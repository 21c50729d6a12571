// How people edit: on the CRM's pages, in the database, through Lockstep's interface; one field or several at once.
#include <algorithm>
#include <cstdlib>

#include "simulation/people.hpp"
#include "simulation/people_words.hpp"
#include "simulation/scenario.hpp"

namespace lockstep::simulation {

const std::string& crm_name(const std::string& field) {
  static const std::map<std::string, std::string> names{{"email", "email"},
                                                        {"phone", "phone"},
                                                        {"first_name", "firstName"},
                                                        {"last_name", "lastName"},
                                                        {"city", "city"},
                                                        {"name", "name"},
                                                        {"status", "status"},
                                                        {"amount", "monetaryValue"},
                                                        {"stage", "pipelineStageId"}};
  return names.at(field);
}

Json text_or_null(const std::string& value) { return value.empty() ? Json() : Json(value); }

std::string url(Kind kind, const std::string& id) {
  return std::string(kind == Kind::contact ? "contacts" : "opportunities") + (id.empty() ? "" : "/" + id);
}

std::string canonical(const std::string& field, const std::string& value) {
  if (field == "email") return canonical_email(value);
  if (field == "phone") return canonical_phone(value);
  if (field == "amount") return canonical_amount(Json(value));
  return canonical_text(value);
}

std::string amount_text(const std::string& canonical) {
  const long long cents = std::strtoll(canonical.c_str(), nullptr, 10);
  const std::string rest = std::to_string(cents % 100);
  return std::to_string(cents / 100) + (rest.size() == 1 ? ".0" : ".") + rest;
}

void People::edit(Side side, const Target& target) {
  Form form{{target.field, new_value(target)}};
  while (form.size() < 4 && chance("people.forms")) {
    const std::string more = some_field(target.kind);
    if (form.contains(more)) continue;
    parts_.coverage->hit("people", "people.forms");
    form[more] = new_value({target.kind, target.thing, more});
  }
  type(side, target.kind, target.thing, form);
  if (target.field != "tag" || !chance("people.dithers")) return;
  parts_.coverage->hit("people", "people.dithers");
  const Duration later(static_cast<std::int64_t>(random_.below(3'000'000)));
  parts_.timeline->after(
      later, [this, side, target, tag = form["tag"]] { type(side, target.kind, target.thing, {{"tag", tag}}); });
}

void People::type(Side side, Kind kind, int thing, const Form& form) {
  if (side == Side::api) return edit_api(kind, thing, form);
  const auto object = object_of(side, kind, thing);
  if (!object) return;
  side == Side::crm ? edit_crm(*object, form) : edit_database(*object, form);
}

// The tags of the object with one more, or one less when it has it.
Json People::tags_with(const ObjectId& object, const std::string& tag) {
  JsonArray out;
  bool had = false;
  for (const auto& [field, value] : parts_.history->last(object)->values) {
    if (!field.starts_with("tag:")) continue;
    if (field.substr(4) == tag) {
      had = true;
    } else {
      out.emplace_back(field.substr(4));
    }
  }
  if (!had) out.emplace_back(tag);
  return out;
}

void People::edit_crm(const ObjectId& object, const Form& form) {
  JsonObject body;
  for (const auto& [field, value] : form) {
    if (field == "tag") {
      body["tags"] = tags_with(object, value);
    } else if (field == "amount") {
      body["monetaryValue"] = std::stod(value);
    } else {
      body[crm_name(field)] = text_or_null(messy(field, value));
    }
    if (field == "stage") body["pipelineId"] = parts_.crm->pipeline();
  }
  const Json answer = parts_.crm->act("PUT", url(object.kind, object.id), body);
  say(Side::crm, url(object.kind, object.id) + ' ' + to_text(body) + (answer.is_null() ? " refused" : ""));
}

void People::edit_database(const ObjectId& object, const Form& form) {
  const std::string table = object.kind == Kind::contact ? "contacts" : "deals";
  std::string columns;
  std::string told;
  std::vector<std::string> texts;
  for (const auto& [field, value] : form) {
    const bool tag = field == "tag";
    const std::string column = tag ? "tags" : field;
    texts.push_back(tag ? to_text(tags_with(object, value)) : messy(field, value));
    columns += (columns.empty() ? "" : ", ") + column + " = nullif(?, '')";
    told += ' ' + column + " = " + texts.back();
  }
  texts.push_back(object.id);
  const bool done = parts_.database->act("UPDATE " + table + " SET " + columns + " WHERE id = ?", texts);
  say(Side::db, table + ' ' + object.id + told + (done ? "" : " refused"));
}

// Through the interface: a person looks at a record, so that its id is known.
std::optional<People::Looked> People::look_up(Kind kind, int thing) {
  Life* life = parts_.life();
  if (life == nullptr) return std::nullopt;
  for (const Side side : {Side::crm, Side::db}) {
    const auto object = object_of(side, kind, thing);
    if (!object) continue;
    const bool contact = kind == Kind::contact;
    const sync::LinkKey key = side == Side::crm
                                  ? sync::LinkKey{kSource, kCrm, contact ? "contact" : "opportunity", object->id}
                                  : sync::LinkKey{kSource, kDb, contact ? "contacts" : "deals", object->id};
    const auto linked = life->reader().linked(key);
    if (linked && *linked && !(*linked)->empty()) return Looked{**linked, *object};
  }
  return std::nullopt;
}

void People::edit_api(Kind kind, int thing, const Form& form) {
  const auto looked = look_up(kind, thing);
  if (!looked) return;
  sync::Edit edit;
  ApiEdit note;
  std::string told;
  for (const auto& [field, value] : form) {
    told += ' ' + field + " = " + value;
    if (field != "tag") {
      edit.fields[field] = text_or_null(value);
      note.values[field] = canonical(field, value);
      continue;
    }
    // The interface takes whole sets: what is added or removed is what differs from the record.
    const auto held = parts_.life()->reader().record(kSource, looked->record);
    if (!held || !*held) return;
    const auto state = (*held)->fields.find("tags");
    JsonArray tags;
    bool had = false;
    if (state != (*held)->fields.end() && state->second.value.is_array()) {
      for (const Json& tag : state->second.value.get_array()) {
        tag == Json(value) ? void(had = true) : void(tags.push_back(tag));
      }
    }
    if (!had) tags.emplace_back(value);
    // Where the field is held, because it goes back and forth, the edit decides for all that the systems hold.
    if (state != (*held)->fields.end() && state->second.held) {
      for (const sync::Link& link : (*held)->links) {
        const auto base = link.base.find("tags");
        if (base == link.base.end() || !base->second.is_array()) continue;
        for (const Json& tag : base->second.get_array()) {
          if (std::ranges::find(tags, tag) == tags.end())
            note.values["tag:" + std::string(std::string_view(tag.get_string()))] = "";
        }
      }
    }
    edit.expected_revision = (*held)->revision;
    edit.fields["tags"] = std::move(tags);
    note.values["tag:" + value] = had ? "" : "yes";
  }
  submit(*looked, thing, std::move(edit), std::move(note), told);
}

void People::remove_api(Kind kind, int thing) {
  const auto looked = look_up(kind, thing);
  if (!looked) return;
  sync::Edit edit;
  edit.remove = true;
  ApiEdit note;
  note.removes = true;
  submit(*looked, thing, std::move(edit), std::move(note), " remove");
}

void People::submit(const Looked& looked, int thing, sync::Edit edit, ApiEdit note, const std::string& told) {
  edit.source = kSource;
  edit.entity = EntityName(std::string(to_string(looked.at.kind)));
  edit.record = looked.record;
  edit.actor = "ann";
  edit.delivery = "edit-" + std::to_string(random_.next());
  note.at = parts_.timeline->now();
  note.kind = looked.at.kind;
  note.thing = thing;
  say(Side::api, std::string(to_string(looked.at.kind)) + ' ' + looked.record.str() + " of " + looked.at.id + told);
  const std::size_t number = parts_.history->note_api(std::move(note));
  parts_.life()->submit({edit}, [this, number](std::optional<Result<std::vector<sync::Applied>>> answer) {
    if (!answer) return;  // nobody knows
    if (!*answer) {
      // A disk that failed in the middle of a commit leaves the question open.
      const ErrorKind kind = answer->error().kind;
      if (kind != ErrorKind::corrupt && kind != ErrorKind::unavailable) parts_.history->refuse(number);
      return;
    }
    const sync::Applied& applied = (*answer)->front();
    if (applied.error || applied.disposition == sync::Disposition::suppressed) return parts_.history->refuse(number);
    parts_.history->acknowledge(number);
    parts_.on_acknowledged(applied);
  });
}

}  // namespace lockstep::simulation
