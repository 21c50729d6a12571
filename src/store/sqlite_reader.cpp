#include "store/sqlite_reader.hpp"

#include "store/limits.hpp"
#include "store/sqlite_queries.hpp"

namespace lockstep::store {

Result<void> SqliteReader::connect() {
  if (database_ != nullptr) return {};
  auto database = Database::open(path_, Database::Mode::read_only, limits::busy_wait, vfs_);
  if (!database) return fail(database.error());
  const std::string settings = "PRAGMA cache_size = -" + std::to_string(cache_bytes_ / 1024) +
                               "; PRAGMA mmap_size = 0; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY";
  if (auto done = (*database)->execute(settings); !done) return done;
  database_ = std::move(*database);
  return {};
}

// Each read is one transaction, so that it sees one state of the store, and ends at once, so that it never keeps
// the WAL from starting over.
template <class T, class Query>
Result<T> SqliteReader::read(Query&& query) {
  const std::lock_guard lock(mutex_);
  if (auto connected = connect(); !connected) return fail(connected.error());
  Transaction transaction(*database_, Transaction::Mode::read);
  if (!transaction.begun()) return fail(transaction.begun().error());
  return query(*database_);
}

Result<Seq> SqliteReader::last_seq() {
  return read<Seq>([](Database& database) { return sqlite::last_seq(database); });
}

Result<Seq> SqliteReader::first_seq() {
  return read<Seq>([](Database& database) { return sqlite::first_seq(database); });
}

Result<std::optional<sync::Record>> SqliteReader::record(const SourceId& source, const RecordId& id) {
  return read<std::optional<sync::Record>>([&](Database& database) { return sqlite::record(database, source, id); });
}

Result<std::vector<sync::Record>> SqliteReader::records(const SourceId& source, const std::vector<RecordId>& ids) {
  if (ids.size() > limits::record_ids) {
    return fail(ErrorKind::invalid, "at most " + std::to_string(limits::record_ids) + " records at once, not " +
                                        std::to_string(ids.size()));
  }
  return read<std::vector<sync::Record>>([&](Database& database) -> Result<std::vector<sync::Record>> {
    std::vector<sync::Record> found;
    for (const RecordId& id : ids) {
      Result<std::optional<sync::Record>> one = sqlite::record(database, source, id);
      if (!one) return fail(one.error());
      if (*one) found.push_back(std::move(**one));
    }
    return found;
  });
}

Result<Page<sync::Record>> SqliteReader::list(const SourceId& source, const RecordFilter& filter,
                                              const PageRequest& page) {
  return read<Page<sync::Record>>([&](Database& database) { return sqlite::list(database, source, filter, page); });
}

Result<std::optional<RecordId>> SqliteReader::linked(const sync::LinkKey& key) {
  return read<std::optional<RecordId>>([&](Database& database) { return sqlite::linked(database, key); });
}

Result<std::vector<sync::JournalEntry>> SqliteReader::journal(const SourceId& source, Seq after, std::size_t limit) {
  return read<std::vector<sync::JournalEntry>>(
      [&](Database& database) { return sqlite::journal(database, source, after, limit); });
}

Result<std::vector<sync::JournalEntry>> SqliteReader::history(const SourceId& source, const RecordId& record,
                                                              std::size_t limit) {
  return read<std::vector<sync::JournalEntry>>(
      [&](Database& database) { return sqlite::history(database, source, record, limit); });
}

Result<Page<sync::OutboxRow>> SqliteReader::outbox(const SourceId& source, const OutboxFilter& filter,
                                                   const PageRequest& page) {
  return read<Page<sync::OutboxRow>>(
      [&](Database& database) { return sqlite::outbox(database, source, filter, page); });
}

Result<std::vector<sync::OutboxRow>> SqliteReader::outbox_due(const SourceId& source, const SystemName& system,
                                                              Time until, std::size_t limit) {
  return read<std::vector<sync::OutboxRow>>(
      [&](Database& database) { return sqlite::outbox_due(database, source, system, until, limit); });
}

Result<std::vector<sync::OutboxRow>> SqliteReader::outbox_misdated(const SourceId& source, const SystemName& system,
                                                                   Time now, Time after, std::size_t limit) {
  return read<std::vector<sync::OutboxRow>>(
      [&](Database& database) { return sqlite::outbox_misdated(database, source, system, now, after, limit); });
}

Result<std::vector<sync::OutboxRow>> SqliteReader::outbox_of(const SourceId& source, const RecordId& record) {
  return read<std::vector<sync::OutboxRow>>(
      [&](Database& database) { return sqlite::outbox_of(database, source, record); });
}

Result<Page<sync::InboxRow>> SqliteReader::inbox(const SourceId& source, const PageRequest& page) {
  return read<Page<sync::InboxRow>>([&](Database& database) { return sqlite::inbox(database, source, page); });
}

Result<std::vector<sync::InboxRow>> SqliteReader::inbox_fetches(const SourceId& source, const SystemName& system,
                                                                std::size_t limit) {
  return read<std::vector<sync::InboxRow>>(
      [&](Database& database) { return sqlite::inbox_fetches(database, source, system, limit); });
}

Result<Page<sync::ConflictRow>> SqliteReader::conflicts(const SourceId& source, bool open_only,
                                                        const PageRequest& page) {
  const auto which = open_only ? sqlite::Conflicts::open : sqlite::Conflicts::all;
  return read<Page<sync::ConflictRow>>(
      [&](Database& database) { return sqlite::conflicts(database, source, which, page); });
}

Result<Json> SqliteReader::state(const SourceId& source, const SystemName& system, const std::string& key) {
  return read<Json>([&](Database& database) { return sqlite::state(database, source, system, key); });
}

Result<std::vector<sync::StateRow>> SqliteReader::states(const std::string& key_prefix) {
  return read<std::vector<sync::StateRow>>([&](Database& database) { return sqlite::states(database, key_prefix); });
}

Result<Counts> SqliteReader::counts(const SourceId& source) {
  return read<Counts>([&](Database& database) { return sqlite::counts(database, source); });
}

}  // namespace lockstep::store
