#include "hub/rework.hpp"

#include <algorithm>
#include <set>

#include "connector/connector.hpp"
#include "sync/undo.hpp"

namespace lockstep::hub {
namespace {

// The wall clock may have been set back by this much between two entries.
constexpr Duration kClockSlack = std::chrono::minutes(10);

// The entry after which all entries of `from` and later stand, by halving: entries are in order of time, but for the slack.
Result<Seq> before(store::Reader& reader, const SourceId& source, Time from) {
  LOCKSTEP_TRY(first, reader.first_seq());
  LOCKSTEP_TRY(last, reader.last_seq());
  Seq low = first == 0 ? 0 : first - 1;  // known to be older
  Seq high = last;
  while (low < high) {
    const Seq middle = low + (high - low) / 2;
    LOCKSTEP_TRY(entries, reader.journal(source, middle, 1));
    if (!entries.empty() && entries.front().at < from - kClockSlack) {
      low = entries.front().seq;
    } else {
      high = middle;
    }
  }
  return low;
}

struct Slice {
  std::vector<sync::JournalEntry> entries;  // newest first
  Seq below = 0;                            // where the next one ends
  bool last = false;
};

// What a job did in the entries below `below`.
Result<Slice> slice(store::Reader& reader, const SourceId& source, const std::string& job, Time begun, Seq below,
                    std::size_t width) {
  Slice out;
  LOCKSTEP_TRY(first, reader.first_seq());
  out.below = below > width ? below - width : 0;
  LOCKSTEP_TRY(entries, reader.journal(source, out.below == 0 ? 0 : out.below - 1, width));
  out.last = out.below <= first ||
             (!entries.empty() && entries.front().seq < below && entries.front().at < begun - kClockSlack);
  for (sync::JournalEntry& entry : entries) {
    if (entry.seq < below && entry.disposition == "applied" && sync::job_of(entry) == job)
      out.entries.push_back(std::move(entry));
  }
  std::ranges::reverse(out.entries);
  return out;
}

std::string counted(std::uint64_t count, std::string_view what) {
  return count == 0 ? std::string() : std::to_string(count) + " " + std::string(what) + "; ";
}

}  // namespace

Result<JobProgress> Rework::begin(const SourceId& source, const SystemName& system, const std::string& kind) {
  if (context_.stopping()) return fail(ErrorKind::exhausted, "shutting down");
  for (const JobProgress& job : jobs_) {
    if (job.source == source && job.kind == kind && job.state == "running")
      return fail(ErrorKind::conflict, "job " + job.id + " does such work now: wait until it has ended");
  }
  if (jobs_.size() >= context_.limits.jobs_kept_limit) {
    const auto ended = std::ranges::find_if(jobs_, [](const JobProgress& job) { return job.state != "running"; });
    if (ended == jobs_.end()) return fail(ErrorKind::exhausted, "too many jobs run: try again later");
    jobs_.erase(ended);
  }
  JobProgress job;
  job.id = make_ulid(context_.loop.clock().now(), context_.random);
  job.source = source;
  job.system = system;
  job.kind = kind;
  job.state = "running";
  job.started = context_.loop.clock().now();
  jobs_.push_back(job);
  return job;
}

JobProgress* Rework::find(const std::string& id) {
  const auto at = std::ranges::find(jobs_, id, &JobProgress::id);
  return at == jobs_.end() ? nullptr : &*at;
}

void Rework::note_rate(JobProgress& job) {
  const double seconds = std::chrono::duration<double>(context_.loop.clock().now() - job.started).count();
  job.rate_per_second = seconds > 0 ? static_cast<double>(job.done) / seconds : 0;
}

void Rework::finish(const std::string& id, std::string error, std::string note) {
  JobProgress* job = find(id);
  if (job == nullptr) return;
  if (error.empty() && context_.stopping()) error = "stopped: start it again for the rest";
  job->state = error.empty() ? "done" : "failed";
  job->error = std::move(error);
  job->note = std::move(note);
  job->ended = context_.loop.clock().now();
}

Result<JobProgress> Rework::undo(const SourceId& source, const std::string& job, sync::ChangedSince changed,
                                 std::string actor) {
  const std::optional<Time> begun = ulid_time(job);
  if (!begun) return fail(ErrorKind::not_found, "there is no job '" + job + "'");
  LOCKSTEP_TRY(progress, begin(source, {}, "undo"));
  tasks_.spawn(run_undo(progress.id, {source, job, *begun, changed, std::move(actor)}));
  return *find(progress.id);
}

Task<void> Rework::run_undo(std::string id, UndoOrder order) {
  Tally tally;
  std::string error;
  Reads::Query<Result<Seq>> end = [](store::Reader& reader) { return reader.last_seq(); };
  Result<Seq> last = co_await context_.reads.ask(std::move(end));
  Seq below = last ? *last + 1 : 0;
  if (!last) error = last.error().message;
  while (error.empty() && below > 0 && !context_.stopping()) {
    Reads::Query<Result<Slice>> query = [order, below, width = context_.limits.rework_page](store::Reader& reader) {
      return slice(reader, order.source, order.job, order.begun, below, width);
    };
    Result<Slice> found = co_await context_.reads.ask(std::move(query));
    Result<void> done;
    if (found) done = co_await undo_entries(id, order, std::move(found->entries), tally);
    if (!found) error = found.error().message;
    if (!done) error = done.error().message;
    below = found && !found->last ? found->below : 0;
  }
  std::string note = counted(tally.changed, "changed since and left") +
                     counted(tally.made, "made by the job: delete the records that should go") +
                     counted(tally.other, "could not be undone");
  if (note.ends_with("; ")) note.resize(note.size() - 2);
  finish(id, std::move(error), std::move(note));
}

Task<Result<void>> Rework::undo_entries(std::string id, UndoOrder order, std::vector<sync::JournalEntry> entries,
                                        Tally& tally) {
  std::vector<sync::Input> inputs;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Result<sync::Undo> undo = sync::undo_of(entries[i]);
    if (undo) {
      undo->changed = order.changed;
      undo->actor = order.actor;
      undo->job = id;
      inputs.emplace_back(std::move(*undo));
    } else if (undo.error().kind == ErrorKind::conflict) {
      ++tally.made;
    }
    const bool full = inputs.size() == context_.limits.rework_batch || i + 1 == entries.size();
    if (!full || inputs.empty()) continue;
    std::vector<sync::Input> batch = std::exchange(inputs, {});
    Result<std::vector<sync::Applied>> applied = co_await commit_inputs(context_, order.source, std::move(batch));
    if (!applied) co_return fail(applied.error());
    std::uint64_t done = 0;
    for (const sync::Applied& one : *applied) {
      const bool undone = !one.error && one.disposition == sync::Disposition::applied;
      const bool left = one.error ? one.error->kind == ErrorKind::conflict : one.reason == "changed since";
      if (undone) ++done;
      if (!undone && left) ++tally.changed;
      if (!undone && !left && one.error) ++tally.other;
    }
    if (JobProgress* job = find(id)) {
      job->done += done;
      job->skipped = tally.changed + tally.made + tally.other;
      note_rate(*job);
    }
  }
  if (JobProgress* job = find(id)) job->skipped = tally.changed + tally.made + tally.other;
  co_return Result<void>();
}

