// The single reads of the SQLite store, on whichever connection: the writer's for Lookup, a reader's own for Reader.
// See Lookup (sync/batch.hpp) and Reader (store.hpp) for what each answers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/sqlite_database.hpp"
#include "store/store.hpp"

namespace lockstep::store::sqlite {

std::int64_t to_micros(Time time);
Time from_micros(std::int64_t micros);

Result<Seq> last_seq(Database& database);
Result<Seq> first_seq(Database& database);
Result<bool> seen(Database& database, const SourceId& source, const SystemName& system, const std::string& delivery);
Result<std::optional<sync::Record>> record(Database& database, const SourceId& source, const RecordId& id);
Result<Page<sync::Record>> list(Database& database, const SourceId& source, const RecordFilter& filter,
                                const PageRequest& page);
Result<std::optional<RecordId>> linked(Database& database, const sync::LinkKey& key);
Result<std::vector<RecordId>> matching(Database& database, const sync::MatchKey& key);

Result<std::vector<sync::JournalEntry>> journal(Database& database, const SourceId& source, Seq after,
                                                std::size_t limit);
Result<std::vector<sync::JournalEntry>> history(Database& database, const SourceId& source, const RecordId& record,
                                                std::size_t limit);

Result<std::optional<sync::OutboxRow>> outbox_row(Database& database, const sync::OutboxKey& key);
Result<Page<sync::OutboxRow>> outbox(Database& database, const SourceId& source, const OutboxFilter& filter,
                                     const PageRequest& page);
Result<std::vector<sync::OutboxRow>> outbox_due(Database& database, const SourceId& source, const SystemName& system,
                                                Time until, std::size_t limit);
Result<std::vector<sync::OutboxRow>> outbox_misdated(Database& database, const SourceId& source,
                                                     const SystemName& system, Time now, Time after, std::size_t limit);
Result<std::vector<sync::OutboxRow>> outbox_of(Database& database, const SourceId& source, const RecordId& record);
Result<std::vector<sync::OutboxRow>> claims(Database& database, const SourceId& source, const SystemName& system,
                                            const EntityName& entity);
Result<std::vector<sync::OutboxRow>> outbox_waiting(Database& database, const SourceId& source,
                                                    const std::string& waits_for);

Result<std::optional<sync::InboxRow>> inbox_row(Database& database, Seq seq);
Result<Page<sync::InboxRow>> inbox(Database& database, const SourceId& source, const PageRequest& page);
Result<std::vector<sync::InboxRow>> inbox_fetches(Database& database, const SourceId& source, const SystemName& system,
                                                  std::size_t limit);
Result<std::vector<sync::InboxRow>> inbox_waiting(Database& database, const SourceId& source,
                                                  const std::string& waits_for);
Result<std::vector<sync::InboxRow>> inbox_waiting_under(Database& database, const SourceId& source,
                                                        const std::string& prefix);

Result<std::vector<sync::ConflictRow>> open_conflicts(Database& database, const SourceId& source,
                                                      const RecordId& record);
Result<std::optional<sync::ConflictRow>> conflict(Database& database, const SourceId& source, Seq seq,
                                                  const std::string& field);
enum class Conflicts { all, open };
Result<Page<sync::ConflictRow>> conflicts(Database& database, const SourceId& source, Conflicts which,
                                          const PageRequest& page);

Result<Json> state(Database& database, const SourceId& source, const SystemName& system, const std::string& key);
Result<std::vector<sync::StateRow>> states(Database& database, const std::string& key_prefix);
Result<Counts> counts(Database& database, const SourceId& source);

}  // namespace lockstep::store::sqlite
