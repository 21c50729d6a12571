#include "store/sqlite_commit.hpp"

#include "store/sqlite_queries.hpp"
#include "sync/row_codec.hpp"

namespace lockstep::store::sqlite {

namespace {

Error does_not_fit(std::string message) { return Error{ErrorKind::conflict, "store: " + std::move(message), {}}; }

Result<void> no_value(Result<int> changed) {
  if (!changed) return fail(std::move(changed.error()));
  return {};
}

}  // namespace

Result<void> BatchWriter::write(const sync::Batch& batch, Seq last_seq) {
  if ((batch.first_seq != 0 || !batch.journal.empty()) && batch.first_seq != last_seq + 1) {
    return fail(does_not_fit("the journal is at " + std::to_string(last_seq) + ", the batch begins at " +
                             std::to_string(batch.first_seq)));
  }
  using Step = Result<void> (BatchWriter::*)(const sync::Batch&);
  // What can refuse comes first. The journal comes before the records, which point to their newest entry.
  constexpr Step steps[] = {&BatchWriter::write_markers, &BatchWriter::check_records, &BatchWriter::write_journal,
                            &BatchWriter::write_records, &BatchWriter::write_links,   &BatchWriter::write_matches,
                            &BatchWriter::write_outbox,  &BatchWriter::write_inbox,   &BatchWriter::write_conflicts,
                            &BatchWriter::write_state,   &BatchWriter::write_last_seq};
  for (const Step step : steps) {
    if (auto done = (this->*step)(batch); !done) return done;
  }
  if (auto done = write_heads(); !done) return done;
  return write_tallies();
}

Result<std::int64_t> BatchWriter::source_number(const SourceId& source) {
  if (last_source_ != nullptr && *last_source_ == source) return last_number_;
  std::int64_t number = 0;
  if (const auto known = known_.find(source.str()); known != known_.end()) {
    number = known->second;
  } else if (const auto fresh = new_sources_.find(source.str()); fresh != new_sources_.end()) {
    number = fresh->second;
  } else {
    if (auto added = database_.run("INSERT INTO source (name) VALUES (?1)", source.str()); !added)
      return fail(added.error());
    number = database_.last_insert_id();
    new_sources_.emplace(source.str(), number);
  }
  last_source_ = &source;
  last_number_ = number;
  return number;
}

Result<BatchWriter::RecordState*> BatchWriter::record_state(std::int64_t source, const RecordId& id) {
  const auto [at, inserted] = records_.try_emplace(RecordKey(source, id.str()));
  RecordState& state = at->second;
  if (!inserted) return &state;
  auto done = database_.each(
      "SELECT key, revision, deleted, head, entity FROM record WHERE source = ?1 AND id = ?2",
      [&](const Row& row) -> Result<void> {
        state = {row.integer(0), row.number(1), row.integer(2) != 0, row.number(3), row.number(3), row.string(4)};
        return {};
      },
      source, id.str());
  if (!done) return fail(done.error());
  return &state;
}

// A3: the markers are in the same transaction as the work they stand for.
Result<void> BatchWriter::write_markers(const sync::Batch& batch) {
  for (const sync::Marker& marker : batch.markers) {
    const auto source = source_number(marker.source);
    if (!source) return fail(source.error());
    auto added = database_.run("INSERT INTO marker (at, source, system, delivery) VALUES (?1, ?2, ?3, ?4)",
                               to_micros(marker.at), *source, marker.system.str(), marker.delivery);
    if (!added && added.error().kind == ErrorKind::conflict)
      return fail(does_not_fit("a delivery has been accepted before"));
    if (!added) return fail(added.error());
  }
  return {};
}

Result<void> BatchWriter::check_records(const sync::Batch& batch) {
  records_.reserve(batch.records.size() + batch.journal.size());
  for (const sync::Record& record : batch.records) {
    const auto source = source_number(record.source);
    if (!source) return fail(source.error());
    const auto state = record_state(*source, record.id);
    if (!state) return fail(state.error());
    // A record may stand in a batch more than once, at rising revisions.
    if (record.revision != (*state)->revision + 1) {
      return fail(does_not_fit("record " + record.id.str() + " is at revision " + std::to_string((*state)->revision) +
                               ", the batch has revision " + std::to_string(record.revision)));
    }
    (*state)->revision = record.revision;
  }
  return {};
}

Result<void> BatchWriter::write_journal(const sync::Batch& batch) {
  for (const sync::JournalEntry& entry : batch.journal) {
    const auto source = source_number(entry.source);
    if (!source) return fail(source.error());
    std::optional<Seq> prev;
    if (!entry.record.empty()) {
      const auto state = record_state(*source, entry.record);
      if (!state) return fail(state.error());
      if ((*state)->revision > 0) prev = std::exchange((*state)->head, entry.seq);
    }
    auto added = database_.run(
        "INSERT INTO journal (seq, prev, at, source, entity, record, system, kind, disposition, reason, body) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        entry.seq, prev, to_micros(entry.at), *source, entry.entity.str(), entry.record.str(), entry.system.str(),
        entry.kind, entry.disposition, entry.reason, sync::encode_value(entry.body));
    if (!added) return fail(added.error());
  }
  return {};
}

Result<void> BatchWriter::write_records(const sync::Batch& batch) {
  for (const sync::Record& record : batch.records) {
    const auto source = source_number(record.source);
    if (!source) return fail(source.error());
    const auto found = record_state(*source, record.id);
    if (!found) return fail(found.error());
    RecordState& state = **found;
    const std::string body = sync::encode_record(record);
    Tally& tally = tallies_[*source];
    if (state.key == 0) {
      auto added = database_.run(
          "INSERT INTO record (source, id, entity, deleted, revision, head, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
          *source, record.id.str(), record.entity.str(), record.deleted ? 1 : 0, record.revision, state.head, body);
      if (!added) return fail(added.error());
      state.key = database_.last_insert_id();
      ++(record.deleted ? tally.tombstones : tally.records);
    } else {
      // An indexed column that is named is indexed again, also when it stays: the entity is named only when it changes.
      if (state.entity != record.entity.str()) {
        auto moved = database_.run("UPDATE record SET entity = ?2 WHERE key = ?1", state.key, record.entity.str());
        if (!moved) return fail(moved.error());
      }
      auto changed = database_.run("UPDATE record SET deleted = ?2, revision = ?3, head = ?4, body = ?5 WHERE key = ?1",
                                   state.key, record.deleted ? 1 : 0, record.revision, state.head, body);
      if (!changed) return fail(changed.error());
      --(state.deleted ? tally.tombstones : tally.records);
      ++(record.deleted ? tally.tombstones : tally.records);
    }
    state.deleted = record.deleted;
    state.entity = record.entity.str();
    state.head_stored = state.head;
  }
  return {};
}

// Records that the batch journals about without changing them.
Result<void> BatchWriter::write_heads() {
  for (const auto& [key, state] : records_) {
    if (state.key == 0 || state.head == state.head_stored) continue;
    if (auto changed = database_.run("UPDATE record SET head = ?2 WHERE key = ?1", state.key, state.head); !changed) {
      return fail(changed.error());
    }
  }
  return {};
}

Result<void> BatchWriter::write_links(const sync::Batch& batch) {
  for (const sync::LinkKey& key : batch.links_erased) {
    const auto source = source_number(key.source);
    if (!source) return fail(source.error());
    auto gone = database_.run("DELETE FROM link WHERE source = ?1 AND system = ?2 AND object = ?3 AND external_id = ?4",
                              *source, key.system.str(), key.object, key.external_id);
    if (!gone) return fail(gone.error());
  }
  for (const sync::LinkRow& row : batch.links) {
    const auto source = source_number(row.key.source);
    if (!source) return fail(source.error());
    auto put = database_.run(
        "INSERT OR REPLACE INTO link (source, system, object, external_id, record) VALUES (?1, ?2, ?3, ?4, ?5)",
        *source, row.key.system.str(), row.key.object, row.key.external_id, row.record.str());
    if (!put) return fail(put.error());
  }
  return {};
}

Result<void> BatchWriter::write_matches(const sync::Batch& batch) {
  for (const sync::MatchRow& row : batch.matches_erased) {
    const auto source = source_number(row.key.source);
    if (!source) return fail(source.error());
    auto gone = database_.run("DELETE FROM match WHERE source = ?1 AND entity = ?2 AND key = ?3 AND record = ?4",
                              *source, row.key.entity.str(), row.key.key, row.record.str());
    if (!gone) return fail(gone.error());
  }
  for (const sync::MatchRow& row : batch.matches) {
    const auto source = source_number(row.key.source);
    if (!source) return fail(source.error());
    auto put = database_.run("INSERT OR REPLACE INTO match (source, entity, key, record) VALUES (?1, ?2, ?3, ?4)",
                             *source, row.key.entity.str(), row.key.key, row.record.str());
    if (!put) return fail(put.error());
  }
  return {};
}

void BatchWriter::count_outbox(std::int64_t source, sync::OutboxState state, int by) {
  if (state == sync::OutboxState::discarded) return;  // nothing waits, and nobody is asked
  Tally& tally = tallies_[source];
  (state == sync::OutboxState::dead ? tally.outbox_dead : tally.outbox_waiting) += by;
}

Result<void> BatchWriter::write_outbox(const sync::Batch& batch) {
  for (const sync::OutboxKey& key : batch.outbox_erased) {
    const auto source = source_number(key.source);
    if (!source) return fail(source.error());
    auto gone = database_.each(
        "DELETE FROM outbox WHERE source = ?1 AND record = ?2 AND system = ?3 RETURNING state",
        [&](const Row& row) -> Result<void> {
          const auto state = sync::outbox_state_from(row.integer(0));
          if (!state) return fail(state.error());
          count_outbox(*source, *state, -1);
          return {};
        },
        *source, key.record.str(), key.system.str());
    if (!gone) return gone;
  }
  for (const sync::OutboxRow& row : batch.outbox) {
    if (auto put = put_outbox(row); !put) return put;
  }
  return {};
}

Result<void> BatchWriter::put_outbox(const sync::OutboxRow& row) {
  const auto source = source_number(row.key.source);
  if (!source) return fail(source.error());
  bool stored = false;
  auto before = database_.each(
      "SELECT state FROM outbox WHERE source = ?1 AND record = ?2 AND system = ?3",
      [&](const Row& found) -> Result<void> {
        const auto state = sync::outbox_state_from(found.integer(0));
        if (!state) return fail(state.error());
        count_outbox(*source, *state, -1);
        stored = true;
        return {};
      },
      *source, row.key.record.str(), row.key.system.str());
  if (!before) return before;
  count_outbox(*source, row.state, +1);
  const Sql sql =
      stored
          ? Sql("UPDATE outbox SET entity = ?4, state = ?5, work = ?6, due = ?7, since = ?8, cause = ?9, attempts = "
                "?10, "
                "error = ?11, error_kind = ?12, waits_for = ?13, claimed_at = ?14, creates = ?15, sent = ?16, "
                "put_off_at = ?17 "
                "WHERE source = ?1 AND record = ?2 AND system = ?3")
          : Sql("INSERT INTO outbox (source, record, system, entity, state, work, due, since, cause, attempts, error, "
                "error_kind, waits_for, claimed_at, creates, sent, put_off_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
                "?9, ?10, "
                "?11, ?12, ?13, "
                "?14, ?15, ?16, ?17)");
  return no_value(database_.run(sql, *source, row.key.record.str(), row.key.system.str(), row.entity.str(),
                                static_cast<int>(row.state), static_cast<int>(row.work), to_micros(row.due),
                                to_micros(row.since), row.cause, static_cast<std::int64_t>(row.attempts), row.error,
                                static_cast<int>(row.error_kind), row.waits_for, to_micros(row.claimed_at),
                                row.creates ? 1 : 0, sync::encode_fields(row.sent), to_micros(row.put_off_at)));
}

Result<void> BatchWriter::write_inbox(const sync::Batch& batch) {
  const auto erase = [&](Seq seq) {
    return database_.each(
        "DELETE FROM inbox WHERE seq = ?1 RETURNING source",
        [&](const Row& row) -> Result<void> {
          --tallies_[row.integer(0)].inbox;
          return {};
        },
        seq);
  };
  for (const Seq seq : batch.inbox_erased) {
    if (auto gone = erase(seq); !gone) return gone;
  }
  for (const sync::InboxRow& row : batch.inbox) {
    const auto source = source_number(row.change.source);
    if (!source) return fail(source.error());
    if (auto gone = erase(row.seq); !gone) return gone;
    auto put = database_.run(
        "INSERT INTO inbox (seq, source, system, kind, waits_for, since, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        row.seq, *source, row.change.system.str(), static_cast<int>(row.kind), row.waits_for, to_micros(row.since),
        sync::encode_inbox_body(row));
    if (!put) return fail(put.error());
    ++tallies_[*source].inbox;
  }
  return {};
}

Result<void> BatchWriter::write_conflicts(const sync::Batch& batch) {
  for (const sync::ConflictRow& row : batch.conflicts) {
    const auto source = source_number(row.source);
    if (!source) return fail(source.error());
    auto before = database_.each(
        "DELETE FROM conflict WHERE source = ?1 AND seq = ?2 AND field = ?3 RETURNING open",
        [&](const Row& found) -> Result<void> {
          tallies_[*source].conflicts_open -= found.integer(0);
          return {};
        },
        *source, row.seq, row.field);
    if (!before) return before;
    auto put = database_.run(
        "INSERT INTO conflict (source, seq, field, entity, record, open, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        *source, row.seq, row.field, row.entity.str(), row.record.str(), row.open ? 1 : 0,
        sync::encode_conflict_body(row));
    if (!put) return fail(put.error());
    tallies_[*source].conflicts_open += row.open ? 1 : 0;
  }
  return {};
}

Result<void> BatchWriter::write_state(const sync::Batch& batch) {
  for (const sync::StateRow& row : batch.state) {
    const auto source = source_number(row.source);
    if (!source) return fail(source.error());
    auto done = row.value.is_null()
                    ? database_.run("DELETE FROM state WHERE source = ?1 AND system = ?2 AND key = ?3", *source,
                                    row.system.str(), row.key)
                    : database_.run("INSERT OR REPLACE INTO state (source, system, key, value) VALUES (?1, ?2, ?3, ?4)",
                                    *source, row.system.str(), row.key, sync::encode_value(row.value));
    if (!done) return fail(done.error());
  }
  return {};
}

Result<void> BatchWriter::write_last_seq(const sync::Batch& batch) {
  if (batch.journal.empty()) return {};
  return no_value(database_.run("UPDATE meta SET value = ?1 WHERE key = 'last_seq'", batch.journal.back().seq));
}

Result<void> BatchWriter::write_tallies() {
  for (const auto& [source, tally] : tallies_) {
    if (tally == Tally{}) continue;
    auto changed = database_.run(
        "UPDATE source SET records = records + ?2, tombstones = tombstones + ?3, outbox_waiting = outbox_waiting + ?4, "
        "outbox_dead = "
        "outbox_dead + ?5, inbox = inbox + ?6, conflicts_open = conflicts_open + ?7 WHERE id = ?1",
        source, tally.records, tally.tombstones, tally.outbox_waiting, tally.outbox_dead, tally.inbox,
        tally.conflicts_open);
    if (!changed) return fail(changed.error());
  }
  return {};
}

}  // namespace lockstep::store::sqlite
