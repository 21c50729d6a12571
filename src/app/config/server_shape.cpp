#include "app/config/server_shape.hpp"

#include "access/limits.hpp"
#include "app/config/serving_shape.hpp"
#include "app/config/shape_parts.hpp"

namespace lockstep::app {
namespace {

using namespace shapes;

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
       .shape = choice({"admin", "owner", "editor", "viewer", "business"}),
       .doc = "What it may do. business: only what `business` of an entity leaves to the one that is named beside it.",
       .presence = Presence::required},
      {.name = "sources",
       .shape = list(either({matching(R"(\*|[A-Za-z0-9][A-Za-z0-9_-]{0,63})", "the id of a source, or \"*\"")}), 1,
                     limit(sources_limit)),
       .doc = "The sources it is for; \"*\" means all. The role business needs some by name.",
       .fallback = "[\"*\"]"},
      {.name = "business",
       .shape = text(limit(access::limits::kBusinessBytes)),
       .doc = "role: business: whose records it sees (docs/access.md)."},
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
       .doc = "Its column of the role: viewer, editor, owner or business; null is a viewer, anything else no right. "
              "Without it all are viewers."},
      {.name = "business",
       .shape = text(63),
       .doc = "Its column of the business that a row of the role business is about; without a name such a row gives no "
              "right."},
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

}  // namespace

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
      {.name = "rest", .shape = rest_shape(), .doc = "The tables that dashboards read at /rest/v1."},
      {.name = "realtime", .shape = realtime_shape(), .doc = "How changes are told."},
  });
  shape.example =
      "server:\n  listen: 0.0.0.0:8080\n  data: /var/lib/lockstep\n  public_url: https://sync.example.com\n  log: "
      "{level: info, format: json}\n";
  return named("server", "The server itself. All of it may be left out.", std::move(shape));
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

}  // namespace lockstep::app
