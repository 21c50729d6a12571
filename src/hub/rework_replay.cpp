// Replay of a stretch of time: every record that the journal touched in it is read again and planned anew.
#include <algorithm>

#include "connector/connector.hpp"
#include "hub/journal_pages.hpp"
#include "hub/rework.hpp"

namespace lockstep::hub {
namespace {

bool concerns(const sync::JournalEntry& entry, const ReplayRange& range) {
  return !entry.record.empty() && entry.at >= range.from && entry.at <= range.to;
}

}  // namespace

Task<Result<Seq>> Rework::first_entry(SourceId source, Time from) {
  Reads::Query<Result<Seq>> query = [source, from](store::Reader& reader) {
    return entry_before(reader, source, from);
  };
  co_return co_await context_.reads.ask(std::move(query));
}

Task<Result<Rework::TouchedPage>> Rework::touched(SourceId source, ReplayRange range, Seq after) {
  Reads::Query<Result<TouchedPage>> query = [source, range, after, limit = context_.limits.rework_page,
                                             catalog =
                                                 context_.catalog()](store::Reader& reader) -> Result<TouchedPage> {
    TouchedPage out;
    LOCKSTEP_TRY(entries, reader.journal(source, after, limit));
    out.last = entries.size() < limit || entries.back().at > range.to + kClockSlack;
    out.next = entries.empty() ? after : entries.back().seq;
    std::map<RecordId, Seq> first;
    for (const sync::JournalEntry& entry : entries) {
      if (concerns(entry, range)) first.emplace(entry.record, entry.seq);
    }
    std::vector<RecordId> wanted;
    for (const auto& [record, seq] : first) wanted.push_back(record);
    LOCKSTEP_TRY(records, reader.records(source, wanted));
    const sync::SourceSchema* schema = catalog->find(source);
    for (const sync::Record& record : records) {
      const sync::EntitySchema* entity = schema == nullptr ? nullptr : schema->find(record.entity);
      if (entity == nullptr) continue;
      std::vector<Reading> readings;
      for (const sync::SystemBinding& binding : entity->systems) {
        const sync::Link* link = record.link(binding.system);
        if (range.system && *range.system != binding.system) continue;
        const bool there = link != nullptr && link->is_linked();
        readings.push_back({binding.system, binding.object, there ? link->external_id : ""});
      }
      if (!readings.empty()) out.records.push_back({first.at(record.id), record.id, std::move(readings)});
    }
    std::ranges::sort(out.records, {}, &Touched::seq);
    return out;
  };
  co_return co_await context_.reads.ask(std::move(query));
}

bool Rework::learn(Run& run, const RecordId& record) const {
  if (run.known.size() >= context_.limits.rework_known) run.known.clear();
  return run.known.insert(record).second;
}

Task<Result<void>> Rework::run_replay(Run& run) {
  ReworkState& state = run.state;
  Result<void> done;
  if (state.at) {
    done = co_await recall_read(run);
  } else {
    done = co_await begin_replay(run);
  }
  begin_count(run);
  show(run);
  for (bool last = false; done && !last && !context_.stopping();) {
    const Result<TouchedPage> page = co_await touched(state.job.source, state.range, *state.at);
    if (!page) co_return fail(page.error());
    for (std::size_t i = 0; i < page->records.size() && done && !context_.stopping(); ++i) {
      const Touched& one = page->records[i];
      if (learn(run, one.record)) done = co_await replay_record(run, one);
    }
    state.at = page->next;
    last = page->last;
  }
  co_return done;
}

// Where it begins, and how many readings there will be.
Task<Result<void>> Rework::begin_replay(Run& run) {
  ReworkState& state = run.state;
  const Result<Seq> begin = co_await first_entry(state.job.source, state.range.from);
  if (!begin) co_return fail(begin.error());
  std::uint64_t total = 0;
  Seq after = *begin;
  for (bool last = false; !last && !context_.stopping();) {
    const Result<TouchedPage> page = co_await touched(state.job.source, state.range, after);
    if (!page) co_return fail(page.error());
    for (const Touched& one : page->records) {
      if (!learn(run, one.record)) continue;
      const auto readings =
          std::ranges::count_if(one.readings, [](const Reading& r) { return !r.external_id.empty(); });
      total += static_cast<std::uint64_t>(std::max<std::ptrdiff_t>(readings, 1));  // 1: it is skipped
    }
    after = page->next;
    last = page->last;
  }
  if (context_.stopping()) co_return Result<void>();
  run.known.clear();
  state.at = *begin;
  state.job.total = total;
  std::vector<sync::Input> none;
  const Result<std::vector<sync::Applied>> kept = co_await commit(state, std::move(none));
  if (!kept) co_return fail(kept.error());
  co_return Result<void>();
}

// The records that an earlier run has read: those of the entries up to where it stood.
Task<Result<void>> Rework::recall_read(Run& run) {
  const ReworkState& state = run.state;
  Result<Seq> after = co_await first_entry(state.job.source, state.range.from);
  while (after && *after < *state.at && !context_.stopping()) {
    Reads::Query<Result<std::vector<sync::JournalEntry>>> query =
        [source = state.job.source, seq = *after, limit = context_.limits.rework_page](store::Reader& reader) {
          return reader.journal(source, seq, limit);
        };
    const Result<std::vector<sync::JournalEntry>> entries = co_await context_.reads.ask(std::move(query));
    if (!entries) co_return fail(entries.error());
    if (entries->empty()) break;
    for (const sync::JournalEntry& entry : *entries) {
      if (entry.seq <= *state.at && concerns(entry, state.range)) learn(run, entry.record);
    }
    after = entries->back().seq;
  }
  if (!after) co_return fail(after.error());
  co_return Result<void>();
}

Task<Result<void>> Rework::replay_record(Run& run, const Touched& touched) {
  ReworkState& state = run.state;
  std::vector<sync::Input> inputs;
  std::uint64_t read = 0;
  for (const Reading& reading : touched.readings) {
    if (!reading.external_id.empty()) {
      Result<std::optional<sync::Change>> found = co_await read_object(state.job.source, reading);
      if (!found) co_return fail(found.error().kind, reading.system.str() + ": " + found.error().message);
      sync::Change change = *found ? std::move(**found) : sync::Change();
      if (!*found) change.kind = sync::ChangeKind::deleted;
      change.source = state.job.source;
      change.system = reading.system;
      change.object = reading.object;
      change.external_id = reading.external_id;
      change.via = sync::Via::fetch;
      change.job = state.job.id;
      inputs.emplace_back(std::move(change));
      ++read;
    }
    inputs.emplace_back(sync::Replan{state.job.source, reading.system, touched.record});
  }
  state.at = touched.seq;
  state.job.done += read;
  state.job.skipped += read == 0 ? 1 : 0;
  const Result<std::vector<sync::Applied>> applied = co_await commit(state, std::move(inputs));
  if (!applied) co_return fail(applied.error());
  show(run);
  co_return Result<void>();
}

// Waits as the system says, and for a while when it does not answer.
Task<Result<std::optional<sync::Change>>> Rework::read_object(SourceId source, Reading reading) {
  Duration wait = std::chrono::seconds(1);
  for (std::size_t attempt = 1;; ++attempt) {
    const Result<std::shared_ptr<connector::Connector>> connector = context_.connector(source, reading.system);
    Result<std::optional<sync::Change>> found;
    if (connector) {
      std::string object = reading.object;
      std::string external_id = reading.external_id;
      found = co_await (*connector)->fetch(std::move(object), std::move(external_id), sync::WorkClass::verify);
    } else {
      found = fail(connector.error());
    }
    const bool passing =
        !found && (found.error().kind == ErrorKind::unavailable || found.error().kind == ErrorKind::rate_limited ||
                   found.error().kind == ErrorKind::maybe_applied);
    if (!passing || attempt == context_.limits.rework_attempts || context_.stopping()) co_return found;
    const Duration asked = found.error().retry_after ? Duration(*found.error().retry_after) : wait;
    co_await rest(context_, asked);
    wait = std::min<Duration>(wait * 2, std::chrono::seconds(60));
  }
}

}  // namespace lockstep::hub