Result<JobProgress> Rework::replay(const SourceId& source, const ReplayRange& range) {
  if (range.to <= range.from) return fail(ErrorKind::invalid, "'to' must be later than 'from'");
  LOCKSTEP_TRY(progress, begin(source, range.system.value_or(SystemName()), "replay"));
  tasks_.spawn(run_replay(progress.id, source, range));
  return *find(progress.id);
}

Task<Result<Rework::Touched>> Rework::touched(SourceId source, ReplayRange range, Seq after) {
  Reads::Query<Result<Touched>> query = [source, range, after, limit = context_.limits.rework_page,
                                         catalog = context_.catalog()](store::Reader& reader) -> Result<Touched> {
    Touched out;
    LOCKSTEP_TRY(entries, reader.journal(source, after, limit));
    out.last = entries.size() < limit || entries.back().at > range.to + kClockSlack;
    out.next = entries.empty() ? after : entries.back().seq;
    const sync::SourceSchema* schema = catalog->find(source);
    std::set<RecordId> wanted;
    for (const sync::JournalEntry& entry : entries) {
      if (!entry.record.empty() && entry.at >= range.from && entry.at <= range.to) wanted.insert(entry.record);
    }
    LOCKSTEP_TRY(records, reader.records(source, std::vector<RecordId>(wanted.begin(), wanted.end())));
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
      if (!readings.empty()) out.records.emplace_back(record.id, std::move(readings));
    }
    return out;
  };
  co_return co_await context_.reads.ask(std::move(query));
}

