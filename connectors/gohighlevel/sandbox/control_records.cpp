// Acting as a user of the CRM: the same records and rules as the API's, but nothing counts as an API write.
#include <algorithm>

#include "connectors/gohighlevel/sandbox/control.hpp"
#include "connectors/gohighlevel/sandbox/filters.hpp"
#include "connectors/gohighlevel/sandbox/limits.hpp"
#include "connectors/gohighlevel/sandbox/render.hpp"
#include "connectors/gohighlevel/sandbox/shop.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

Outcome<void> check(const JsonObject& body, Schema schema) {
  const auto problems = validate(body, schema);
  if (!problems.empty()) return std::unexpected(unprocessable(problems));
  return {};
}

// Everything the API shows of a contact in any shape, and what it shows in none.
JsonObject true_shape(const Contact& contact, const Location& location) {
  JsonObject out = contact_shape(contact, location);
  out["followers"] = texts(contact.followers);
  out["version"] = contact.version;
  return out;
}

struct Window {
  std::size_t offset = 0;
  std::size_t limit = 0;
};

Outcome<Window> window(const wire::Target& target) {
  const auto most = static_cast<std::int64_t>(limits::records_max);
  const auto offset = query_integer(target, "offset", 0, most, 0);
  if (!offset) return std::unexpected(offset.error());
  const auto limit = query_integer(target, "limit", 1, most, most);
  if (!limit) return std::unexpected(limit.error());
  return Window{static_cast<std::size_t>(*offset), static_cast<std::size_t>(*limit)};
}

// The true state, newest first, whatever the index shows: for audits, and with query, offset and limit for the page.
Outcome<Answer> list_contacts(Core&, const ControlCall& call) {
  const auto wanted = window(call.target);
  if (!wanted) return std::unexpected(wanted.error());
  const std::string query = lower_case(call.target.parameter("query"));
  std::vector<ContactVersion> found;
  for (const auto& [id, contact] : call.location.contacts) {
    const JsonArray looked_at{contact->full_name(), contact->text("email"), contact->text("phone"),
                              contact->text("companyName"), texts(contact->tags)};
    if (query.empty() || contains_text(looked_at, query)) found.push_back(contact);
  }
  std::ranges::sort(found, [](const ContactVersion& a, const ContactVersion& b) {
    return std::tie(b->updated, b->version) < std::tie(a->updated, a->version);
  });
  JsonArray contacts;
  for (std::size_t i = wanted->offset; i < found.size() && contacts.size() < wanted->limit; ++i)
    contacts.push_back(true_shape(*found[i], call.location));
  return Answer{200, {{"total", found.size()}, {"contacts", std::move(contacts)}}};
}

Outcome<Answer> get_contact(Core& core, const ControlCall& call) {
  const auto contact = core.crm.contact(call.location, call.path[0]);
  if (!contact) return std::unexpected(contact.error());
  return Answer{200, {{"contact", true_shape(**contact, call.location)}}};
}

Outcome<Answer> create_contact(Core& core, const ControlCall& call) {
  if (auto checked = check(call.body, schemas::contact_person); !checked)
    return std::unexpected(std::move(checked.error()));
  const auto edit = read_contact_edit(call.body, call.location, core.crm.rules().edits);
  if (!edit) return std::unexpected(edit.error());
  const auto contact = core.crm.create_contact(call.location, *edit, Actor::person);
  if (!contact) return std::unexpected(contact.error());
  return Answer{201, {{"contact", true_shape(**contact, call.location)}}};
}

Outcome<Answer> update_contact(Core& core, const ControlCall& call) {
  if (auto checked = check(call.body, schemas::contact_person); !checked)
    return std::unexpected(std::move(checked.error()));
  const auto before = core.crm.contact(call.location, call.path[0]);
  if (!before) return std::unexpected(before.error());
  const auto edit = read_contact_edit(call.body, call.location, core.crm.rules().edits);
  if (!edit) return std::unexpected(edit.error());
  const auto contact = core.crm.update_contact(call.location, *before, *edit, Actor::person);
  if (!contact) return std::unexpected(contact.error());
  return Answer{200, {{"contact", true_shape(**contact, call.location)}}};
}

Outcome<Answer> delete_contact(Core& core, const ControlCall& call) {
  const auto before = core.crm.contact(call.location, call.path[0]);
  if (!before) return std::unexpected(before.error());
  core.crm.delete_contact(call.location, *before, Actor::person);
  return Answer{200, {{"deleted", true}}};
}

Outcome<Answer> restore_contact(Core& core, const ControlCall& call) {
  const auto contact = core.crm.restore_contact(call.location, call.path[0]);
  if (!contact) return std::unexpected(contact.error());
  return Answer{200, {{"contact", true_shape(**contact, call.location)}}};
}

