// Undo of everything that a job has done: its entries of the journal, newest first.
#include <algorithm>

#include "hub/journal_pages.hpp"
#include "hub/rework.hpp"
#include "sync/undo.hpp"

namespace lockstep::hub {
namespace {

struct Slice {
  std::vector<sync::JournalEntry> entries;  // newest first
  Seq below = 0;                            // where the next one ends
};

// What a job did in the entries below `below`; 0 as the next end when there can be no more.
Result<Slice> slice(store::Reader& reader, const SourceId& source, const UndoOrder& order, Seq below,
                    std::size_t width) {
  Slice out;
  LOCKSTEP_TRY(first, reader.first_seq());
  out.below = below > width ? below - width : 0;
  LOCKSTEP_TRY(entries, reader.journal(source, out.below == 0 ? 0 : out.below - 1, width));
  const bool older = !entries.empty() && entries.front().seq < below && entries.front().at < order.begun - kClockSlack;
  if (out.below <= first || older) out.below = 0;
  for (sync::JournalEntry& entry : entries) {
    if (entry.seq < below && entry.disposition == "applied" && sync::job_of(entry) == order.job)
      out.entries.push_back(std::move(entry));
  }
  std::ranges::reverse(out.entries);
  return out;
}

std::string counted(std::uint64_t count, std::string_view what) {
  return count == 0 ? std::string() : std::to_string(count) + " " + std::string(what) + "; ";
}

}  // namespace

std::string Rework::undo_note(const Run& run) {
  const std::uint64_t refused = run.state.job.skipped - run.changed - run.same - run.state.made;
  std::string note = counted(run.changed, "changed since and left") + counted(run.same, "turned back already") +
                     counted(run.state.made, "made by the job: delete the records that should go") +
                     counted(refused, "could not be undone");
  if (note.ends_with("; ")) note.resize(note.size() - 2);
  return note;
}

Task<Result<void>> Rework::run_undo(Run& run) {
  ReworkState& state = run.state;
  Result<void> done;
  if (state.at) {
    done = co_await recall_undone(run);
  } else {
    done = co_await begin_undo(run);
  }
  begin_count(run);
  show(run);
  for (Seq below = state.at.value_or(0); done && below > 0 && !context_.stopping();) {
    Reads::Query<Result<Slice>> query = [source = state.job.source, order = state.undo, below,
                                         width = context_.limits.rework_page](store::Reader& reader) {
      return slice(reader, source, order, below, width);
    };
    Result<Slice> found = co_await context_.reads.ask(std::move(query));
    if (!found) co_return fail(found.error());
    done = co_await undo_entries(run, std::move(found->entries));
    below = found->below;
  }
  co_return done;
}

// From where it goes backwards, and how many entries that will be.
Task<Result<void>> Rework::begin_undo(Run& run) {
  ReworkState& state = run.state;
  Reads::Query<Result<Seq>> end = [](store::Reader& reader) { return reader.last_seq(); };
  const Result<Seq> last = co_await context_.reads.ask(std::move(end));
  if (!last) co_return fail(last.error());
  state.at = *last + 1;
  std::uint64_t total = 0;
  for (Seq below = *state.at; below > 0 && !context_.stopping();) {
    Reads::Query<Result<Slice>> query = [source = state.job.source, order = state.undo, below,
                                         width = context_.limits.rework_page](store::Reader& reader) {
      return slice(reader, source, order, below, width);
    };
    const Result<Slice> found = co_await context_.reads.ask(std::move(query));
    if (!found) co_return fail(found.error());
    total += found->entries.size();
    below = found->below;
  }
  if (context_.stopping()) co_return Result<void>();
  state.job.total = total;
  std::vector<sync::Input> none;
  const Result<std::vector<sync::Applied>> kept = co_await commit(state, std::move(none));
  if (!kept) co_return fail(kept.error());
  co_return Result<void>();
}

// What became of the entries that an earlier run has passed is in the journal: the row of a batch was written before
// that was known.
Task<Result<void>> Rework::recall_undone(Run& run) {
  JobProgress& job = run.state.job;
  Result<Seq> after = co_await first_entry(job.source, job.started);
  job.done = run.changed = run.same = 0;
  for (bool last = false; after && !last && !context_.stopping();) {
    Reads::Query<Result<std::vector<sync::JournalEntry>>> query =
        [source = job.source, seq = *after, limit = context_.limits.rework_page](store::Reader& reader) {
          return reader.journal(source, seq, limit);
        };
    const Result<std::vector<sync::JournalEntry>> entries = co_await context_.reads.ask(std::move(query));
    if (!entries) co_return fail(entries.error());
    for (const sync::JournalEntry& entry : *entries) {
      if (sync::job_of(entry) != job.id) continue;
      job.done += entry.disposition == "applied" ? 1 : 0;
      run.changed += entry.reason == "changed since" ? 1 : 0;
      run.same += entry.reason == "nothing changed" ? 1 : 0;
    }
    last = entries->size() < context_.limits.rework_page;
    if (!entries->empty()) after = entries->back().seq;
  }
  if (!after) co_return fail(after.error());
  job.skipped = run.state.passed - std::min(job.done, run.state.passed);
  co_return Result<void>();
}

Task<Result<void>> Rework::undo_entries(Run& run, std::vector<sync::JournalEntry> entries) {
  ReworkState& state = run.state;
  std::vector<sync::Input> inputs;
  for (std::size_t i = 0; i < entries.size() && !context_.stopping(); ++i) {
    state.at = entries[i].seq;
    ++state.passed;
    Result<sync::Undo> undo = sync::undo_of(entries[i]);
    if (undo) {
      undo->changed = state.undo.changed;
      undo->actor = state.undo.actor;
      undo->job = state.job.id;
      inputs.emplace_back(std::move(*undo));
    } else if (undo.error().kind == ErrorKind::conflict) {
      ++state.made;
    }
    if (inputs.size() < context_.limits.rework_batch && i + 1 < entries.size()) continue;
    std::vector<sync::Input> batch = std::exchange(inputs, {});
    const Result<std::vector<sync::Applied>> applied = co_await commit(state, std::move(batch));
    if (!applied) co_return fail(applied.error());
    for (const sync::Applied& one : *applied) {
      if (one.error) continue;
      state.job.done += one.disposition == sync::Disposition::applied ? 1 : 0;
      run.changed += one.reason == "changed since" ? 1 : 0;
      run.same += one.reason == "nothing changed" ? 1 : 0;
    }
    state.job.skipped = state.passed - state.job.done;
    show(run);
  }
  co_return Result<void>();
}

}  // namespace lockstep::hub
