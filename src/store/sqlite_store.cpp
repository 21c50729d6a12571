#include "store/sqlite_store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "store/file_lock.hpp"
#include "store/limits.hpp"
#include "store/paging.hpp"
#include "store/sqlite_commit.hpp"
#include "store/sqlite_queries.hpp"
#include "store/sqlite_reader.hpp"
#include "store/sqlite_schema.hpp"

namespace lockstep::store {

namespace {

constexpr std::size_t page_bytes = 4096;

class OpenSqliteStore final : public SqliteStore {
 public:
  OpenSqliteStore(SqliteSettings settings, std::unique_ptr<FileLock> lock, std::unique_ptr<Database> database)
      : settings_(std::move(settings)), lock_(std::move(lock)), database_(std::move(database)) {}

  Result<void> load();

  Result<void> commit(const sync::Batch& batch) override;
  std::unique_ptr<Reader> open_reader() override;
  Result<std::size_t> prune(Time markers_before, Time journal_before, std::size_t limit) override;
  Result<std::uint64_t> size_bytes() override;

  Result<Seq> last_seq() override { return last_seq_; }
  Result<bool> seen(const SourceId& source, const SystemName& system, const std::string& delivery) override {
    return look_up([&] { return sqlite::seen(*database_, source, system, delivery); });
  }
  Result<std::optional<sync::Record>> record(const SourceId& source, const RecordId& id) override {
    return look_up([&] { return sqlite::record(*database_, source, id); });
  }
  Result<std::optional<RecordId>> linked(const sync::LinkKey& key) override {
    return look_up([&] { return sqlite::linked(*database_, key); });
  }
  Result<std::vector<RecordId>> matching(const sync::MatchKey& key) override {
    return look_up([&] { return sqlite::matching(*database_, key); });
  }
  Result<std::optional<sync::OutboxRow>> outbox(const sync::OutboxKey& key) override {
    return look_up([&] { return sqlite::outbox_row(*database_, key); });
  }
  Result<std::vector<sync::OutboxRow>> claims(const SourceId& source, const SystemName& system,
                                              const EntityName& entity) override {
    return look_up([&] { return sqlite::claims(*database_, source, system, entity); });
  }
  Result<std::optional<sync::InboxRow>> inbox(Seq seq) override {
    return look_up([&] { return sqlite::inbox_row(*database_, seq); });
  }
  Result<std::vector<sync::InboxRow>> inbox_waiting(const SourceId& source, const std::string& waits_for) override {
    return look_up([&] { return sqlite::inbox_waiting(*database_, source, waits_for); });
  }
  Result<std::vector<sync::InboxRow>> inbox_waiting_under(const SourceId& source, const std::string& prefix) override {
    return look_up([&] { return sqlite::inbox_waiting_under(*database_, source, prefix); });
  }
  Result<std::vector<sync::OutboxRow>> outbox_waiting(const SourceId& source, const std::string& waits_for) override {
    return look_up([&] { return sqlite::outbox_waiting(*database_, source, waits_for); });
  }
  Result<std::vector<sync::ConflictRow>> open_conflicts(const SourceId& source, const RecordId& record) override {
    return look_up([&] { return sqlite::open_conflicts(*database_, source, record); });
  }
  Result<std::optional<sync::ConflictRow>> conflict(const SourceId& source, Seq seq,
                                                    const std::string& field) override {
    return look_up([&] { return sqlite::conflict(*database_, source, seq, field); });
  }

 private:
  Result<void> write(const sync::Batch& batch);

  // Lookups between two commits share one read transaction: taking SQLite's locks for each costs more than most of
  // the answers. Nobody else writes, so what it sees stays the newest.
  template <class Query>
  auto look_up(Query query) -> decltype(query()) {
    if (!lookups_) {
      lookups_.emplace(*database_, Transaction::Mode::read);
      if (!lookups_->begun()) {
        Error error = lookups_->begun().error();
        lookups_.reset();
        return fail(std::move(error));
      }
    }
    return query();
  }

