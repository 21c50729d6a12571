// The connector interface: the code for one kind of outside system. Adding one means adding a folder under
// connectors/; it passes the contract suite (connector/contract.hpp) and edits no file outside its folder.
//
// All calls come on the loop's thread. Decoding is pure: no network, no clock. Every task ends: when the connector
// is stopped, outstanding work completes with an error.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connector/ports.hpp"
#include "sync/input.hpp"
#include "sync/schema.hpp"

namespace lockstep::connector {

struct ObjectInfo {
  std::string name;  // "contact"; "*" when objects come from the configuration (tables)
  bool pulls_full = true;
  bool pulls_incremental = false;
  bool webhooks = false;
  bool creates = true, updates = true, deletes = true;
  std::vector<std::string> paths;         // known paths; "customFields.*" for open ones; empty: anything
  std::vector<std::string> silent_paths;  // changes here fire no event: only pulls see them
};

// What a connector can do, as data: shown by `lockstep check`, used by the hub's planning.
struct Capabilities {
  std::string kind;  // "gohighlevel"
  std::string summary;
  std::vector<ObjectInfo> objects;
  bool captures = false;                 // pushes changes by itself (logical replication, triggers)
  bool compares_and_swaps = false;       // an update fails with `conflict` when the fields it overwrites have changed
  bool omits_empty = false;              // events leave out fields that are empty: an absence must be read back
  std::size_t write_batch_limit = 1;     // writes per call of write()
  std::size_t write_parallel_limit = 1;  // calls of write() at the same time
  Duration find_settles{0};              // after an unknown create, a search is only trusted this much later
  std::vector<std::string> quirks;
  // Objects are tables of this schema, for clients that subscribe to tables; "": they are none.
  std::string table_schema = {};
  std::map<std::string, std::vector<std::string>> table_keys =
      {};  // columns of a table's key; where none are named: id
  // By table: what every row of this system holds in columns that nobody has to map.
  std::map<std::string, JsonObject> table_constants = {};
};

struct SettingProblem {
  std::string setting;  // "location_id"
  std::string message;  // what is wrong and what to do
};

// Settings of one system as configured, secrets already resolved.
struct SystemSettings {
  SourceId source;
  SystemName system;
  JsonObject settings;
  // The objects in use with their fields, so that a connector can bind custom fields and create tables.
  std::vector<const sync::EntitySchema*> entities;
};

struct WebhookRequest {
  wire::HttpHeaders headers;
  std::string body;  // the raw bytes, as signed
  Time received;
};

struct WriteRequest {
  RecordId record;
  std::string object;
  sync::WriteKind kind = sync::WriteKind::update;
  std::string external_id;      // empty for creates
  Json document;                // create: all bound fields; update: only those that differ; remove: null
  Json expected;                // update, remove: what the system holds at the same paths, as far as we know
  std::string idempotency_key;  // the same for all attempts at one create
  sync::WorkClass work = sync::WorkClass::live;
};

// Who has made an object that a search for a create has brought up. `us`: an earlier attempt of that create, for certain,
// so what the object holds otherwise was edited since.
enum class Maker { unknown, us };

struct Found : sync::Change {
  Found(sync::Change seen, Maker made_by = Maker::unknown) : sync::Change(std::move(seen)), maker(made_by) {}
  static Result<std::optional<Found>> of(Result<std::optional<sync::Change>> seen, Maker made_by) {
    if (!seen) return fail(std::move(seen.error()));
    return *seen ? std::optional<Found>(std::in_place, std::move(**seen), made_by) : std::nullopt;
  }
  Maker maker;
};

struct WriteResult {
  sync::OutcomeKind kind = sync::OutcomeKind::applied;
  std::string external_id;
  std::optional<Json> state;          // what the system holds now
  bool read_later = false;            // by a call of its own: others may have edited in between
  std::vector<std::string> left_out;  // applied, partly: paths of the document that were not written all the same
  bool partly = false;                // not applied, but some calls were carried out: all but `left_out` was written
  bool existed = false;               // a create of ours has made it before: nothing was written now
  sync::Extent extent = sync::Extent::partial;
  sync::Version version = 0;
  std::string reason;  // for people; no personal data
  std::optional<std::chrono::milliseconds> retry_after;
};

enum class PullMode { full, incremental };

struct PullRequest {
  std::string object;
  PullMode mode = PullMode::full;
  Json cursor;  // null for the start; else what the page before returned
  std::size_t page_limit = 100;
  sync::WorkClass work = sync::WorkClass::backfill;
};

struct PullPage {
  std::vector<sync::Change>
      changes;  // object, external_id, kind, extent, version, via, document; the host fills the rest
  Json cursor;  // where the next page starts; for incremental pulls also where the next poll starts
  bool last = false;
  std::optional<std::uint64_t> total;  // of the whole pull, when the system tells
};

struct CheckLine {
  enum class Level { ok, warning, problem } level = Level::ok;
  std::string what;  // "may read contacts"
  std::string hint;  // what to do
};

// Where captured changes go. `durable` is called once the batch is committed here, or with an error when it could
// not be; only then may the position be acknowledged to the outside (B3).
class CaptureSink {
 public:
  virtual ~CaptureSink() = default;
  virtual void deliver(std::vector<sync::Change> changes, std::move_only_function<void(Result<void>)> durable) = 0;
  // Changes may have been missed (a lost slot): the hub pulls everything again and looks for deletes (B4). `durable` as
  // above: once it is called the pull is not forgotten, whatever happens.
  virtual void lost(std::string reason, std::move_only_function<void(Result<void>)> durable) = 0;
  // Which way of capture runs and why, for status pages: "logical replication (pgoutput)", …
  virtual void status(std::string text) = 0;
};

class Tables;

class Connector {
 public:
  virtual ~Connector() = default;
  virtual const Capabilities& capabilities() const = 0;

