#include "store/sqlite_schema.hpp"

#include <array>

namespace lockstep::store {

namespace {

// Times are microseconds since 1970. Sources are numbered, since every row has one; the other names are short and
// stay readable. Enumerations are numbers in the order of sync/batch.hpp, and the partial indexes rely on them:
// outbox state 0 waiting, 1 claimed, 2 unknown, 3 blocked, 4 dead; inbox kind 0 waiting, 1 fetch.
constexpr const char* version_1 = R"sql(
  CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO meta VALUES ('last_seq', 0);

  -- The counts are kept up with every commit, so that reading them costs nothing.
  CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    records INTEGER NOT NULL DEFAULT 0,
    tombstones INTEGER NOT NULL DEFAULT 0,
    outbox_waiting INTEGER NOT NULL DEFAULT 0,
    outbox_dead INTEGER NOT NULL DEFAULT 0,
    inbox INTEGER NOT NULL DEFAULT 0,
    conflicts_open INTEGER NOT NULL DEFAULT 0
  );

  -- In order of arrival, so that pruning takes from one end.
  CREATE TABLE marker (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    source INTEGER NOT NULL,
    system TEXT NOT NULL,
    delivery TEXT NOT NULL
  );
  CREATE UNIQUE INDEX marker_by_delivery ON marker (source, system, delivery);

  CREATE TABLE record (
    key INTEGER PRIMARY KEY,
    source INTEGER NOT NULL,
    id TEXT NOT NULL,
    entity TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    head INTEGER NOT NULL,
    body TEXT NOT NULL
  );
  CREATE UNIQUE INDEX record_by_id ON record (source, id);

  CREATE TABLE link (
    source INTEGER NOT NULL,
    system TEXT NOT NULL,
    object TEXT NOT NULL,
    external_id TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (source, system, object, external_id)
  ) WITHOUT ROWID;

  CREATE TABLE match (
    source INTEGER NOT NULL,
    entity TEXT NOT NULL,
    key TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (source, entity, key, record)
  ) WITHOUT ROWID;

  -- A record's entries are a chain from record.head along prev: an index would cost a page write for each entry.
  -- Entries that name a record which is not stored have no chain (prev is null) and are found by an index.
  CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    prev INTEGER,
    at INTEGER NOT NULL,
    source INTEGER NOT NULL,
    entity TEXT NOT NULL,
    record TEXT NOT NULL,
    system TEXT NOT NULL,
    kind TEXT NOT NULL,
    disposition TEXT NOT NULL,
    reason TEXT NOT NULL,
    body TEXT NOT NULL
  );
  CREATE INDEX journal_by_source ON journal (source);
  CREATE INDEX journal_unchained ON journal (source, record) WHERE prev IS NULL AND record <> '';

  CREATE TABLE outbox (
    source INTEGER NOT NULL,
    record TEXT NOT NULL,
    system TEXT NOT NULL,
    entity TEXT NOT NULL,
    state INTEGER NOT NULL,
    work INTEGER NOT NULL,
    due INTEGER NOT NULL,
    since INTEGER NOT NULL,
    cause INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    error TEXT NOT NULL,
    error_kind INTEGER NOT NULL,
    waits_for TEXT NOT NULL,
    claimed_at INTEGER NOT NULL,
    PRIMARY KEY (source, record, system)
  ) WITHOUT ROWID;
  CREATE INDEX outbox_due ON outbox (source, system, due) WHERE state <= 2;
  CREATE INDEX outbox_claimed ON outbox (source, system, entity) WHERE state IN (1, 2);
  CREATE INDEX outbox_blocked ON outbox (source, waits_for, since) WHERE state = 3;
  CREATE INDEX outbox_dead ON outbox (source) WHERE state = 4;

  CREATE TABLE inbox (
    seq INTEGER PRIMARY KEY,
    source INTEGER NOT NULL,
    system TEXT NOT NULL,
    kind INTEGER NOT NULL,
    waits_for TEXT NOT NULL,
    since INTEGER NOT NULL,
    body TEXT NOT NULL
  );
  CREATE INDEX inbox_by_source ON inbox (source);
  CREATE INDEX inbox_waiting ON inbox (source, waits_for) WHERE kind = 0;
  CREATE INDEX inbox_fetch ON inbox (source, system) WHERE kind = 1;

  CREATE TABLE conflict (
    source INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    field TEXT NOT NULL,
    entity TEXT NOT NULL,
    record TEXT NOT NULL,
    open INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (source, seq, field)
  ) WITHOUT ROWID;
  CREATE INDEX conflict_open ON conflict (source) WHERE open = 1;
  CREATE INDEX conflict_open_by_record ON conflict (source, record) WHERE open = 1;

  CREATE TABLE state (
    source INTEGER NOT NULL,
    system TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (source, system, key)
  ) WITHOUT ROWID;
)sql";

