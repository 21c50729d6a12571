// Work through the journal again, as jobs of a source: everything that a job has done is undone, and what a stretch of
// time has touched is read and planned anew. Both take the journal page by page (O3).
//
// A job is a row of the store from before it is answered until it has ended (rework_state.hpp); what a process that died
// or stopped has left goes on with the next one. Lives on the loop's thread.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hub/people_job.hpp"
#include "hub/progress.hpp"
#include "hub/rework_state.hpp"

namespace lockstep::hub {

class Rework {
 public:
  using Started = std::move_only_function<void(Result<JobProgress>)>;

  explicit Rework(PeopleContext context) : context_(std::move(context)) {}
  Rework(const Rework&) = delete;
  Rework& operator=(const Rework&) = delete;

  // Takes up what an earlier run has left.
  void resume();

  // Answered when the job is on the disk. `conflict` while another one of this kind runs for the source; `not_found` when
  // `job` can be no job's id, `invalid` when a range ends before it begins.
  void undo(const SourceId& source, UndoOrder order, Started started);
  void replay(const SourceId& source, const ReplayRange& range, Started started);

  const std::vector<JobProgress>& jobs() const { return jobs_; }
  PeopleContext& context() { return context_; }
  bool idle() const { return tasks_.idle(); }
  void on_idle(Action action) { tasks_.on_idle(std::move(action)); }

 private:
  // One that runs. Its rate is counted from where this process began with it.
  struct Run {
    ReworkState state;
    std::set<RecordId> known;  // of a replay: read already; forgotten at the limit, since reading again does no harm
    // Of an undo: what it found. Skipped are all of them.
    std::uint64_t changed = 0;  // left because somebody has changed it since
    std::uint64_t same = 0;     // turned back already
    Duration began{};
    std::uint64_t began_with = 0;
  };
  struct Reading {
    SystemName system;
    std::string object;
    std::string external_id;
  };
  struct Touched {
    Seq seq = 0;  // the entry that names it first, in its page
    RecordId record;
    std::vector<Reading> readings;
  };
  // What one page of the journal asks to be read again, in the journal's order.
  struct TouchedPage {
    std::vector<Touched> records;
    Seq next = 0;
    bool last = false;
  };

  Result<ReworkState> begin(const SourceId& source, const SystemName& system, const std::string& kind);
  JobProgress* find(const std::string& id);
  void forget(const std::string& id);
  Task<void> start(ReworkState state, Started started);
  Task<void> take_up();
  Task<void> run(ReworkState state);
  Task<void> finish(Run& run, std::string error);
  // Commits, and with it where the job stands then.
  Task<Result<std::vector<sync::Applied>>> commit(const ReworkState& state, std::vector<sync::Input> inputs);
  void begin_count(Run& run);
  void show(Run& run);

  Task<Result<void>> run_undo(Run& run);
  Task<Result<void>> begin_undo(Run& run);
  Task<Result<void>> recall_undone(Run& run);
  Task<Result<void>> undo_entries(Run& run, std::vector<sync::JournalEntry> entries);
  static std::string undo_note(const Run& run);

  Task<Result<void>> run_replay(Run& run);
  Task<Result<void>> begin_replay(Run& run);
  Task<Result<void>> recall_read(Run& run);
  Task<Result<void>> replay_record(Run& run, const Touched& touched);
  Task<Result<TouchedPage>> touched(SourceId source, ReplayRange range, Seq after);
  Task<Result<Seq>> first_entry(SourceId source, Time from);
  bool learn(Run& run, const RecordId& record) const;
  Task<Result<std::optional<sync::Change>>> read_object(SourceId source, Reading reading);

  PeopleContext context_;
  TaskScope tasks_;
  std::vector<JobProgress> jobs_;
  bool taking_up_ = false;
};

}  // namespace lockstep::hub