// {"keep": id, "remove": id, "events": false}
Outcome<Answer> merge_contacts(Core& core, const ControlCall& call) {
  constexpr Property kMerge[] = {
      {"keep", Kind::text, Need::required}, {"remove", Kind::text, Need::required}, {"events", Kind::boolean}};
  if (auto checked = check(call.body, kMerge); !checked) return std::unexpected(std::move(checked.error()));
  const auto kept = core.crm.contact(call.location, call.body.at("keep").get_string());
  if (!kept) return std::unexpected(kept.error());
  const auto removed = core.crm.contact(call.location, call.body.at("remove").get_string());
  if (!removed) return std::unexpected(removed.error());
  if (*kept == *removed) return refuse(400, "a contact cannot be merged with itself");
  const Json* events = call.body.if_contains("events");
  const auto merged = core.crm.merge_contacts(call.location, *kept, *removed,
                                              events != nullptr && events->get_bool() ? Quiet::no : Quiet::yes);
  return Answer{200, {{"contact", true_shape(*merged, call.location)}}};
}

Outcome<Answer> list_opportunities(Core&, const ControlCall& call) {
  const auto wanted = window(call.target);
  if (!wanted) return std::unexpected(wanted.error());
  std::vector<OpportunityVersion> found;
  for (const auto& [id, opportunity] : call.location.opportunities) found.push_back(opportunity);
  std::ranges::sort(found, [](const auto& a, const auto& b) {
    return std::tie(b->updated, b->version) < std::tie(a->updated, a->version);
  });
  JsonArray opportunities;
  for (std::size_t i = wanted->offset; i < found.size() && opportunities.size() < wanted->limit; ++i) {
    opportunities.push_back(opportunity_shape(*found[i], call.location));
  }
  return Answer{200, {{"total", found.size()}, {"opportunities", std::move(opportunities)}}};
}

Outcome<Answer> create_opportunity(Core& core, const ControlCall& call) {
  if (auto checked = check(call.body, schemas::opportunity_person); !checked)
    return std::unexpected(std::move(checked.error()));
  const auto edit = read_opportunity_edit(call.body, call.location, core.crm.rules().edits);
  if (!edit) return std::unexpected(edit.error());
  const auto opportunity = core.crm.create_opportunity(call.location, *edit, Actor::person);
  if (!opportunity) return std::unexpected(opportunity.error());
  return Answer{201, {{"opportunity", opportunity_shape(**opportunity, call.location)}}};
}

Outcome<Answer> update_opportunity(Core& core, const ControlCall& call) {
  if (auto checked = check(call.body, schemas::opportunity_person); !checked)
    return std::unexpected(std::move(checked.error()));
  const auto before = core.crm.opportunity(call.location, call.path[0]);
  if (!before) return std::unexpected(before.error());
  const auto edit = read_opportunity_edit(call.body, call.location, core.crm.rules().edits);
  if (!edit) return std::unexpected(edit.error());
  const auto opportunity = core.crm.update_opportunity(call.location, *before, *edit, Actor::person);
  if (!opportunity) return std::unexpected(opportunity.error());
  return Answer{200, {{"opportunity", opportunity_shape(**opportunity, call.location)}}};
}

Outcome<Answer> delete_opportunity(Core& core, const ControlCall& call) {
  const auto before = core.crm.opportunity(call.location, call.path[0]);
  if (!before) return std::unexpected(before.error());
  core.crm.delete_opportunity(call.location, *before, Actor::person);
  return Answer{200, {{"deleted", true}}};
}

Outcome<Answer> list_custom_fields(Core&, const ControlCall& call) {
  JsonArray fields;
  for (const CustomField& field : call.location.custom_fields)
    fields.push_back(custom_field_shape(field, call.location));
  return Answer{200, {{"customFields", std::move(fields)}}};
}

Outcome<Answer> create_custom_field(Core& core, const ControlCall& call) {
  if (auto checked = check(call.body, schemas::custom_field_person); !checked)
    return std::unexpected(std::move(checked.error()));
  const auto field = core.crm.create_custom_field(call.location, call.body, Actor::person);
  if (!field) return std::unexpected(field.error());
  return Answer{201, {{"customField", custom_field_shape(*field, call.location)}}};
}

Outcome<Answer> update_custom_field(Core& core, const ControlCall& call) {
  if (auto checked = check(call.body, schemas::custom_field_person); !checked)
    return std::unexpected(std::move(checked.error()));
  const auto field = core.crm.update_custom_field(call.location, call.path[0], call.body, Actor::person);
  if (!field) return std::unexpected(field.error());
  return Answer{200, {{"customField", custom_field_shape(*field, call.location)}}};
}

