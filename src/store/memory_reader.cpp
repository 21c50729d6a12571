#include "store/memory_reader.hpp"

#include <algorithm>
#include <mutex>
#include <tuple>

#include "store/limits.hpp"
#include "store/paging.hpp"
#include "store/record_search.hpp"

namespace lockstep::store {

namespace {

using SharedLock = std::shared_lock<std::shared_mutex>;

}  // namespace

Result<Seq> MemoryReader::last_seq() {
  const SharedLock lock(tables_.mutex);
  return tables_.last_seq;
}

Result<Seq> MemoryReader::first_seq() {
  const SharedLock lock(tables_.mutex);
  return tables_.journal.empty() ? tables_.last_seq + 1 : tables_.journal.begin()->first;
}

Result<std::optional<sync::Record>> MemoryReader::record(const SourceId& source, const RecordId& id) {
  const SharedLock lock(tables_.mutex);
  const auto found = tables_.records.find({source, id});
  if (found == tables_.records.end()) return std::optional<sync::Record>();
  return std::optional<sync::Record>(found->second);
}

Result<std::vector<sync::Record>> MemoryReader::records(const SourceId& source, const std::vector<RecordId>& ids) {
  if (ids.size() > limits::record_ids) {
    return fail(ErrorKind::invalid, "at most " + std::to_string(limits::record_ids) + " records at once, not " +
                                        std::to_string(ids.size()));
  }
  const SharedLock lock(tables_.mutex);
  std::vector<sync::Record> found;
  for (const RecordId& id : ids) {
    if (const auto at = tables_.records.find({source, id}); at != tables_.records.end()) found.push_back(at->second);
  }
  return found;
}

Result<Page<sync::Record>> MemoryReader::list(const SourceId& source, const RecordFilter& filter,
                                              const PageRequest& page) {
  const SharedLock lock(tables_.mutex);
  PageBuilder<sync::Record> builder(page);
  const std::string query = fold_case(filter.query);
  for (auto at = tables_.records.upper_bound({source, RecordId(page.after)});
       at != tables_.records.end() && at->first.first == source; ++at) {
    const sync::Record& record = at->second;
    if (filter.entity && record.entity != *filter.entity) continue;
    if (!builder.wants_more()) break;
    const bool foreign = filter.owned && !belongs(record, *filter.owned);
    if (!foreign && (!record.deleted || filter.deleted) && matches(record, query)) {
      builder.add(record.id.str(), record);
    } else {
      builder.skip(record.id.str());
    }
  }
  return builder.take();
}

Result<std::optional<RecordId>> MemoryReader::linked(const sync::LinkKey& key) {
  const SharedLock lock(tables_.mutex);
  const auto found = tables_.links.find(key);
  if (found == tables_.links.end()) return std::optional<RecordId>();
  return std::optional<RecordId>(found->second);
}

Result<std::vector<sync::JournalEntry>> MemoryReader::journal(const SourceId& source, Seq after, std::size_t limit) {
  const SharedLock lock(tables_.mutex);
  std::vector<sync::JournalEntry> entries;
  const std::size_t most = std::min(limit, limits::journal_items);
  for (auto at = tables_.journal.upper_bound(after); at != tables_.journal.end() && entries.size() < most; ++at) {
    if (source.empty() || at->second.source == source) entries.push_back(at->second);
  }
  return entries;
}

Result<std::vector<sync::JournalEntry>> MemoryReader::history(const SourceId& source, const RecordId& record,
                                                              std::size_t limit) {
  const SharedLock lock(tables_.mutex);
  std::vector<sync::JournalEntry> entries;
  const std::size_t most = std::min(limit, limits::journal_items);
  const auto chain = tables_.journal_by_record.find({source, record});
  if (chain == tables_.journal_by_record.end()) return entries;
  for (auto seq = chain->second.rbegin(); seq != chain->second.rend() && entries.size() < most; ++seq) {
    entries.push_back(tables_.journal.at(*seq));
  }
  return entries;
}

Result<Page<sync::OutboxRow>> MemoryReader::outbox(const SourceId& source, const OutboxFilter& filter,
                                                   const PageRequest& page) {
  const Result<OutboxPageKey> after = parse_outbox_page_key(page.after);
  if (!after) return fail(after.error());
  const SharedLock lock(tables_.mutex);
  PageBuilder<sync::OutboxRow> builder(page);
  for (auto at = tables_.outbox.upper_bound({source, RecordId(after->record), SystemName(after->system)});
       at != tables_.outbox.end() && at->second.key.source == source; ++at) {
    const sync::OutboxRow& row = at->second;
    const bool wanted =
        (!filter.system || *filter.system == row.key.system) && (!filter.state || *filter.state == row.state);
    if (!wanted && filter.state == sync::OutboxState::dead && row.state != sync::OutboxState::dead) continue;
    if (!builder.wants_more()) break;
    if (wanted) {
      builder.add(outbox_page_key(row.key), row);
    } else {
      builder.skip(outbox_page_key(row.key));
    }
  }
  return builder.take();
}

// Rows of one lane that are still to be written and `wanted`, in order of due.
template <class Wanted>
std::vector<sync::OutboxRow> MemoryReader::lane_rows(const SourceId& source, const SystemName& system,
                                                     std::size_t limit, Wanted wanted) {
  const SharedLock lock(tables_.mutex);
  std::vector<sync::OutboxRow> rows;
  for (const auto& [key, row] : tables_.outbox) {
    if (row.key.source == source && row.key.system == system && is_due_state(row.state) && wanted(row))
      rows.push_back(row);
  }
  std::ranges::sort(
      rows, [](const auto& a, const auto& b) { return std::tie(a.due, a.key.record) < std::tie(b.due, b.key.record); });
  if (rows.size() > std::min(limit, limits::due_rows)) rows.resize(std::min(limit, limits::due_rows));
  return rows;
}

Result<std::vector<sync::OutboxRow>> MemoryReader::outbox_due(const SourceId& source, const SystemName& system,
                                                              Time until, std::size_t limit) {
  return lane_rows(source, system, limit, [&](const sync::OutboxRow& row) { return row.due <= until; });
}

Result<std::vector<sync::OutboxRow>> MemoryReader::outbox_misdated(const SourceId& source, const SystemName& system,
                                                                   Time now, Time after, std::size_t limit) {
  return lane_rows(source, system, limit,
                   [&](const sync::OutboxRow& row) { return row.due > after && row.put_off_at > now; });
}

Result<std::vector<sync::OutboxRow>> MemoryReader::outbox_of(const SourceId& source, const RecordId& record) {
  const SharedLock lock(tables_.mutex);
  std::vector<sync::OutboxRow> rows;
  for (auto at = tables_.outbox.lower_bound({source, record, SystemName()});
       at != tables_.outbox.end() && at->second.key.source == source && at->second.key.record == record; ++at) {
    rows.push_back(at->second);
  }
  return rows;
}

Result<Page<sync::InboxRow>> MemoryReader::inbox(const SourceId& source, const PageRequest& page) {
  const Result<Seq> after = parse_inbox_page_key(page.after);
  if (!after) return fail(after.error());
  const SharedLock lock(tables_.mutex);
  PageBuilder<sync::InboxRow> builder(page);
  for (auto at = tables_.inbox.upper_bound(*after); at != tables_.inbox.end(); ++at) {
    if (at->second.change.source != source) continue;
    if (!builder.wants_more()) break;
    builder.add(inbox_page_key(at->first), at->second);
  }
  return builder.take();
}

Result<std::vector<sync::InboxRow>> MemoryReader::inbox_fetches(const SourceId& source, const SystemName& system,
                                                                std::size_t limit) {
  const SharedLock lock(tables_.mutex);
  std::vector<sync::InboxRow> rows;
  for (const auto& [seq, row] : tables_.inbox) {
    if (rows.size() == std::min(limit, limits::due_rows)) break;
    if (row.kind == sync::InboxKind::fetch && row.change.source == source && row.change.system == system)
      rows.push_back(row);
  }
  return rows;
}

Result<Page<sync::ConflictRow>> MemoryReader::conflicts(const SourceId& source, bool open_only,
                                                        const PageRequest& page) {
  const Result<ConflictPageKey> after = parse_conflict_page_key(page.after);
  if (!after) return fail(after.error());
  const SharedLock lock(tables_.mutex);
  PageBuilder<sync::ConflictRow> builder(page);
  for (auto at = tables_.conflicts.upper_bound({source, after->seq, after->field});
       at != tables_.conflicts.end() && at->second.source == source; ++at) {
    if (open_only && !at->second.open) continue;
    if (!builder.wants_more()) break;
    builder.add(conflict_page_key(at->second), at->second);
  }
  return builder.take();
}

Result<Json> MemoryReader::state(const SourceId& source, const SystemName& system, const std::string& key) {
  const SharedLock lock(tables_.mutex);
  const auto found = tables_.state.find({source, system, key});
  return found == tables_.state.end() ? Json() : found->second;
}

Result<std::vector<sync::StateRow>> MemoryReader::states(const std::string& key_prefix) {
  const SharedLock lock(tables_.mutex);
  std::vector<sync::StateRow> rows;
  for (const auto& [where, value] : tables_.state) {
    const auto& [source, system, key] = where;
    if (key.starts_with(key_prefix)) rows.push_back({source, system, key, value});
  }
  return rows;
}

Result<Counts> MemoryReader::counts(const SourceId& source) {
  const SharedLock lock(tables_.mutex);
  Counts counts;
  for (auto at = tables_.records.lower_bound({source, RecordId()});
       at != tables_.records.end() && at->first.first == source; ++at) {
    ++(at->second.deleted ? counts.tombstones : counts.records);
  }
  for (const auto& [key, row] : tables_.outbox) {
    if (row.key.source != source || row.state == sync::OutboxState::discarded) continue;
    ++(row.state == sync::OutboxState::dead ? counts.outbox_dead : counts.outbox_waiting);
  }
  for (const auto& [seq, row] : tables_.inbox) counts.inbox += row.change.source == source ? 1 : 0;
  for (const auto& [key, row] : tables_.conflicts) counts.conflicts_open += row.source == source && row.open ? 1 : 0;
  return counts;
}

}  // namespace lockstep::store
