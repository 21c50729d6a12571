#include "app/config/config_shape.hpp"

#include "app/config/limits.hpp"
#include "base/assert.hpp"

namespace lockstep::app {
namespace {

using namespace shapes;

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t hour = 3600 * second;
constexpr std::int64_t day = 24 * hour;

constexpr auto limit = [](std::size_t value) { return static_cast<std::int64_t>(value); };

Shape source_id() { return matching("[A-Za-z0-9][A-Za-z0-9_-]{0,63}", "letters, digits, - and _, at most 64"); }
std::string name_pattern() { return "[a-z][a-z0-9_]{0,62}"; }
std::string name_expects() { return "a name such as crm or order_item: small letters, digits and _"; }
Shape name() { return matching(name_pattern(), name_expects()); }
std::string field_pattern() { return "[A-Za-z][A-Za-z0-9_]{0,62}"; }
std::string field_expects() { return "a field name such as first_name: letters, digits and _"; }
Shape field_name() { return matching(field_pattern(), field_expects()); }

Shape log_shape() {
  return object({
      {.name = "level",
       .shape = choice({"debug", "info", "warning", "error"}),
       .doc = "What is written at least.",
       .fallback = "info"},
      {.name = "format",
       .shape = choice({"auto", "text", "json"}),
       .doc = "auto: text on a terminal, one JSON object per line elsewhere.",
       .fallback = "auto"},
  });
}

Shape limits_shape() {
  return object({
      {.name = "body",
       .shape = size(1 << 10, 64 << 20),
       .doc = "The largest request body; a larger one gets 413.",
       .fallback = "1MiB"},
      {.name = "connections",
       .shape = integer(1, 1'000'000),
       .doc = "Open connections; more get 429. Lowered by itself where the system allows too few open files.",
       .fallback = "20000"},
      {.name = "connections_per_address",
       .shape = integer(1, 1'000'000),
       .doc = "Open connections from one IPv4 address or one IPv6 /64; more get 429. Default: half of `connections`. "
              "Behind a proxy all come from one address; without one, 100 is plenty."},
  });
}

Shape sealing_shape() {
  Shape shape = object({
      {.name = "key",
       .shape = secret(),
       .doc = "64 hex digits; default: the key in the file secret.key of the data folder, which is made once.",
       .secret = true},
      {.name = "old_keys",
       .shape = list(secret(), 0, limit(sealing_keys_limit)),
       .doc = "Former keys. What they have sealed is opened, and sealed anew with the key at the start."},
  });
  shape.example = "server:\n  sealing: {key: {env: LOCKSTEP_SEALING_KEY}, old_keys: [{file: key-of-2025}]}\n";
  return named(
      "sealing",
      "The key that seals the secrets which Lockstep itself keeps: tokens that it was given (docs/operating.md).",
      std::move(shape));
}

Shape server_shape() {
  Shape shape = object({
      {.name = "listen",
       .shape = matching(R"((\[[0-9a-fA-F:.]+\]|[0-9A-Za-z.-]+):[0-9]{1,5})",
                         "an address and a port such as 127.0.0.1:8080 or [::1]:8080"),
       .doc = "Where the API, webhooks and the console are served. Port 0 takes a free one.",
       .fallback = "127.0.0.1:8080"},
      {.name = "data",
       .shape = text(),
       .doc = "The folder of the store; relative to the folder of this file.",
       .fallback = "./data"},
      {.name = "public_url",
       .shape = matching("https?://[^\\s/?#]+(/[^\\s?#]*)?", "a URL such as https://sync.example.com"),
       .doc = "How the outside reaches this server: for webhook addresses and links."},
      {.name = "log",
       .shape = named("log", "What is logged, and how.", log_shape()),
       .doc = "What is logged, and how."},
      {.name = "limits",
       .shape = named("limits", "At a limit Lockstep refuses; it never grows quietly.", limits_shape()),
       .doc = "Limits of the server."},
      {.name = "sealing", .shape = sealing_shape(), .doc = "The key of the secrets on the disk."},
  });
  shape.example =
      "server:\n  listen: 0.0.0.0:8080\n  data: /var/lib/lockstep\n  public_url: https://sync.example.com\n  log: "
      "{level: info, format: json}\n";
  return named("server", "The server itself. All of it may be left out.", std::move(shape));
}

Shape api_key_shape() {
  Shape shape = object({
      {.name = "name",
       .shape = text(64),
       .doc = "Who uses it: shown in the audit log.",
       .presence = Presence::required},
      {.name = "key",
       .shape = secret(),
       .doc = "The key itself, 16 bytes at least.",
       .presence = Presence::required,
       .secret = true},
      {.name = "role",
       .shape = choice({"admin", "owner", "editor", "viewer"}),
       .doc = "What it may do.",
       .presence = Presence::required},
      {.name = "sources",
       .shape = list(either({matching(R"(\*|[A-Za-z0-9][A-Za-z0-9_-]{0,63})", "the id of a source, or \"*\"")}), 1,
                     limit(sources_limit)),
       .doc = "The sources it is for; \"*\" means all.",
       .fallback = "[\"*\"]"},
  });
  shape.example = "access:\n  api_keys:\n    - {name: ops, key: {env: LOCKSTEP_API_KEY}, role: admin}\n";
  return named("api_key", "A key for machines, sent as \"Authorization: Bearer ...\".", std::move(shape));
}

Shape jwt_shape() {
  Shape shape = object({
      {.name = "secret", .shape = secret(), .doc = "HS256: the shared secret (Supabase: JWT secret).", .secret = true},
      {.name = "public_key", .shape = secret(), .doc = "RS256 or ES256: the public key in PEM.", .secret = true},
      {.name = "jwks",
       .shape = text_or_reference(text(limit(config_text_bytes_limit))),
       .doc =
           "RS256 and ES256: the URL where the issuer publishes its keys (Supabase: "
           "https://PROJECT.supabase.co/auth/v1/.well-known/jwks.json), or the key set itself. Keys from a URL are "
           "fetched at the start, every 10 minutes, after SIGHUP, and at most once a minute when a token names one "
           "that is not known; known keys stay in force until a new set is there. https, or http to this machine, or "
           "with reach: any."},
      {.name = "reach",
       .shape = choice({"public", "any"}),
       .doc = "Where the URL of jwks may lead, as for a system.",
       .fallback = "public"},
      {.name = "issuer", .shape = text(), .doc = "The token's `iss` must be this."},
      {.name = "audience", .shape = text(), .doc = "The token's `aud` must be or contain this."},
  });
  shape.exactly_one_of = {{"secret", "public_key", "jwks"}};
  shape.example =
      "access:\n  jwt:\n    - {secret: {env: SUPABASE_JWT_SECRET}, audience: authenticated}\n"
      "    - jwks: https://PROJECT.supabase.co/auth/v1/.well-known/jwks.json\n"
      "      issuer: https://PROJECT.supabase.co/auth/v1\n      audience: authenticated\n";
  return named("jwt", "Somebody whose tokens are accepted.", std::move(shape));
}

Shape members_shape() {
  Shape shape = object({
      {.name = "system",
       .shape = name(),
       .doc = "The system whose database has the table.",
       .presence = Presence::required},
      {.name = "from_source",
       .shape = text(),
       .doc = "The source whose system it is; default: the first that has one of this name."},
      {.name = "table", .shape = text(63), .doc = "The table or view.", .presence = Presence::required},
      {.name = "user",
       .shape = text(63),
       .doc = "Its column of the user: the `sub` of tokens, or the name of a local account.",
       .presence = Presence::required},
      {.name = "source", .shape = text(63), .doc = "Its column of the source's id.", .presence = Presence::required},
      {.name = "role",
       .shape = text(63),
       .doc = "Its column of the role: viewer, editor or owner; null is a viewer, anything else no right. Without it "
              "all are viewers."},
      {.name = "hold",
       .shape = duration(5 * second, 3600 * second),
       .doc = "How long what was read last holds while the database does not answer. After that nobody has a right "
              "from this table.",
       .fallback = "1m"},
  });
  shape.example =
      "access:\n  members:\n    - {system: db, table: user_sources, user: user_id, source: source_id, role: role}\n";
  return named("members",
               "A table that says which user may see which source. It is read every 2 seconds, 50,000 rows at most; "
               "what it says ends open subscriptions within 5 seconds.",
               std::move(shape));
}

Shape access_shape() {
  return named("access", "Who may use the API.",
               object({
                   {.name = "api_keys",
                    .shape = list(api_key_shape(), 0, limit(access_entries_limit)),
                    .doc = "Keys for machines and the command line."},
                   {.name = "jwt",
                    .shape = list(jwt_shape(), 0, limit(access_entries_limit)),
                    .doc = "Issuers of tokens for people."},
                   {.name = "members",
                    .shape = list(members_shape(), 0, limit(member_tables_limit)),
                    .doc = "Tables with the rights of the people whose tokens or accounts are accepted. With any, what "
                           "tokens themselves say about rights does not count."},
               }));
}

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

Shape entity_shape() {
  const Shape rule = either({field_name(), list(field_name(), 1, 8)});
  return named("entity", "A kind of record and how each system holds it.",
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
