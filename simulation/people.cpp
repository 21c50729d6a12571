#include "simulation/people.hpp"

#include <algorithm>
#include <set>

#include "simulation/people_words.hpp"
#include "simulation/scenario.hpp"

namespace lockstep::simulation {
namespace {

constexpr const char* kTags[] = {"vip", "lead", "cold", "autumn"};
constexpr const char* kContactFields[] = {"first_name", "first_name", "last_name", "city", "phone", "email", "tag"};
constexpr const char* kDealFields[] = {"name", "status", "amount", "stage"};
constexpr const char* kStatuses[] = {"open", "won", "lost", "abandoned"};

}  // namespace

void People::say(Side side, const std::string& what) {
  parts_.trace->say(parts_.timeline->now(), "people", std::string(to_string(side)) + ": " + what);
}

std::optional<ObjectId> People::object_of(Side side, Kind kind, int thing) {
  for (const ObjectId& object : parts_.history->alive(side, kind)) {
    if (parts_.history->thing(object) == thing) return object;
  }
  return std::nullopt;
}

std::vector<int> People::alive_things(Kind kind) const {
  std::set<int> out;
  for (const Side side : {Side::crm, Side::db}) {
    for (const ObjectId& object : parts_.history->alive(side, kind)) out.insert(parts_.history->thing(object));
  }
  out.erase(kNoThing);
  return {out.begin(), out.end()};
}

// A value that nobody has typed yet, or now and then one that was there before.
std::string People::new_value(const Target& target) {
  auto& before = typed_[{target.kind, target.thing}][target.field];
  if (!before.empty() && chance("people.reverts")) return before[pick(before.size())];
  const std::string mark = "t" + std::to_string(target.thing) + "." + std::to_string(++last_value_);
  std::string out;
  if (target.field == "email") out = "p." + mark + "@example.test";
  if (target.field == "phone") {
    std::string number = std::to_string(last_value_);
    number.insert(0, 6 - std::min<std::size_t>(6, number.size()), '0');
    out = "+14152" + number;
  }
  if (target.field == "first_name") out = "Ann " + mark;
  if (target.field == "last_name") out = "Lee " + mark;
  if (target.field == "city") out = random_.below(6) == 0 ? "" : "Bonn " + mark;
  if (target.field == "name") out = "Deal " + mark;
  if (target.field == "status") out = kStatuses[pick(4)];
  if (target.field == "amount") out = std::to_string(last_value_) + (random_.below(2) == 0 ? ".50" : ".00");
  if (target.field == "stage") out = parts_.crm->stages()[pick(parts_.crm->stages().size())];
  if (target.field == "tag") out = kTags[pick(4)];
  before.push_back(out);
  return out;
}

// As people type; every system is to understand it.
std::string People::messy(const std::string& field, std::string value) {
  if (value.empty() || !chance("people.messy")) return value;
  if (field == "email") {
    value[0] = 'P';
    return value;
  }
  if (field == "phone") return "(" + value.substr(2, 3) + ") " + value.substr(5, 3) + "-" + value.substr(8);
  if (field == "first_name" || field == "last_name" || field == "city" || field == "name") return " " + value + "  ";
  return value;
}

std::string People::some_field(Kind kind) {
  if (kind == Kind::deal) return kDealFields[pick(4)];
  if (chance("people.tags")) {
    parts_.coverage->hit("people", "people.tags");
    return "tag";
  }
  return kContactFields[pick(7)];
}

People::Target People::choose() {
  const Kind kind = random_.below(10) < 7 ? Kind::contact : Kind::deal;
  const std::vector<int> things = alive_things(kind);
  if (things.empty()) return {kind, kNoThing, ""};
  // The first ones are the popular ones.
  const std::size_t at = std::min(pick(things.size()), pick(things.size()));
  return {kind, things[at], some_field(kind)};
}

void People::settle_in() {
  for (int i = 0; i < static_cast<int>(plan_.get("people.contacts")); ++i) create(Kind::contact);
  for (int i = 0; i < static_cast<int>(plan_.get("people.deals")); ++i) create(Kind::deal);
}

void People::plan_work(Duration length) {
  work_ends_ = parts_.timeline->now() + length;
  for (int i = 0; i < static_cast<int>(plan_.get("people.moments")); ++i) {
    const Duration when(static_cast<std::int64_t>(random_.fraction() * static_cast<double>(length.count())));
    parts_.timeline->after(when, [this] { moment(); });
  }
}

void People::react(const ObjectId& object, const Values& before, const Values& now) {
  const std::set<std::string> fields = differing(before, now);
  if (parts_.timeline->now() >= work_ends_ || fields.empty()) return;
  const auto any = [&] { return *std::next(fields.begin(), static_cast<long>(pick(fields.size()))); };
  if (chance("people.reacts")) type_over(object, any());
  if (chance("people.takes_back")) {
    const std::string field = any();
    take_back(object, field, value_in(before, field));
  }
}

void People::type_over(const ObjectId& object, const std::string& field) {
  Target target{object.kind, parts_.history->thing(object), field};
  if (target.field.starts_with("tag:")) target.field = "tag";
  if (target.thing == kNoThing || target.field == "contact" || target.field == "pipeline") return;
  const bool removes = chance("people.deletes");
  const Duration later(static_cast<std::int64_t>(random_.below(random_.below(2) == 0 ? 400'000 : 3'000'000)));
  parts_.coverage->hit("people", "people.reacts");
  parts_.timeline->after(later, [this, side = object.side, target, removes] {
    removes ? remove(side, target.kind, target.thing) : edit(side, target);
  });
}

void People::take_back(const ObjectId& object, const std::string& field, const std::string& value) {
  const bool tag = field.starts_with("tag:");
  const bool can_be_empty = tag || field == "city";
  if (field == "contact" || (value.empty() && !can_be_empty)) return;
  constexpr std::uint64_t kWithin[] = {400'000, 3'000'000, 20'000'000};
  const Duration later(static_cast<std::int64_t>(random_.below(kWithin[pick(3)])));
  parts_.timeline->after(later, [this, object, field, value, tag] {
    const Step* there = parts_.history->last(object);
    const int thing = parts_.history->thing(object);
    if (!there->alive || thing == kNoThing || value_in(there->values, field) == value) return;
    parts_.coverage->hit("people", "people.takes_back");
    const std::string typed = tag ? field.substr(4) : field == "amount" ? amount_text(value) : value;
    type(object.side, object.kind, thing, {{tag ? "tag" : field, typed}});
  });
}

void People::moment() {
  if (chance("people.imports")) return import_contacts();
  if (chance("people.merges")) return merge_contacts();
  const Target target = choose();
  const bool room = alive_things(target.kind).size() < static_cast<std::size_t>(plan_.get("people.things"));
  if (target.thing == kNoThing || (room && chance("people.creates"))) return create(target.kind);
  if (chance("people.deletes")) {
    remove(any_side(), target.kind, target.thing);
  } else {
    edit(any_side(), target);
  }
  // Others at the same record, mostly at the same field, while the first edit is still on its way.
  for (int others = 0; others < 6 && chance("people.crowd"); ++others) {
    Target other = target;
    if (random_.below(4) == 0) other.field = some_field(other.kind);
    const Duration later(static_cast<std::int64_t>(random_.below(random_.below(2) == 0 ? 2'000'000 : 20'000'000)));
    const Side side = any_side();
    const bool removes = chance("people.deletes");
    parts_.timeline->after(
        later, [this, other, side, removes] { removes ? remove(side, other.kind, other.thing) : edit(side, other); });
  }
}

Values People::fresh_contact(int thing) {
  Values out;
  for (const char* field : {"email", "phone", "first_name", "last_name", "city"}) {
    const bool wanted =
        std::string_view(field) == "email" || std::string_view(field) == "last_name" || random_.below(3) != 0;
    if (wanted) out[field] = new_value({Kind::contact, thing, field});
  }
  if (random_.below(2) == 0) out["tag:" + std::string(kTags[pick(4)])] = "yes";
  return out;
}

// A list is read in: some contacts are new, and those that are there get one field anew, all in one moment.
void People::import_contacts() {
  parts_.coverage->hit("people", "people.imports");
  const Side side = random_.below(2) == 0 ? Side::crm : Side::db;
  const char* field = kContactFields[pick(7)];
  for (const int thing : alive_things(Kind::contact)) edit(side, {Kind::contact, thing, field});
  for (std::uint64_t i = 3 + random_.below(8); i > 0; --i) {
    const int thing = ++last_thing_[static_cast<std::size_t>(Kind::contact)];
    create_contact(side, thing, fresh_contact(thing));
  }
}

// Two contacts turn out to be one person: the first keeps what it has, takes the deals and what it lacked, and the second
// is deleted.
void People::merge_contacts() {
  const std::vector<ObjectId> contacts = parts_.history->alive(Side::crm, Kind::contact);
  if (contacts.size() < 2) return;
  const std::size_t first = pick(contacts.size());
  const std::size_t second = (first + 1 + pick(contacts.size() - 1)) % contacts.size();
  const ObjectId& into = contacts[first];
  const ObjectId& from = contacts[second];
  if (parts_.history->thing(into) == parts_.history->thing(from)) return;
  parts_.coverage->hit("people", "people.merges");
  say(Side::crm, "merge " + from.id + " into " + into.id);
  for (const ObjectId& deal : parts_.history->alive(Side::crm, Kind::deal)) {
    const Values& held = parts_.history->last(deal)->values;
    if (const auto at = held.find("contact"); at != held.end() && at->second == from.id)
      parts_.crm->act("PUT", url(Kind::deal, deal.id), JsonObject{{"contactId", into.id}});
  }
  const Values had = parts_.history->last(into)->values;
  const Values added = parts_.history->last(from)->values;
  parts_.crm->act("DELETE", url(Kind::contact, from.id), nullptr);
  JsonObject body;
  JsonArray tags;
  for (const auto& [field, value] : had) {
    if (field.starts_with("tag:")) tags.emplace_back(field.substr(4));
  }
  for (const auto& [field, value] : added) {
    if (had.contains(field)) continue;
    field.starts_with("tag:") ? void(tags.emplace_back(field.substr(4))) : void(body[crm_name(field)] = value);
  }
  body["tags"] = std::move(tags);
  parts_.crm->act("PUT", url(Kind::contact, into.id), body);
  parts_.history->unite(Kind::contact, parts_.history->thing(from), parts_.history->thing(into));
}

void People::create(Kind kind) {
  const int thing = ++last_thing_[static_cast<std::size_t>(kind)];
  if (kind == Kind::deal) return create_deal(random_.below(2) == 0 ? Side::crm : Side::db, thing);
  const Values values = fresh_contact(thing);
  const Side side = random_.below(2) == 0 ? Side::crm : Side::db;
  create_contact(side, thing, values);
  if (!chance("people.both_sides")) return;
  // A colleague enters the same person on the other side.
  Values again = values;
  again["first_name"] = new_value({kind, thing, "first_name"});
  const Duration later(static_cast<std::int64_t>(random_.below(3'000'000)));
  parts_.timeline->after(later, [this, side, thing, again] {
    const Side other = side == Side::crm ? Side::db : Side::crm;
    if (!object_of(other, Kind::contact, thing)) create_contact(other, thing, again);
  });
}

void People::create_contact(Side side, int thing, const Values& values) {
  JsonArray tags;
  for (const auto& [field, value] : values) {
    if (field.starts_with("tag:")) tags.emplace_back(field.substr(4));
  }
  if (side == Side::crm) {
    JsonObject body;
    for (const auto& [field, value] : values) {
      if (!field.starts_with("tag:")) body[crm_name(field)] = text_or_null(messy(field, value));
    }
    if (!tags.empty()) body["tags"] = std::move(tags);
    const Json answer = parts_.crm->act("POST", "contacts", body);
    say(side, "new contact " + to_text(body) + (answer.is_null() ? " refused" : ""));
    return;
  }
  const auto value = [&](const char* field) {
    const auto at = values.find(field);
    return at == values.end() ? std::string() : messy(field, at->second);
  };
  const std::string id = "row-" + std::to_string(thing) + "-" + std::to_string(++last_value_);
  const bool done = parts_.database->act(
      "INSERT INTO contacts (id, email, phone, first_name, last_name, city, tags) VALUES "
      "(?, nullif(?, ''), nullif(?, ''), nullif(?, ''), nullif(?, ''), nullif(?, ''), nullif(?, '[]'))",
      {id, value("email"), value("phone"), value("first_name"), value("last_name"), value("city"),
       to_text(Json(tags))});
  say(side, "new contact " + id + ' ' + value("email") + (done ? "" : " refused"));
}

void People::create_deal(Side side, int thing) {
  const std::vector<ObjectId> contacts = parts_.history->alive(side, Kind::contact);
  if (contacts.empty()) return;
  const std::string contact = contacts[pick(contacts.size())].id;
  const std::string name = new_value({Kind::deal, thing, "name"});
  const std::string amount = new_value({Kind::deal, thing, "amount"});
  const std::string& stage = parts_.crm->stages()[pick(parts_.crm->stages().size())];
  if (side == Side::crm) {
    const Json answer = parts_.crm->act("POST", "opportunities",
                                        JsonObject{{"name", name},
                                                   {"contactId", contact},
                                                   {"pipelineId", parts_.crm->pipeline()},
                                                   {"pipelineStageId", stage},
                                                   {"status", "open"},
                                                   {"monetaryValue", std::stod(amount)}});
    say(side, "new deal " + name + " of " + contact + (answer.is_null() ? " refused" : ""));
    return;
  }
  const std::string id = "deal-" + std::to_string(thing) + "-" + std::to_string(++last_value_);
  const bool done = parts_.database->act(
      "INSERT INTO deals (id, name, status, amount, pipeline, stage, contact) VALUES (?, ?, 'open', ?, ?, ?, ?)",
      {id, name, amount, parts_.crm->pipeline(), stage, contact});
  say(side, "new deal " + id + ' ' + name + " of " + contact + (done ? "" : " refused"));
}

void People::remove(Side side, Kind kind, int thing) {
  if (side == Side::api) return remove_api(kind, thing);
  const auto object = object_of(side, kind, thing);
  if (!object) return;
  say(side, "delete " + std::string(to_string(kind)) + ' ' + object->id);
  if (side == Side::crm) {
    parts_.crm->act("DELETE", url(kind, object->id), nullptr);
  } else {
    parts_.database->act(std::string("DELETE FROM ") + (kind == Kind::contact ? "contacts" : "deals") + " WHERE id = ?",
                         {object->id});
  }
}

}  // namespace lockstep::simulation