// Waits as the system says, and for a while when it does not answer.
Task<Result<std::optional<sync::Change>>> Rework::read_object(SourceId source, Reading reading) {
  Duration wait = std::chrono::seconds(1);
  for (std::size_t attempt = 1;; ++attempt) {
    const std::shared_ptr<connector::Connector> connector = context_.connector(source, reading.system);
    if (connector == nullptr) co_return fail(ErrorKind::not_found, "there is no system " + reading.system.str());
    std::string object = reading.object;
    std::string external_id = reading.external_id;
    Result<std::optional<sync::Change>> found =
        co_await connector->fetch(std::move(object), std::move(external_id), sync::WorkClass::verify);
    const bool passing =
        !found && (found.error().kind == ErrorKind::unavailable || found.error().kind == ErrorKind::rate_limited ||
                   found.error().kind == ErrorKind::maybe_applied);
    if (!passing || attempt == context_.limits.rework_attempts || context_.stopping()) co_return found;
    const Duration asked = found.error().retry_after ? Duration(*found.error().retry_after) : wait;
    co_await rest(context_, asked);
    wait = std::min<Duration>(wait * 2, std::chrono::seconds(60));
  }
}

Task<void> Rework::run_replay(std::string id, SourceId source, ReplayRange range) {
  std::string error;
  std::set<RecordId> known;  // read already; forgotten at the limit, since reading again does no harm
  Reads::Query<Result<Seq>> query = [source, from = range.from](store::Reader& reader) {
    return before(reader, source, from);
  };
  Result<Seq> begin = co_await context_.reads.ask(std::move(query));
  if (!begin) error = begin.error().message;
  Seq after = begin ? *begin : 0;
  for (bool last = false; error.empty() && !last && !context_.stopping();) {
    Result<Touched> page = co_await touched(source, range, after);
    if (!page) {
      error = page.error().message;
      break;
    }
    after = page->next;
    last = page->last;
    for (auto& [record, readings] : page->records) {
      if (!error.empty() || context_.stopping()) break;
      if (known.size() >= context_.limits.rework_known) known.clear();
      if (!known.insert(record).second) continue;
      std::vector<sync::Input> inputs;
      std::uint64_t read = 0;
      for (const Reading& reading : readings) {
        if (!reading.external_id.empty()) {
          Result<std::optional<sync::Change>> found = co_await read_object(source, reading);
          if (!found) {
            error = reading.system.str() + ": " + found.error().message;
            break;
          }
          sync::Change change = *found ? std::move(**found) : sync::Change();
          if (!*found) change.kind = sync::ChangeKind::deleted;
          change.source = source;
          change.system = reading.system;
          change.object = reading.object;
          change.external_id = reading.external_id;
          change.via = sync::Via::fetch;
          change.job = id;
          inputs.emplace_back(std::move(change));
          ++read;
        }
        inputs.emplace_back(sync::Replan{source, reading.system, record});
      }
      if (!inputs.empty()) {
        Result<std::vector<sync::Applied>> applied = co_await commit_inputs(context_, source, std::move(inputs));
        if (!applied) error = applied.error().message;
      }
      if (JobProgress* job = find(id)) {
        job->done += read;
        if (read == 0) ++job->skipped;
        note_rate(*job);
      }
    }
  }
  finish(id, std::move(error), "");
}

}  // namespace lockstep::hub