  SqliteSettings settings_;
  std::unique_ptr<FileLock> lock_;  // outlives the connection; null with a VFS of its own
  std::unique_ptr<Database> database_;
  std::optional<Transaction> lookups_;  // open from the first lookup after a commit until the next one
  Seq last_seq_ = 0;
  sqlite::SourceNumbers sources_;
  std::optional<Error> broken_;  // set by the first `corrupt`: nothing is written any more
};

Result<void> OpenSqliteStore::load() {
  const Result<Seq> last = sqlite::last_seq(*database_);
  if (!last) return fail(last.error());
  last_seq_ = *last;
  return database_->each("SELECT name, id FROM source", [&](const Row& row) -> Result<void> {
    sources_.emplace(row.string(0), row.integer(1));
    return {};
  });
}

Result<void> OpenSqliteStore::commit(const sync::Batch& batch) {
  if (broken_) return fail(*broken_);
  if (auto fine = check_batch(batch); !fine) return fine;
  Result<void> written = write(batch);
  if (!written && written.error().kind == ErrorKind::corrupt) broken_ = written.error();
  return written;
}

Result<void> OpenSqliteStore::write(const sync::Batch& batch) {
  lookups_.reset();
  Transaction transaction(*database_, Transaction::Mode::write);
  if (!transaction.begun()) return transaction.begun();
  sqlite::BatchWriter writer(*database_, sources_);
  if (auto written = writer.write(batch, last_seq_); !written) return written;
  if (auto committed = transaction.commit(); !committed) return committed;  // A1: synced when this returns
  // What is remembered follows what is on the disk, never the other way round.
  sources_.insert(writer.new_sources().begin(), writer.new_sources().end());
  if (!batch.journal.empty()) last_seq_ = batch.journal.back().seq;
  return {};
}

std::unique_ptr<Reader> OpenSqliteStore::open_reader() {
  return std::make_unique<SqliteReader>(settings_.path, settings_.reader_cache_bytes, settings_.vfs);
}

Result<std::size_t> OpenSqliteStore::prune(Time markers_before, Time journal_before, std::size_t limit) {
  if (broken_) return fail(*broken_);
  lookups_.reset();
  Transaction transaction(*database_, Transaction::Mode::write);
  if (!transaction.begun()) return fail(transaction.begun().error());
  // Both tables are in order of arrival: only their old ends are looked at.
  const auto markers =
      database_->run("DELETE FROM marker WHERE id IN (SELECT id FROM marker ORDER BY id LIMIT ?2) AND at < ?1",
                     sqlite::to_micros(markers_before), limit);
  if (!markers) return fail(markers.error());
  const std::size_t rest = limit - static_cast<std::size_t>(*markers);
  const auto entries =
      database_->run("DELETE FROM journal WHERE seq IN (SELECT seq FROM journal ORDER BY seq LIMIT ?2) AND at < ?1",
                     sqlite::to_micros(journal_before), rest);
  if (!entries) return fail(entries.error());
  if (auto committed = transaction.commit(); !committed) return fail(committed.error());
  return static_cast<std::size_t>(*markers) + static_cast<std::size_t>(*entries);
}

Result<std::uint64_t> OpenSqliteStore::size_bytes() {
  std::uint64_t bytes = 0;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(settings_.path.string() + suffix, error);
    if (error && error != std::errc::no_such_file_or_directory) {
      return fail(ErrorKind::unavailable, "store: the file's size is not readable: " + error.message());
    }
    if (!error) bytes += size;
  }
  return bytes;
}

// It holds personal data: for the owner only. SQLite gives the WAL the same rights.
Result<void> create_private(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return fail(ErrorKind::unavailable, "cannot open the store " + path.string() + ": " + std::strerror(errno));
  ::close(descriptor);
  return {};
}

// secure_delete: what is overwritten or removed, a secret written by an older version too, is gone from the file.
Result<void> configure(Database& database, const SqliteSettings& settings) {
  std::string sql =
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; "
      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON";
  sql += "; PRAGMA cache_size = -" + std::to_string(std::max<std::size_t>(settings.cache_bytes / 1024, 1));
  sql += "; PRAGMA wal_autocheckpoint = " +
         std::to_string(std::max<std::size_t>(settings.checkpoint_bytes / page_bytes, 1));
  // Overwriting a WAL is cheaper than growing it, so it is cut only after a burst.
  sql += "; PRAGMA journal_size_limit = " + std::to_string(2 * settings.checkpoint_bytes);
  if (settings.file_bytes_limit)
    sql += "; PRAGMA max_page_count = " + std::to_string(*settings.file_bytes_limit / page_bytes);
  return database.execute(sql);
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> open_sqlite_store(const SqliteSettings& settings) {
  std::unique_ptr<FileLock> lock;
  if (settings.vfs.empty()) {
    auto acquired = FileLock::acquire(settings.path.string() + ".lock");
    if (!acquired) return fail(acquired.error());
    lock = std::move(*acquired);
    if (auto created = create_private(settings.path); !created) return fail(created.error());
  }
  auto database = Database::open(settings.path, Database::Mode::read_write, limits::busy_wait, settings.vfs);
  if (!database) return fail(database.error());
  if (auto fine = check_version(**database); !fine) return fail(fine.error());
  if (auto sized = (*database)->execute("PRAGMA page_size = " + std::to_string(page_bytes)); !sized)
    return fail(sized.error());
  if (auto configured = configure(**database, settings); !configured) return fail(configured.error());
  if (auto migrated = migrate(**database); !migrated) return fail(migrated.error());
  auto store = std::make_unique<OpenSqliteStore>(settings, std::move(lock), std::move(*database));
  if (auto loaded = store->load(); !loaded) return fail(loaded.error());
  return store;
}

}  // namespace lockstep::store
