#include "store/memory_store.hpp"

#include <algorithm>
#include <mutex>
#include <tuple>

#include "store/limits.hpp"
#include "store/memory_reader.hpp"
#include "store/paging.hpp"

namespace lockstep::store {

namespace {

MemoryTables::MarkerKey key_of(const sync::Marker& marker) { return {marker.source, marker.system, marker.delivery}; }
MemoryTables::OutboxOrder order_of(const sync::OutboxKey& key) { return {key.source, key.record, key.system}; }

template <class Map>
auto value_at(const Map& map, const typename Map::key_type& key) -> std::optional<typename Map::mapped_type> {
  const auto found = map.find(key);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

}  // namespace

Result<void> MemoryStore::commit(const sync::Batch& batch) {
  if (auto fine = check_batch(batch); !fine) return fine;
  const std::unique_lock lock(tables_.mutex);
  if (auto fits = check(batch); !fits) return fits;
  apply(batch);
  return {};
}

Result<void> MemoryStore::check(const sync::Batch& batch) const {
  if ((batch.first_seq != 0 || !batch.journal.empty()) && batch.first_seq != tables_.last_seq + 1) {
    return fail(ErrorKind::conflict, "store: the journal is at " + std::to_string(tables_.last_seq));
  }
  std::set<MemoryTables::MarkerKey> markers;
  for (const sync::Marker& marker : batch.markers) {
    if (tables_.markers.contains(key_of(marker)) || !markers.insert(key_of(marker)).second) {
      return fail(ErrorKind::conflict, "store: a delivery has been accepted before");
    }
  }
  std::map<MemoryTables::RecordKey, std::uint64_t> revisions;
  for (const sync::Record& record : batch.records) {
    const auto [at, first] = revisions.try_emplace({record.source, record.id}, 0);
    if (const auto stored = tables_.records.find(at->first); first && stored != tables_.records.end())
      at->second = stored->second.revision;
    if (record.revision != at->second + 1) {
      return fail(ErrorKind::conflict,
                  "store: record " + record.id.str() + " is at revision " + std::to_string(at->second));
    }
    at->second = record.revision;
  }
  return {};
}

void MemoryStore::apply(const sync::Batch& batch) {
  for (const sync::Marker& marker : batch.markers) {
    tables_.markers.insert(key_of(marker));
    tables_.markers_by_arrival.push_back(marker);
  }
  for (const sync::Record& record : batch.records) tables_.records.insert_or_assign({record.source, record.id}, record);
  for (const sync::LinkKey& key : batch.links_erased) tables_.links.erase(key);
  for (const sync::LinkRow& row : batch.links) tables_.links.insert_or_assign(row.key, row.record);
  for (const sync::MatchRow& row : batch.matches_erased) {
    const auto found = tables_.matches.find(row.key);
    if (found == tables_.matches.end()) continue;
    found->second.erase(row.record);
    if (found->second.empty()) tables_.matches.erase(found);
  }
  for (const sync::MatchRow& row : batch.matches) tables_.matches[row.key].insert(row.record);
  for (const sync::JournalEntry& entry : batch.journal) {
    tables_.journal.insert_or_assign(entry.seq, entry);
    if (!entry.record.empty()) tables_.journal_by_record[{entry.source, entry.record}].insert(entry.seq);
    tables_.last_seq = entry.seq;
  }
  for (const sync::OutboxKey& key : batch.outbox_erased) tables_.outbox.erase(order_of(key));
  for (const sync::OutboxRow& row : batch.outbox) tables_.outbox.insert_or_assign(order_of(row.key), row);
  for (const Seq seq : batch.inbox_erased) tables_.inbox.erase(seq);
  for (const sync::InboxRow& row : batch.inbox) tables_.inbox.insert_or_assign(row.seq, row);
  for (const sync::ConflictRow& row : batch.conflicts) {
    tables_.conflicts.insert_or_assign({row.source, row.seq, row.field}, row);
  }
  for (const sync::StateRow& row : batch.state) {
    if (row.value.is_null()) {
      tables_.state.erase({row.source, row.system, row.key});
    } else {
      tables_.state.insert_or_assign({row.source, row.system, row.key}, row.value);
    }
  }
}

std::unique_ptr<Reader> MemoryStore::open_reader() { return std::make_unique<MemoryReader>(tables_); }

Result<std::size_t> MemoryStore::prune(Time markers_before, Time journal_before, std::size_t limit) {
  const std::unique_lock lock(tables_.mutex);
  std::size_t pruned = 0;
  auto& markers = tables_.markers_by_arrival;
  const auto old_end = markers.begin() + static_cast<std::ptrdiff_t>(std::min(limit, markers.size()));
  const auto kept = std::remove_if(markers.begin(), old_end, [&](const sync::Marker& marker) {
    if (marker.at >= markers_before) return false;
    tables_.markers.erase(key_of(marker));
    ++pruned;
    return true;
  });
  markers.erase(kept, old_end);

  std::size_t looked_at = pruned;
  for (auto at = tables_.journal.begin(); at != tables_.journal.end() && looked_at < limit; ++looked_at) {
    if (at->second.at >= journal_before) {
      ++at;
      continue;
    }
    if (const auto chain = tables_.journal_by_record.find({at->second.source, at->second.record});
        chain != tables_.journal_by_record.end()) {
      chain->second.erase(at->first);
      if (chain->second.empty()) tables_.journal_by_record.erase(chain);
    }
    at = tables_.journal.erase(at);
    ++pruned;
  }
  return pruned;
}

Result<Seq> MemoryStore::last_seq() { return tables_.last_seq; }

Result<bool> MemoryStore::seen(const SourceId& source, const SystemName& system, const std::string& delivery) {
  return tables_.markers.contains({source, system, delivery});
}

Result<std::optional<sync::Record>> MemoryStore::record(const SourceId& source, const RecordId& id) {
  return value_at(tables_.records, {source, id});
}

Result<std::optional<RecordId>> MemoryStore::linked(const sync::LinkKey& key) { return value_at(tables_.links, key); }

Result<std::vector<RecordId>> MemoryStore::matching(const sync::MatchKey& key) {
  const auto found = tables_.matches.find(key);
  std::vector<RecordId> records;
  if (found == tables_.matches.end()) return records;
  records.assign(found->second.begin(), found->second.end());
  if (records.size() > limits::waiting_rows) records.resize(limits::waiting_rows);
  return records;
}

Result<std::optional<sync::OutboxRow>> MemoryStore::outbox(const sync::OutboxKey& key) {
  return value_at(tables_.outbox, order_of(key));
}

Result<std::vector<sync::OutboxRow>> MemoryStore::claims(const SourceId& source, const SystemName& system,
                                                         const EntityName& entity) {
  std::vector<sync::OutboxRow> rows;
  for (const auto& [key, row] : tables_.outbox) {
    if (row.key.source == source && row.key.system == system && row.entity == entity && row.creates && row.in_flight())
      rows.push_back(row);
  }
  return rows;
}

Result<std::optional<sync::InboxRow>> MemoryStore::inbox(Seq seq) { return value_at(tables_.inbox, seq); }

Result<std::vector<sync::InboxRow>> MemoryStore::inbox_waiting(const SourceId& source, const std::string& waits_for) {
  return waiting_where(source, limits::waiting_rows, [&](const std::string& key) { return key == waits_for; });
}

Result<std::vector<sync::InboxRow>> MemoryStore::inbox_waiting_under(const SourceId& source,
                                                                     const std::string& prefix) {
  return waiting_where(source, limits::waiting_rows_under,
                       [&](const std::string& key) { return key.starts_with(prefix); });
}

template <class Fits>
std::vector<sync::InboxRow> MemoryStore::waiting_where(const SourceId& source, std::size_t limit, Fits fits) const {
  std::vector<sync::InboxRow> rows;
  for (const auto& [seq, row] : tables_.inbox) {
    if (rows.size() == limit) break;
    const bool waits = row.kind == sync::InboxKind::waiting || row.kind == sync::InboxKind::fetch;
    if (waits && row.change.source == source && fits(row.waits_for)) rows.push_back(row);
  }
  return rows;
}

Result<std::vector<sync::OutboxRow>> MemoryStore::outbox_waiting(const SourceId& source, const std::string& waits_for) {
  std::vector<sync::OutboxRow> rows;
  for (const auto& [key, row] : tables_.outbox) {
    if (row.key.source == source && row.state == sync::OutboxState::blocked && row.waits_for == waits_for)
      rows.push_back(row);
  }
  std::ranges::sort(rows, [](const auto& a, const auto& b) {
    return std::tie(a.since, a.key.record, a.key.system) < std::tie(b.since, b.key.record, b.key.system);
  });
  if (rows.size() > limits::waiting_rows) rows.resize(limits::waiting_rows);
  return rows;
}

Result<std::vector<sync::ConflictRow>> MemoryStore::open_conflicts(const SourceId& source, const RecordId& record) {
  std::vector<sync::ConflictRow> rows;
  for (const auto& [key, row] : tables_.conflicts) {
    if (row.source == source && row.record == record && row.open) rows.push_back(row);
  }
  return rows;
}

Result<std::optional<sync::ConflictRow>> MemoryStore::conflict(const SourceId& source, Seq seq,
                                                               const std::string& field) {
  return value_at(tables_.conflicts, {source, seq, field});
}

}  // namespace lockstep::store
