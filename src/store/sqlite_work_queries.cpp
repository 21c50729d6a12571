// Reads of what waits: outbox, inbox, conflicts.
#include <algorithm>

#include "store/limits.hpp"
#include "store/paging.hpp"
#include "store/sqlite_queries.hpp"
#include "sync/row_codec.hpp"

namespace lockstep::store::sqlite {

namespace {

// Columns: record, system, entity, state, work, due, since, cause, attempts, error, error_kind, waits_for, claimed_at,
// creates, sent, put_off_at.
Result<sync::OutboxRow> read_outbox(const Row& row, const SourceId& source) {
  sync::OutboxRow out;
  out.key = {source, SystemName(row.string(1)), RecordId(row.string(0))};
  out.entity = EntityName(row.string(2));
  const auto state = sync::outbox_state_from(row.integer(3));
  const auto work = sync::work_class_from(row.integer(4));
  const auto error_kind = sync::error_kind_from_number(row.integer(10));
  if (!state) return fail(state.error());
  if (!work) return fail(work.error());
  if (!error_kind) return fail(error_kind.error());
  out.state = *state;
  out.work = *work;
  out.due = from_micros(row.integer(5));
  out.since = from_micros(row.integer(6));
  out.cause = row.number(7);
  out.attempts = static_cast<std::uint32_t>(row.integer(8));
  out.error = row.string(9);
  out.error_kind = *error_kind;
  out.waits_for = row.string(11);
  out.claimed_at = from_micros(row.integer(12));
  out.creates = row.integer(13) != 0;
  Result<sync::Fields> sent = sync::decode_fields(row.string(14));
  if (!sent) return fail(sent.error());
  out.sent = std::move(*sent);
  out.put_off_at = from_micros(row.integer(15));
  return out;
}

class OutboxRows {
 public:
  explicit OutboxRows(const SourceId& source) : source_(source) {}
  Result<void> operator()(const Row& row) {
    Result<sync::OutboxRow> read = read_outbox(row, source_);
    if (!read) return fail(read.error());
    rows.push_back(std::move(*read));
    return {};
  }
  Result<std::vector<sync::OutboxRow>> take(const Result<void>& done) {
    if (!done) return fail(done.error());
    return std::move(rows);
  }
  std::vector<sync::OutboxRow> rows;