// Lists of one entity used to read every record of the source.
constexpr const char* version_2 = "CREATE INDEX record_by_entity ON record (source, entity, id);";

// Every write is claimed, with what it carries; only creates are looked for by entity.
constexpr const char* version_3 = R"sql(
  ALTER TABLE outbox ADD COLUMN creates INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE outbox ADD COLUMN sent TEXT NOT NULL DEFAULT '{}';
  UPDATE outbox SET creates = 1 WHERE state IN (1, 2);
  DROP INDEX outbox_claimed;
  CREATE INDEX outbox_creating ON outbox (source, system, entity) WHERE creates = 1 AND state IN (1, 2);
)sql";

// A write asks whether its object is still to be read.
constexpr const char* version_4 = R"sql(
  DROP INDEX inbox_waiting;
  CREATE INDEX inbox_waiting ON inbox (source, waits_for) WHERE kind IN (0, 1);
)sql";

// A write says by which time it was put off.
constexpr const char* version_5 = R"sql(
  ALTER TABLE outbox ADD COLUMN put_off_at INTEGER NOT NULL DEFAULT 0;
  UPDATE outbox SET put_off_at = max(since, claimed_at);
)sql";

constexpr std::array<const char*, schema_version> migrations{version_1, version_2, version_3, version_4, version_5};

Result<void> refuse_foreign(Database& database, std::int64_t version) {
  const Result<std::int64_t> application = database.read_integer("PRAGMA application_id");
  if (!application) return fail(application.error());
  const Result<std::int64_t> tables = database.read_integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return fail(tables.error());
  const bool fresh = version == 0 && *tables == 0 && *application == 0;
  if (fresh || *application == schema_application_id) return {};
  return fail(ErrorKind::invalid, "this SQLite file belongs to another program: name another file for the store");
}

Result<void> apply(Database& database, std::int64_t version) {
  Transaction transaction(database, Transaction::Mode::write);
  if (!transaction.begun()) return transaction.begun();
  const char* sql = migrations.at(static_cast<std::size_t>(version) - 1);
  if (auto done = database.execute(sql); !done) return done;
  // Part of the same transaction: the version says what is there, whenever the power goes.
  const std::string mark = "PRAGMA application_id = " + std::to_string(schema_application_id) +
                           "; PRAGMA user_version = " + std::to_string(version);
  if (auto done = database.execute(mark); !done) return done;
  return transaction.commit();
}

}  // namespace

Result<void> check_version(Database& database) {
  const Result<std::int64_t> version = database.read_integer("PRAGMA user_version");
  if (!version) return fail(version.error());
  if (auto ours = refuse_foreign(database, *version); !ours) return ours;
  if (*version <= schema_version) return {};
  return fail(ErrorKind::invalid, "the store is of version " + std::to_string(*version) +
                                      ", this program knows up to version " + std::to_string(schema_version) +
                                      ": use a newer Lockstep, or restore a backup made by this one");
}

Result<void> migrate(Database& database, std::int64_t target) {
  const Result<std::int64_t> version = database.read_integer("PRAGMA user_version");
  if (!version) return fail(version.error());
  for (std::int64_t next = *version + 1; next <= target; ++next) {
    if (auto applied = apply(database, next); !applied) return applied;
  }
  return {};
}

}  // namespace lockstep::store