  // Reads what must be known before anything else works (custom field catalog, table layout); opens connections.
  virtual Task<Result<void>> start() = 0;
  // Completes what is outstanding and closes connections.
  virtual Task<void> stop() = 0;

  // What the credentials permit, line by line. Writes nothing.
  virtual Task<std::vector<CheckLine>> check() = 0;

  // Creates tables, triggers, publications that the system needs and that are missing. Adopts existing ones.
  // Returns what was done, for people.
  virtual Task<Result<std::vector<std::string>>> migrate() = 0;

  // Verifies the signature over the raw bytes, then decodes (A4). Pure. `unauthorized` for a bad signature, `invalid`
  // for a body that makes no sense. An event that concerns no configured object gives an empty list.
  virtual Result<std::vector<sync::Change>> decode_webhook(const WebhookRequest& request) = 0;

  virtual Task<Result<PullPage>> pull(PullRequest request) = 0;

  // The object by id. nullopt: it does not exist (any more).
  virtual Task<Result<std::optional<sync::Change>>> fetch(std::string object, std::string external_id,
                                                          sync::WorkClass work) = 0;

  // One result per request, in order; at most write_batch_limit requests.
  virtual Task<std::vector<WriteResult>> write(std::vector<WriteRequest> requests) = 0;

  // After an unknown create: is the object there? By natural key or idempotency key. nullopt: certainly not.
  virtual Task<Result<std::optional<Found>>> find(WriteRequest request) = 0;

  // Takes this credential in place of the configured one, from the next call on. Durable, sealed, until the configured
  // one changes. `invalid`: there is none that can be replaced, or this can be none; `unauthorized`: it is refused.
  virtual Task<Result<void>> replace_credential(std::string) {
    co_return fail(ErrorKind::invalid, "this system has no credential that can be replaced here");
  }

  // Begins to push changes (only when capabilities().captures). Runs until stop().
  virtual void capture(CaptureSink& sink) = 0;

  // Reads for dashboards (connector/tables.hpp); null where there are none. Lives as long as the connector.
  virtual Tables* tables() { return nullptr; }
};

// How the application makes a connector; each connector folder offers one (see docs/connectors.md).
struct Factory {
  std::string kind;
  std::string summary;
  bool uses_http = true;
  // JSON Schema of the settings, for editors and `lockstep check`.
  Json settings_schema;
  // The HTTP origin that the HttpPort is opened for, from the settings; empty when it uses none.
  std::function<std::string(const JsonObject& settings)> origin;
  std::function<std::vector<SettingProblem>(const SystemSettings&)> check_settings;
  std::function<Result<std::unique_ptr<Connector>>(const SystemSettings&, const Ports&)> make;
};

}  // namespace lockstep::connector
