#include "app/config/config_shape.hpp"

#include "app/config/server_shape.hpp"
#include "app/config/serving_shape.hpp"
#include "app/config/shape_parts.hpp"
#include "base/assert.hpp"

namespace lockstep::app {
namespace {

using namespace shapes;

Shape policy_shape() {
  Shape shape = either({
      choice({"latest", "union", "manual"}),
      object({{.name = "authority",
               .shape = list(name(), 1, limit(systems_limit)),
               .doc = "The system that stands first wins; systems not named come after all named ones.",
               .presence = Presence::required}}),
  });
  shape.example = "policy: {authority: [crm, db]}";
  return named(
      "policy",
      "Which value wins when two systems changed a field at the same time. latest: the later edit. {authority: [...]}: "
      "the first system in the list. union: sets only, what was added stays and what was removed goes. manual: the "
      "field "
      "waits for a person.",
      std::move(shape));
}

std::vector<std::string> field_types() {
  return {"text",    "email",   "phone",       "datetime", "date", "decimal",
          "integer", "boolean", "enumeration", "set",      "json", "reference"};
}

Shape field_shape() {
  Shape full = object({
      {.name = "type",
       .shape = choice(field_types()),
       .doc = "What kind of value it is: decides how values are compared.",
       .presence = Presence::required},
      {.name = "policy",
       .shape = policy_shape(),
       .doc = "Who wins a conflict; default: the entity's policy, and union for sets."},
      {.name = "region",
       .shape = matching("[A-Z]{2}", "two capital letters such as US"),
       .doc = "phone: the country of numbers written without a country code.",
       .fallback = "US"},
      {.name = "zone_offset",
       .shape = matching("[+-][0-9]{2}:[0-9]{2}", "an offset such as +05:30"),
       .doc = "datetime: the offset of values written without a zone.",
       .fallback = "+00:00"},
      {.name = "options", .shape = list(text(256), 1, limit(options_limit)), .doc = "enumeration: the allowed values."},
      {.name = "fold_case",
       .shape = boolean(),
       .doc = "text, set: capital and small letters are the same; kept small.",
       .fallback = "false"},
      {.name = "target", .shape = name(), .doc = "reference: the entity it points to."},
  });
  Shape shape = either({choice(field_types()), std::move(full)});
  shape.example =
      "email: email\nphone: {type: phone, region: US}\nstatus: {type: enumeration, options: [open, won, lost]}\nowner: "
      "{type: reference, target: user}\n";
  return named("field", "One field that all systems share. The short form is the type alone.", std::move(shape));
}

Shape binding_field_shape() {
  Shape full = object({
      {.name = "path",
       .shape = text(256),
       .doc = "Where the value stands in the system's object: \"customFields.loyalty\"; a dot inside a name is written "
              "\"\\.\"."},
      {.name = "converter",
       .shape = text(64),
       .doc = "A converter that can be undone: csv, epoch_ms, cents, map ... (docs/mapping.md)."},
      {.name = "options", .shape = any(), .doc = "Settings of the converter."},
      {.name = "direction",
       .shape = choice({"both", "read", "write"}),
       .doc = "read: the system's value counts, but is never written; write: the other way round.",
       .fallback = "both"},
      {.name = "read",
       .shape = text(4096),
       .doc = "A Lua expression that makes the value out of `doc`, the system's object."},
      {.name = "write",
       .shape = text(4096),
       .doc = "A Lua expression that makes what is stored at `path` out of `value` and `record`."},
  });
  Shape shape = either({text(256), std::move(full)});
  shape.example =
      "email: email\nloyalty: {path: customFields.loyalty, converter: map, options: {Gold: gold, None: none}}\n";
  return named("field_binding", "How one field is held by one system. The short form is the path alone.",
               std::move(shape));
}

Shape binding_shape() {
  Shape shape = object({
      {.name = "object",
       .shape = text(128),
       .doc = "The system's name of it: contact, a table, a collection.",
       .presence = Presence::required},
      {.name = "fields",
       .shape = either({choice({"*"}), list(field_name(), 1, limit(fields_limit)),
                        map("\\*|" + field_pattern(), field_expects() + ", or \"*\"", binding_field_shape(), 1,
                            limit(fields_limit))}),
       .doc = "Which fields this system holds, and where. \"*\": all, under the same names. A list: these, under the "
              "same names. "
              "A map: field to path; the entry \"*\": \"*\" adds all others under their own names.",
       .presence = Presence::required},
      {.name = "creates",
       .shape = boolean(),
       .doc = "Whether records from elsewhere are created here.",
       .fallback = "true"},
      {.name = "deletes",
       .shape = boolean(),
       .doc = "Whether deletes from elsewhere are carried out here.",
       .fallback = "true"},
      {.name = "settle",
       .shape = duration(0, 600 * second),
       .doc = "How long something that was changed here must be left alone before it goes to the other systems (five "
              "times "
              "that at most): people type in steps. Readings of the whole system do not wait.",
       .fallback = "0s"},
  });
  shape.example = "crm:\n  object: contact\n  fields:\n    first_name: firstName\n    \"*\": \"*\"\n";
  return named("binding", "How one system holds an entity.", std::move(shape));
}

Shape business_shape() {
  Shape shape = object({
      {.name = "field",
       .shape = field_name(),
       .doc = "The field that names the business a record belongs to: a text or a reference. id: the record itself is "
              "the business, named by its id.",
       .presence = Presence::required},
      {.name = "edits",
       .shape = list(field_name(), 0, limit(fields_limit)),
       .doc = "What a business may change of its records; all else it only sees.",
       .fallback = "[]"},
  });
  shape.example = "business: {field: business_id, edits: [name, phone, opening_hours]}\n";
  return named("business", "Which records of an entity belong to which business (docs/access.md).", std::move(shape));
}

Shape entity_shape() {
  const Shape rule = either({field_name(), list(field_name(), 1, 8)});
  return named(
      "entity", "A kind of record and how each system holds it.",
      object({
          {.name = "fields",
           .shape = map(field_pattern(), field_expects(), field_shape(), 1, limit(fields_limit)),
           .doc = "The fields that are kept equal.",
           .presence = Presence::required},
          {.name = "policy",
           .shape = policy_shape(),
           .doc = "For fields without their own policy.",
           .fallback = "latest"},
          {.name = "match",
           .shape = list(rule, 0, 16),
           .doc = "How an object seen for the first time finds its record: the first rule that names exactly "
                  "one. A rule is a field, "
                  "or a list of fields that must all be equal and not empty.",
           .fallback = "[]"},
          {.name = "deletes",
           .shape = choice({"propagate", "detach", "archive"}),
           .doc = "When an object is deleted in one system. propagate: in the others too, unless they hold a "
                  "newer edit. detach: the "
                  "others keep theirs. archive: the record is marked deleted, the others are not touched.",
           .fallback = "propagate"},
          {.name = "edits",
           .shape = choice({"people", "none"}),
           .doc = "Who may change its records beside its systems. people: callers of the API with the role "
                  "editor. none: nobody; "
                  "edits, deletes and undo are refused, and a conflict is decided for what a system holds.",
           .fallback = "people"},
          {.name = "business",
           .shape = business_shape(),
           .doc = "Whose its records are, for callers who have a business in the source and no role. Without it "
                  "they see none of them."},
          {.name = "systems",
           .shape = map(name_pattern(), name_expects(), binding_shape(), 1, limit(systems_limit)),
           .doc = "How each system holds it.",
           .presence = Presence::required},
      }));
}

Shape interval(std::int64_t minimum, std::int64_t maximum) {
  Shape shape = duration(minimum, maximum);
  shape.choices = {"never"};
  return shape;
}

Shape poll_shape() {
  Shape shape = object({
      {.name = "every",
       .shape = interval(second, 30 * day),
       .doc = "How often changes are asked for; changes told by webhook or capture do not wait for it.",
       .fallback = "60s"},
      {.name = "full_every",
       .shape = interval(60 * second, 365 * day),
       .doc = "How often everything is read again: finds what events and polls missed, deletes too.",
       .fallback = "24h"},
  });
  shape.example = "poll: {every: 5m, full_every: 7d}";
  return named("poll", "When a system is read without being asked.", std::move(shape));
}

Shape guard_shape() {
  Shape shape = object({
      {.name = "window",
       .shape = duration(60 * second, 30 * day),
       .doc = "Over which changes are counted; also how long an approval lasts.",
       .fallback = "1h"},
      {.name = "delete_percent",
       .shape = integer(1, 100),
       .doc = "Share of the source's records that may be deleted from this system; 100: any.",
       .fallback = "20"},
      {.name = "delete_least",
       .shape = integer(1, 1'000'000),
       .doc = "Fewer deletes than this never ask.",
       .fallback = "25"},
      {.name = "rewrite_percent",
       .shape = integer(1, 100),
       .doc = "Share of the source's records that may be rewritten in this system; 100: any.",
       .fallback = "50"},
      {.name = "rewrite_least",
       .shape = integer(1, 1'000'000),
       .doc = "Fewer rewritten records than this never ask.",
       .fallback = "1000"},
  });
  shape.example = "guard: {delete_percent: 5, rewrite_percent: 100}";
  return named("guard",
               "Stops writing to the system and asks when too much of it would change at once: see `lockstep resume`.",
               std::move(shape));
}

Shape oscillation_shape() {
  Shape shape = object({
      {.name = "flips",
       .shape = integer(2, 1'000),
       .doc = "How often two systems may turn a field back and forth; then it is held and a person is asked.",
       .fallback = "6"},
      {.name = "window",
       .shape = duration(second, day),
       .doc = "Turns are counted within this time of the first one.",
       .fallback = "10m"},
  });
  shape.example = "oscillation: {flips: 4, window: 1h}";
  return named("oscillation", "When two systems that rewrite each other's value of a field are stopped.",
               std::move(shape));
}

Shape filter_shape() {
  Shape shape = object({
      {.name = "in", .shape = name(), .doc = "The system whose objects are filtered.", .presence = Presence::required},
      {.name = "when",
       .shape = text(4'096),
       .doc = "A Lua expression over `doc`, the system's object: true for those that are synced, false for others, nil "
              "when the object does not tell (docs/mapping.md).",
       .presence = Presence::required},
      {.name = "leaving",
       .shape = choice({"remove", "keep"}),
       .doc =
           "What becomes of an object that was synced and is outside now. remove: as if it were deleted there. keep: "
           "it goes on being synced.",
       .fallback = "remove"},
  });
  shape.example =
      "only:\n  opportunity: {in: crm, when: \"doc.pipelineId == 'abc'\"}\n  contact: {in: crm, when: \"doc.dateAdded "
      ">= "
      "'2026-01-01'\", leaving: keep}";
  return named("filter", "Which objects of a system this source has.", std::move(shape));
}

Shape system_shape(std::span<const connector::Factory> factories) {
  Shape shape;
  shape.kind = ShapeKind::variant;
  shape.selector = "connector";
  for (const auto& factory : factories) {
    auto settings = shape_from_settings_schema(factory.settings_schema);
    LOCKSTEP_ASSERT(settings, "a connector's settings schema is one that shape_from_settings_schema() reads");
    std::vector<Key> keys = system_keys();
    for (auto& key : settings->keys) {
      for (const auto& ours : system_keys())
        LOCKSTEP_ASSERT(ours.name != key.name, "a connector's setting has a name of its own");
      keys.push_back(std::move(key));
    }
    settings->keys = std::move(keys);
    settings->keys[0].shape = choice({factory.kind});
    shape.choices.push_back(factory.kind);
    shape.items.push_back(named("connector_" + factory.kind, factory.summary, std::move(*settings)));
  }
  return named("system",
               "One end that holds data. `connector` says which kind; the other keys are that connector's settings.",
               std::move(shape));
}

}  // namespace

const std::vector<Key>& system_keys() {
  static const std::vector<Key> keys = {
      {.name = "connector", .shape = text(64), .doc = "The kind of system.", .presence = Presence::required},
      {.name = "poll", .shape = poll_shape(), .doc = "When it is read without being asked."},
      {.name = "guard", .shape = guard_shape(), .doc = "How much of it may change at once."},
      {.name = "reach",
       .shape = choice({"public", "any"}),
       .doc =
           "Where it may be when it is called over HTTP. public: its name must lead to public addresses (an address in "
           "figures or localhost in the URL is fine). any: the name may lead to this machine or a private network, "
           "too.",
       .fallback = "public"},
  };
  return keys;
}

Shape config_shape(std::span<const connector::Factory> factories) {
  const Shape entities = map(name_pattern(), name_expects(), entity_shape(), 0, limit(entities_limit));
  Shape source =
      named("source", "One tenant: the systems that belong to it and what is kept equal in them.",
            object({
                {.name = "id",
                 .shape = source_id(),
                 .doc = "Its name in the API and in the store: never change it.",
                 .presence = Presence::required},
                {.name = "title", .shape = text(256), .doc = "Its name for people; default: the id."},
                {.name = "systems",
                 .shape = map(name_pattern(), name_expects(), system_shape(factories), 1, limit(systems_limit)),
                 .doc = "The ends that hold data, each under a name of your choice; \"app\" is taken.",
                 .presence = Presence::required},
                {.name = "entities", .shape = entities, .doc = "The kinds of records of this source."},
                {.name = "use",
                 .shape = list(name(), 0, limit(entities_limit)),
                 .doc = "Entities from the top level that this source has too."},
                {.name = "only",
                 .shape = map(name_pattern(), name_expects(), filter_shape(), 0, limit(entities_limit)),
                 .doc = "By entity: which objects this source has; all without it."},
                {.name = "schedules",
                 .shape = list(schedule_shape(), 0, limit(schedules_limit)),
                 .doc = "When functions are called for this source by themselves."},
                {.name = "oscillation",
                 .shape = oscillation_shape(),
                 .doc = "When systems that rewrite each other's value are stopped."},
            }));
  Shape root = object({
      {.name = "version",
       .shape = integer(1, 1),
       .doc = "The version of this format: 1.",
       .presence = Presence::required},
      {.name = "server", .shape = server_shape(), .doc = "Where and how it runs."},
      {.name = "access", .shape = access_shape(), .doc = "Who may use the API."},
      {.name = "entities",
       .shape = entities,
       .doc = "Kinds of records that several sources share: they name them in `use`."},
      {.name = "functions", .shape = functions_shape(), .doc = "What dashboards may call at /functions/v1/NAME."},
      {.name = "jobs", .shape = jobs_shape(), .doc = "Ordered jobs as records, for dashboards."},
      {.name = "sources",
       .shape = list(std::move(source), 1, limit(sources_limit)),
       .doc = "The tenants.",
       .presence = Presence::required},
  });
  root.ignored = "x-.*";
  return named("configuration", "The whole file. Keys that begin with x- are not looked at: a place for YAML anchors.",
               std::move(root));
}

}  // namespace lockstep::app