 private:
  const SourceId& source_;
};

// Columns: seq, source's name, kind, waits_for, since, body.
Result<sync::InboxRow> read_inbox(const Row& row) {
  sync::InboxRow out;
  out.seq = row.number(0);
  out.change.source = SourceId(row.string(1));
  const auto kind = sync::inbox_kind_from(row.integer(2));
  if (!kind) return fail(kind.error());
  out.kind = *kind;
  out.waits_for = row.string(3);
  out.since = from_micros(row.integer(4));
  if (auto body = sync::decode_inbox_body(row.text(5), out); !body) return fail(body.error());
  return out;
}

Result<void> append_inbox(const Row& row, std::vector<sync::InboxRow>& out) {
  Result<sync::InboxRow> read = read_inbox(row);
  if (!read) return fail(read.error());
  out.push_back(std::move(*read));
  return {};
}

// Columns: seq, field, entity, record, open, body.
Result<sync::ConflictRow> read_conflict(const Row& row, const SourceId& source) {
  sync::ConflictRow out;
  out.seq = row.number(0);
  out.source = source;
  out.field = row.string(1);
  out.entity = EntityName(row.string(2));
  out.record = RecordId(row.string(3));
  out.open = row.integer(4) != 0;
  if (auto body = sync::decode_conflict_body(row.text(5), out); !body) return fail(body.error());
  return out;
}

}  // namespace

Result<std::optional<sync::OutboxRow>> outbox_row(Database& database, const sync::OutboxKey& key) {
  OutboxRows rows(key.source);
  auto done = database.each(
      "SELECT record, system, entity, state, work, due, since, cause, attempts, error, error_kind, waits_for, "
      "claimed_at, creates, sent, put_off_at FROM outbox "
      "WHERE source = (SELECT id FROM source WHERE name = ?1) AND record = ?2 AND system = ?3",
      rows, key.source.str(), key.record.str(), key.system.str());
  if (!done) return fail(done.error());
  if (rows.rows.empty()) return std::optional<sync::OutboxRow>();
  return std::optional<sync::OutboxRow>(std::move(rows.rows.front()));
}

Result<Page<sync::OutboxRow>> outbox(Database& database, const SourceId& source, const OutboxFilter& filter,
                                     const PageRequest& page) {
  const Result<OutboxPageKey> after = parse_outbox_page_key(page.after);
  if (!after) return fail(after.error());
  PageBuilder<sync::OutboxRow> builder(page);
  auto on_row = [&](const Row& row) -> Result<Step> {
    if (!builder.wants_more()) return Step::done;
    Result<sync::OutboxRow> read = read_outbox(row, source);
    if (!read) return fail(read.error());
    std::string key = outbox_page_key(read->key);
    const bool wanted =
        (!filter.system || *filter.system == read->key.system) && (!filter.state || *filter.state == read->state);
    if (wanted) {
      builder.add(std::move(key), std::move(*read));
    } else {
      builder.skip(std::move(key));
    }
    return Step::next;
  };
  auto done =
      filter.state == sync::OutboxState::dead
          ? database.each(
                "SELECT record, system, entity, state, work, due, since, cause, attempts, error, error_kind, "
                "waits_for, "
                "claimed_at, creates, sent, put_off_at FROM outbox INDEXED BY outbox_dead WHERE state = 4 AND source = "
                "(SELECT id FROM source "
                "WHERE "
                "name = ?1) AND (record, system) > (?2, ?3) ORDER BY record, system",
                on_row, source.str(), after->record, after->system)
          : database.each(
                "SELECT record, system, entity, state, work, due, since, cause, attempts, error, error_kind, "
                "waits_for, "
                "claimed_at, creates, sent, put_off_at FROM outbox WHERE source = (SELECT id FROM source WHERE name = "
                "?1) "
                "AND (record, system) > "
                "(?2, ?3) ORDER BY record, system",
                on_row, source.str(), after->record, after->system);
  if (!done) return fail(done.error());
  return builder.take();
}

Result<std::vector<sync::OutboxRow>> outbox_due(Database& database, const SourceId& source, const SystemName& system,
                                                Time until, std::size_t limit) {
  OutboxRows rows(source);
  return rows.take(
      database.each("SELECT record, system, entity, state, work, due, since, cause, attempts, error, error_kind, "
                    "waits_for, claimed_at, creates, sent, put_off_at FROM outbox "
                    "INDEXED BY outbox_due WHERE state <= 2 AND source = (SELECT id FROM source WHERE name = ?1) AND "
                    "system = ?2 AND due <= ?3 "
                    "ORDER BY due, record LIMIT ?4",
                    rows, source.str(), system.str(), to_micros(until), std::min(limit, limits::due_rows)));
}

Result<std::vector<sync::OutboxRow>> outbox_misdated(Database& database, const SourceId& source,
                                                     const SystemName& system, Time now, Time after,
                                                     std::size_t limit) {
  OutboxRows rows(source);
  return rows.take(database.each(
      "SELECT record, system, entity, state, work, due, since, cause, attempts, error, error_kind, "
      "waits_for, claimed_at, creates, sent, put_off_at FROM outbox "
      "INDEXED BY outbox_due WHERE state <= 2 AND source = (SELECT id FROM source WHERE name = ?1) AND "
      "system = ?2 AND due > ?3 AND put_off_at > ?4 "
      "ORDER BY due, record LIMIT ?5",
      rows, source.str(), system.str(), to_micros(after), to_micros(now), std::min(limit, limits::due_rows)));
}

Result<std::vector<sync::OutboxRow>> outbox_of(Database& database, const SourceId& source, const RecordId& record) {
  OutboxRows rows(source);
  return rows.take(
      database.each("SELECT record, system, entity, state, work, due, since, cause, attempts, error, error_kind, "
                    "waits_for, claimed_at, creates, sent, put_off_at FROM outbox "
                    "WHERE source = (SELECT id FROM source WHERE name = ?1) AND record = ?2 ORDER BY system",
                    rows, source.str(), record.str()));
}

Result<std::vector<sync::OutboxRow>> claims(Database& database, const SourceId& source, const SystemName& system,
                                            const EntityName& entity) {
  OutboxRows rows(source);
  return rows.take(
      database.each("SELECT record, system, entity, state, work, due, since, cause, attempts, error, error_kind, "
                    "waits_for, claimed_at, creates, sent, put_off_at FROM outbox "
                    "INDEXED BY outbox_creating WHERE creates = 1 AND state IN (1, 2) AND source = (SELECT id FROM "
                    "source WHERE name = "
                    "?1) AND system = ?2 AND "
                    "entity = ?3 ORDER BY record",
                    rows, source.str(), system.str(), entity.str()));
}

Result<std::vector<sync::OutboxRow>> outbox_waiting(Database& database, const SourceId& source,
                                                    const std::string& waits_for) {
  OutboxRows rows(source);
  return rows.take(
      database.each("SELECT record, system, entity, state, work, due, since, cause, attempts, error, error_kind, "
                    "waits_for, claimed_at, creates, sent, put_off_at FROM outbox "
                    "INDEXED BY outbox_blocked WHERE state = 3 AND source = (SELECT id FROM source WHERE name = ?1) "
                    "AND waits_for = ?2 "
                    "ORDER BY since, record, system LIMIT ?3",
                    rows, source.str(), waits_for, limits::waiting_rows));
}

Result<std::optional<sync::InboxRow>> inbox_row(Database& database, Seq seq) {
  std::vector<sync::InboxRow> rows;
  auto done = database.each(
      "SELECT i.seq, s.name, i.kind, i.waits_for, i.since, i.body FROM inbox i JOIN source s ON s.id = i.source WHERE "
      "i.seq = ?1",
      [&](const Row& row) { return append_inbox(row, rows); }, seq);
  if (!done) return fail(done.error());
  if (rows.empty()) return std::optional<sync::InboxRow>();
  return std::optional<sync::InboxRow>(std::move(rows.front()));
}

Result<Page<sync::InboxRow>> inbox(Database& database, const SourceId& source, const PageRequest& page) {
  const Result<Seq> after = parse_inbox_page_key(page.after);
  if (!after) return fail(after.error());
  PageBuilder<sync::InboxRow> builder(page);
  auto done = database.each(
      "SELECT seq, ?1, kind, waits_for, since, body FROM inbox INDEXED BY inbox_by_source WHERE source = (SELECT id "
      "FROM source WHERE "
      "name = ?1) AND seq > ?2 ORDER BY seq",
      [&](const Row& row) -> Result<Step> {
        if (!builder.wants_more()) return Step::done;
        Result<sync::InboxRow> read = read_inbox(row);
        if (!read) return fail(read.error());
        builder.add(inbox_page_key(read->seq), std::move(*read));
        return Step::next;
      },
      source.str(), *after);
  if (!done) return fail(done.error());
  return builder.take();
}

Result<std::vector<sync::InboxRow>> inbox_fetches(Database& database, const SourceId& source, const SystemName& system,
                                                  std::size_t limit) {
  std::vector<sync::InboxRow> rows;
  auto done = database.each(
      "SELECT seq, ?1, kind, waits_for, since, body FROM inbox INDEXED BY inbox_fetch WHERE kind = 1 AND source = "
      "(SELECT id FROM source "
      "WHERE name = ?1) AND system = ?2 ORDER BY seq LIMIT ?3",
      [&](const Row& row) { return append_inbox(row, rows); }, source.str(), system.str(),
      std::min(limit, limits::due_rows));
  if (!done) return fail(done.error());
  return rows;
}

namespace {

Result<std::vector<sync::InboxRow>> read_waiting(Database& database, Sql sql, const SourceId& source,
                                                 const std::string& key, std::size_t limit) {
  std::vector<sync::InboxRow> rows;
  auto done = database.each(sql, [&](const Row& row) { return append_inbox(row, rows); }, source.str(), key, limit);
  if (!done) return fail(done.error());
  return rows;
}

}  // namespace

Result<std::vector<sync::InboxRow>> inbox_waiting(Database& database, const SourceId& source,
                                                  const std::string& waits_for) {
  return read_waiting(database,
                      "SELECT seq, ?1, kind, waits_for, since, body FROM inbox INDEXED BY inbox_waiting WHERE kind IN "
                      "(0, 1) AND source = (SELECT id FROM source WHERE name = ?1) AND waits_for = ?2 ORDER BY seq "
                      "LIMIT ?3",
                      source, waits_for, limits::waiting_rows);
}

Result<std::vector<sync::InboxRow>> inbox_waiting_under(Database& database, const SourceId& source,
                                                        const std::string& prefix) {
  return read_waiting(database,
                      "SELECT seq, ?1, kind, waits_for, since, body FROM inbox INDEXED BY inbox_waiting WHERE kind IN "
                      "(0, 1) AND source = (SELECT id FROM source WHERE name = ?1) AND waits_for >= ?2 AND waits_for < "
                      "?2 || char(1114111) ORDER BY seq LIMIT ?3",
                      source, prefix, limits::waiting_rows_under);
}

Result<std::vector<sync::ConflictRow>> open_conflicts(Database& database, const SourceId& source,
                                                      const RecordId& record) {
  std::vector<sync::ConflictRow> rows;
  auto done = database.each(
      "SELECT seq, field, entity, record, open, body FROM conflict INDEXED BY conflict_open_by_record WHERE open = 1 "
      "AND source = (SELECT "
      "id FROM source WHERE name = ?1) AND record = ?2 ORDER BY seq, field",
      [&](const Row& row) -> Result<void> {
        Result<sync::ConflictRow> read = read_conflict(row, source);
        if (!read) return fail(read.error());
        rows.push_back(std::move(*read));
        return {};
      },
      source.str(), record.str());
  if (!done) return fail(done.error());
  return rows;
}

Result<std::optional<sync::ConflictRow>> conflict(Database& database, const SourceId& source, Seq seq,
                                                  const std::string& field) {
  std::optional<sync::ConflictRow> found;
  auto done = database.each(
      "SELECT seq, field, entity, record, open, body FROM conflict WHERE source = (SELECT id FROM source WHERE name = "
      "?1) AND seq = ?2 AND field = ?3",
      [&](const Row& row) -> Result<void> {
        Result<sync::ConflictRow> read = read_conflict(row, source);
        if (!read) return fail(read.error());
        found = std::move(*read);
        return {};
      },
      source.str(), seq, field);
  if (!done) return fail(done.error());
  return found;
}

Result<Page<sync::ConflictRow>> conflicts(Database& database, const SourceId& source, Conflicts which,
                                          const PageRequest& page) {
  const Result<ConflictPageKey> after = parse_conflict_page_key(page.after);
  if (!after) return fail(after.error());
  PageBuilder<sync::ConflictRow> builder(page);
  auto on_row = [&](const Row& row) -> Result<Step> {
    if (!builder.wants_more()) return Step::done;
    Result<sync::ConflictRow> read = read_conflict(row, source);
    if (!read) return fail(read.error());
    std::string key = conflict_page_key(*read);
    builder.add(std::move(key), std::move(*read));
    return Step::next;
  };
  auto done =
      which == Conflicts::open
          ? database.each(
                "SELECT seq, field, entity, record, open, body FROM conflict INDEXED BY conflict_open WHERE open = 1 "
                "AND "
                "source = (SELECT id FROM source WHERE name = ?1) AND (seq, field) > (?2, ?3) ORDER BY seq, field",
                on_row, source.str(), after->seq, after->field)
          : database.each(
                "SELECT seq, field, entity, record, open, body FROM conflict WHERE source = (SELECT id FROM source "
                "WHERE name = ?1) AND (seq, field) > (?2, ?3) ORDER BY seq, field",
                on_row, source.str(), after->seq, after->field);
  if (!done) return fail(done.error());
  return builder.take();
}

}  // namespace lockstep::store::sqlite
