// Reads of records, links, journal, state and counts.
#include <algorithm>

#include "store/limits.hpp"
#include "store/paging.hpp"
#include "store/record_search.hpp"
#include "store/sqlite_queries.hpp"
#include "sync/row_codec.hpp"

namespace lockstep::store::sqlite {

namespace {

Result<sync::JournalEntry> read_entry(const Row& row) {
  sync::JournalEntry entry;
  entry.seq = row.number(0);
  entry.at = from_micros(row.integer(1));
  entry.source = SourceId(row.string(2));
  entry.entity = EntityName(row.string(3));
  entry.record = RecordId(row.string(4));
  entry.system = SystemName(row.string(5));
  entry.kind = row.string(6);
  entry.disposition = row.string(7);
  entry.reason = row.string(8);
  Result<Json> body = sync::decode_value(row.text(9));
  if (!body) return fail(body.error());
  entry.body = std::move(*body);
  return entry;
}

Result<void> append_entry(const Row& row, std::vector<sync::JournalEntry>& out) {
  Result<sync::JournalEntry> entry = read_entry(row);
  if (!entry) return fail(entry.error());
  out.push_back(std::move(*entry));
  return {};
}

}  // namespace

std::int64_t to_micros(Time time) { return time.time_since_epoch().count(); }
Time from_micros(std::int64_t micros) { return Time(Duration(micros)); }

Result<Seq> last_seq(Database& database) {
  Seq seq = 0;
  auto done = database.each("SELECT value FROM meta WHERE key = 'last_seq'", [&](const Row& row) -> Result<void> {
    seq = row.number(0);
    return {};
  });
  if (!done) return fail(done.error());
  return seq;
}

Result<Seq> first_seq(Database& database) {
  Seq seq = 0;
  auto done = database.each(
      "SELECT coalesce((SELECT min(seq) FROM journal), (SELECT value + 1 FROM meta WHERE key = 'last_seq'))",
      [&](const Row& row) -> Result<void> {
        seq = row.number(0);
        return {};
      });
  if (!done) return fail(done.error());
  return seq;
}

Result<bool> seen(Database& database, const SourceId& source, const SystemName& system, const std::string& delivery) {
  bool found = false;
  auto done = database.each(
      "SELECT 1 FROM marker WHERE source = (SELECT id FROM source WHERE name = ?1) AND system = ?2 AND delivery = ?3",
      [&](const Row&) -> Result<void> {
        found = true;
        return {};
      },
      source.str(), system.str(), delivery);
  if (!done) return fail(done.error());
  return found;
}

Result<std::optional<sync::Record>> record(Database& database, const SourceId& source, const RecordId& id) {
  std::optional<sync::Record> found;
  auto done = database.each(
      "SELECT body FROM record WHERE source = (SELECT id FROM source WHERE name = ?1) AND id = ?2",
      [&](const Row& row) -> Result<void> {
        Result<sync::Record> decoded = sync::decode_record(row.text(0));
        if (!decoded) return fail(decoded.error());
        found = std::move(*decoded);
        return {};
      },
      source.str(), id.str());
  if (!done) return fail(done.error());
  return found;
}

Result<Page<sync::Record>> list(Database& database, const SourceId& source, const RecordFilter& filter,
                                const PageRequest& page) {
  PageBuilder<sync::Record> builder(page);
  const std::string query = fold_case(filter.query);
  auto on_row = [&](const Row& row) -> Result<Step> {
    if (!builder.wants_more()) return Step::done;
    const bool hidden = row.integer(1) != 0 && !filter.deleted;
    const bool foreign = filter.owned && !may_belong(row.text(2), *filter.owned);
    if (hidden || foreign || !may_match(row.text(2), query)) {
      builder.skip(row.string(0));
      return Step::next;
    }
    Result<sync::Record> decoded = sync::decode_record(row.text(2));
    if (!decoded) return fail(decoded.error());
    if (matches(*decoded, query) && (!filter.owned || belongs(*decoded, *filter.owned))) {
      builder.add(row.string(0), std::move(*decoded));
    } else {
      builder.skip(row.string(0));
    }
    return Step::next;
  };
  auto done =
      filter.entity
          ? database.each(
                "SELECT id, deleted, body FROM record INDEXED BY record_by_entity WHERE source = (SELECT id FROM "
                "source "
                "WHERE name = ?1) AND entity = ?2 AND id > ?3 ORDER BY id",
                on_row, source.str(), filter.entity->str(), page.after)
          : database.each(
                "SELECT id, deleted, body FROM record INDEXED BY record_by_id WHERE source = (SELECT id FROM source "
                "WHERE name = ?1) AND id > ?2 ORDER BY id",
                on_row, source.str(), page.after);
  if (!done) return fail(done.error());
  return builder.take();
}

Result<std::optional<RecordId>> linked(Database& database, const sync::LinkKey& key) {
  std::optional<RecordId> found;
  auto done = database.each(
      "SELECT record FROM link WHERE source = (SELECT id FROM source WHERE name = ?1) AND system = ?2 AND object = ?3 "
      "AND external_id = ?4",
      [&](const Row& row) -> Result<void> {
        found = RecordId(row.string(0));
        return {};
      },
      key.source.str(), key.system.str(), key.object, key.external_id);
  if (!done) return fail(done.error());
  return found;
}

Result<std::vector<RecordId>> matching(Database& database, const sync::MatchKey& key) {
  std::vector<RecordId> found;
  auto done = database.each(
      "SELECT record FROM match WHERE source = (SELECT id FROM source WHERE name = ?1) AND entity = ?2 AND key = ?3 "
      "ORDER BY record LIMIT ?4",
      [&](const Row& row) -> Result<void> {
        found.emplace_back(row.string(0));
        return {};
      },
      key.source.str(), key.entity.str(), key.key, limits::waiting_rows);
  if (!done) return fail(done.error());
  return found;
}

Result<std::vector<sync::JournalEntry>> journal(Database& database, const SourceId& source, Seq after,
                                                std::size_t limit) {
  std::vector<sync::JournalEntry> entries;
  auto on_row = [&](const Row& row) { return append_entry(row, entries); };
  const std::size_t most = std::min(limit, limits::journal_items);
  auto done =
      source.empty()
          ? database.each(
                "SELECT j.seq, j.at, s.name, j.entity, j.record, j.system, j.kind, j.disposition, j.reason, j.body "
                "FROM journal j JOIN source s ON s.id = j.source WHERE j.seq > ?1 ORDER BY j.seq LIMIT ?2",
                on_row, after, most)
          : database.each(
                "SELECT seq, at, ?1, entity, record, system, kind, disposition, reason, body FROM journal "
                "INDEXED BY journal_by_source WHERE source = (SELECT id FROM source WHERE name = ?1) AND seq > ?2 "
                "ORDER BY seq LIMIT ?3",
                on_row, source.str(), after, most);
  if (!done) return fail(done.error());
  return entries;
}

Result<std::vector<sync::JournalEntry>> history(Database& database, const SourceId& source, const RecordId& record,
                                                std::size_t limit) {
  std::vector<sync::JournalEntry> entries;
  if (record.empty()) return entries;
  const std::size_t most = std::min(limit, limits::journal_items);
  Seq next = 0;
  auto head = database.each(
      "SELECT head FROM record WHERE source = (SELECT id FROM source WHERE name = ?1) AND id = ?2",
      [&](const Row& row) -> Result<void> {
        next = row.number(0);
        return {};
      },
      source.str(), record.str());
  if (!head) return fail(head.error());
  while (next != 0 && entries.size() < most) {
    const Seq at = next;
    next = 0;  // also the end when the entry has been pruned
    auto done = database.each(
        "SELECT seq, at, ?2, entity, record, system, kind, disposition, reason, body, prev FROM journal WHERE seq = ?1",
        [&](const Row& row) -> Result<void> {
          next = row.number(10);
          return append_entry(row, entries);
        },
        at, source.str());
    if (!done) return fail(done.error());
  }
  // Entries from before the record was stored; a record is never removed, so all of them are older than its chain.
  auto done = database.each(
      "SELECT seq, at, ?1, entity, record, system, kind, disposition, reason, body FROM journal INDEXED BY "
      "journal_unchained "
      "WHERE prev IS NULL AND record <> '' AND source = (SELECT id FROM source WHERE name = ?1) AND record = ?2 ORDER "
      "BY seq DESC LIMIT ?3",
      [&](const Row& row) { return append_entry(row, entries); }, source.str(), record.str(), most - entries.size());
  if (!done) return fail(done.error());
  return entries;
}

Result<Json> state(Database& database, const SourceId& source, const SystemName& system, const std::string& key) {
  Json value;
  auto done = database.each(
      "SELECT value FROM state WHERE source = (SELECT id FROM source WHERE name = ?1) AND system = ?2 AND key = ?3",
      [&](const Row& row) -> Result<void> {
        Result<Json> decoded = sync::decode_value(row.text(0));
        if (!decoded) return fail(decoded.error());
        value = std::move(*decoded);
        return {};
      },
      source.str(), system.str(), key);
  if (!done) return fail(done.error());
  return value;
}

Result<std::vector<sync::StateRow>> states(Database& database, const std::string& key_prefix) {
  std::vector<sync::StateRow> rows;
  auto done = database.each(
      "SELECT source.name, system, key, value FROM state JOIN source ON source.id = state.source "
      "WHERE substr(key, 1, length(?1)) = ?1 ORDER BY source.name, system, key",
      [&](const Row& row) -> Result<void> {
        Result<Json> value = sync::decode_value(row.text(3));
        if (!value) return fail(value.error());
        rows.push_back({SourceId(row.string(0)), SystemName(row.string(1)), row.string(2), std::move(*value)});
        return {};
      },
      key_prefix);
  if (!done) return fail(done.error());
  return rows;
}

Result<Counts> counts(Database& database, const SourceId& source) {
  Counts counts;
  auto done = database.each(
      "SELECT records, tombstones, outbox_waiting, outbox_dead, inbox, conflicts_open FROM source WHERE name = ?1",
      [&](const Row& row) -> Result<void> {
        counts = {.records = row.number(0),
                  .tombstones = row.number(1),
                  .outbox_waiting = row.number(2),
                  .outbox_dead = row.number(3),
                  .inbox = row.number(4),
                  .conflicts_open = row.number(5)};
        return {};
      },
      source.str());
  if (!done) return fail(done.error());
  return counts;
}

}  // namespace lockstep::store::sqlite
