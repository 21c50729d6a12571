// Writes one batch into the open transaction of the writer connection. Nothing here commits or rolls back.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "store/sqlite_database.hpp"
#include "sync/batch.hpp"

namespace lockstep::store::sqlite {

// The numbers of the sources that are on the disk. Numbers given within a batch are added once it is committed.
using SourceNumbers = std::unordered_map<std::string, std::int64_t>;

class BatchWriter {
 public:
  BatchWriter(Database& database, const SourceNumbers& known) : database_(database), known_(known) {}

  // `conflict` when the batch does not fit what is stored.
  Result<void> write(const sync::Batch& batch, Seq last_seq);

  const SourceNumbers& new_sources() const { return new_sources_; }

 private:
  // How the counts of one source change with this batch.
  struct Tally {
    std::int64_t records = 0, tombstones = 0, outbox_waiting = 0, outbox_dead = 0, inbox = 0, conflicts_open = 0;
    friend bool operator==(const Tally&, const Tally&) = default;
  };
  // What is stored of a record, kept up while the batch is written.
  struct RecordState {
    std::int64_t key = 0;  // 0: not stored
    std::uint64_t revision = 0;
    bool deleted = false;
    Seq head = 0;  // newest entry of its chain
    Seq head_stored = 0;
    std::string entity;
  };
  using RecordKey = std::pair<std::int64_t, std::string_view>;
  struct RecordKeyHash {
    std::size_t operator()(const RecordKey& key) const {
      return std::hash<std::string_view>{}(key.second) ^ (static_cast<std::size_t>(key.first) * 0x9E3779B97F4A7C15u);
    }
  };

  Result<std::int64_t> source_number(const SourceId& source);
  Result<RecordState*> record_state(std::int64_t source, const RecordId& id);

  Result<void> write_markers(const sync::Batch& batch);
  Result<void> check_records(const sync::Batch& batch);
  Result<void> write_journal(const sync::Batch& batch);
  Result<void> write_records(const sync::Batch& batch);
  Result<void> write_heads();
  Result<void> write_links(const sync::Batch& batch);
  Result<void> write_matches(const sync::Batch& batch);
  Result<void> write_outbox(const sync::Batch& batch);
  Result<void> put_outbox(const sync::OutboxRow& row);
  Result<void> write_inbox(const sync::Batch& batch);
  Result<void> write_conflicts(const sync::Batch& batch);
  Result<void> write_state(const sync::Batch& batch);
  Result<void> write_last_seq(const sync::Batch& batch);
  Result<void> write_tallies();
  void count_outbox(std::int64_t source, sync::OutboxState state, int by);

  Database& database_;
  const SourceNumbers& known_;
  SourceNumbers new_sources_;
  const SourceId* last_source_ = nullptr;  // rows of one source stand together: spares most look-ups
  std::int64_t last_number_ = 0;
  std::map<std::int64_t, Tally> tallies_;
  std::unordered_map<RecordKey, RecordState, RecordKeyHash> records_;
};

}  // namespace lockstep::store::sqlite