Outcome<Answer> delete_custom_field(Core& core, const ControlCall& call) {
  const auto deleted = core.crm.delete_custom_field(call.location, call.path[0], Actor::person);
  if (!deleted) return std::unexpected(deleted.error());
  return Answer{200, {{"deleted", true}}};
}

Outcome<Answer> list_pipelines(Core&, const ControlCall& call) {
  JsonArray pipelines;
  for (const Pipeline& pipeline : call.location.pipelines) pipelines.push_back(pipeline_shape(pipeline, call.location));
  return Answer{200, {{"pipelines", std::move(pipelines)}}};
}

// {"name": "…"}: pipelines have no events.
Outcome<Answer> rename_pipeline(Core&, const ControlCall& call) {
  constexpr Property kName[] = {{"name", Kind::text, Need::required}};
  if (auto checked = check(call.body, kName); !checked) return std::unexpected(std::move(checked.error()));
  const auto found = std::ranges::find(call.location.pipelines, call.path[0], &Pipeline::id);
  if (found == call.location.pipelines.end()) return refuse(400, "The pipeline id is invalid.");
  found->name = text_of(call.body, "name");
  return Answer{200, {{"pipeline", pipeline_shape(*found, call.location)}}};
}

// {"contacts": N, "opportunities": M, "orders": …, "seed": K, "events": false}; what shops have fires no events
Outcome<Answer> seed_records(Core& core, const ControlCall& call) {
  constexpr Property kSeed[] = {{"contacts", Kind::number}, {"opportunities", Kind::number},
                                {"orders", Kind::number},   {"transactions", Kind::number},
                                {"products", Kind::number}, {"reviews", Kind::number},
                                {"seed", Kind::number},     {"events", Kind::boolean}};
  if (auto checked = check(call.body, kSeed); !checked) return std::unexpected(std::move(checked.error()));
  const auto number = [&](std::string_view name, double fallback) {
    const Json* value = call.body.if_contains(name);
    return value == nullptr ? fallback : value->to_number<double>();
  };
  const double contacts = number("contacts", 0);
  const double opportunities = number("opportunities", 0);
  const double seed_number = number("seed", 1);
  const auto most = static_cast<double>(limits::records_max);
  for (const Property& property : kSeed) {
    const bool fits = property.kind != Kind::number || property.name == "seed" ||
                      (number(property.name, 0) >= 0 && number(property.name, 0) <= most);
    if (!fits || seed_number < 0 || seed_number > 1e15)
      return refuse(400, "the numbers must be between 0 and the sandbox's limits");
  }
  const Json* events = call.body.if_contains("events");
  const Seeded done =
      seed(core.crm, call.location, static_cast<std::size_t>(contacts), static_cast<std::size_t>(opportunities),
           static_cast<std::uint64_t>(seed_number), events != nullptr && events->get_bool() ? Quiet::no : Quiet::yes);
  JsonObject made{{"contacts", done.contacts}, {"opportunities", done.opportunities}};
  SeededRandom random(static_cast<std::uint64_t>(seed_number) + 1);
  for (const ShopKind kind : {ShopKind::product, ShopKind::order, ShopKind::transaction, ShopKind::review}) {
    const std::string_view many = words_of(kind).many;
    made[many] = seed_shop(core.crm, call.location, kind, static_cast<std::size_t>(number(many, 0)), random);
  }
  return Answer{201, std::move(made)};
}

constexpr ControlRoute kRoutes[] = {
    {"POST", "/_sandbox/seed", seed_records},
    {"GET", "/_sandbox/contacts", list_contacts},
    {"POST", "/_sandbox/contacts", create_contact},
    {"POST", "/_sandbox/contacts/merge", merge_contacts},
    {"GET", "/_sandbox/contacts/{id}", get_contact},
    {"PUT", "/_sandbox/contacts/{id}", update_contact},
    {"DELETE", "/_sandbox/contacts/{id}", delete_contact},
    {"POST", "/_sandbox/contacts/{id}/restore", restore_contact},
    {"GET", "/_sandbox/opportunities", list_opportunities},
    {"POST", "/_sandbox/opportunities", create_opportunity},
    {"PUT", "/_sandbox/opportunities/{id}", update_opportunity},
    {"DELETE", "/_sandbox/opportunities/{id}", delete_opportunity},
    {"GET", "/_sandbox/pipelines", list_pipelines},
    {"PUT", "/_sandbox/pipelines/{id}", rename_pipeline},
    {"GET", "/_sandbox/customFields", list_custom_fields},
    {"POST", "/_sandbox/customFields", create_custom_field},
    {"PUT", "/_sandbox/customFields/{id}", update_custom_field},
    {"DELETE", "/_sandbox/customFields/{id}", delete_custom_field},
};

}  // namespace

std::span<const ControlRoute> control_record_routes() { return kRoutes; }

}  // namespace lockstep::gohighlevel::sandbox
