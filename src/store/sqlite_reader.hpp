// A reader on a read-only connection of its own. Any thread may call; calls are one at a time (a mutex).
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "store/sqlite_database.hpp"
#include "store/store.hpp"

namespace lockstep::store {

class SqliteReader final : public Reader {
 public:
  // Connects with the first read, and again with the next one when that fails.
  SqliteReader(std::filesystem::path path, std::size_t cache_bytes, std::string vfs)
      : path_(std::move(path)), cache_bytes_(cache_bytes), vfs_(std::move(vfs)) {}
  SqliteReader(const SqliteReader&) = delete;
  SqliteReader& operator=(const SqliteReader&) = delete;

  Result<Seq> last_seq() override;
  Result<Seq> first_seq() override;
  Result<std::optional<sync::Record>> record(const SourceId& source, const RecordId& id) override;
  Result<std::vector<sync::Record>> records(const SourceId& source, const std::vector<RecordId>& ids) override;
  Result<Page<sync::Record>> list(const SourceId& source, const RecordFilter& filter, const PageRequest& page) override;
  Result<std::optional<RecordId>> linked(const sync::LinkKey& key) override;
  Result<std::vector<sync::JournalEntry>> journal(const SourceId& source, Seq after, std::size_t limit) override;
  Result<std::vector<sync::JournalEntry>> history(const SourceId& source, const RecordId& record,
                                                  std::size_t limit) override;
  Result<Page<sync::OutboxRow>> outbox(const SourceId& source, const OutboxFilter& filter,
                                       const PageRequest& page) override;
  Result<std::vector<sync::OutboxRow>> outbox_due(const SourceId& source, const SystemName& system, Time until,
                                                  std::size_t limit) override;
  Result<std::vector<sync::OutboxRow>> outbox_misdated(const SourceId& source, const SystemName& system, Time now,
                                                       Time after, std::size_t limit) override;
  Result<std::vector<sync::OutboxRow>> outbox_of(const SourceId& source, const RecordId& record) override;
  Result<Page<sync::InboxRow>> inbox(const SourceId& source, const PageRequest& page) override;
  Result<std::vector<sync::InboxRow>> inbox_fetches(const SourceId& source, const SystemName& system,
                                                    std::size_t limit) override;
  Result<Page<sync::ConflictRow>> conflicts(const SourceId& source, bool open_only, const PageRequest& page) override;
  Result<Json> state(const SourceId& source, const SystemName& system, const std::string& key) override;
  Result<std::vector<sync::StateRow>> states(const std::string& key_prefix) override;
  Result<Counts> counts(const SourceId& source) override;

 private:
  template <class T, class Query>
  Result<T> read(Query&& query);
  Result<void> connect();

  std::filesystem::path path_;
  std::size_t cache_bytes_;
  std::string vfs_;
  std::mutex mutex_;
  std::unique_ptr<Database> database_;  // guarded by mutex_; null: not connected yet
};

}  // namespace lockstep::store
