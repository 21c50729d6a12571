// Work through the journal again, as jobs of a source: everything that a job has done is undone, and what a stretch of
// time has touched is read and planned anew. Both take the journal page by page (O3).
//
// A job ends with the process and is not resumed; started again it does what is left, since what is done already changes
// nothing. Lives on the loop's thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hub/hub.hpp"
#include "hub/people_job.hpp"

namespace lockstep::hub {

class Rework {
 public:
  explicit Rework(PeopleContext context) : context_(std::move(context)) {}
  Rework(const Rework&) = delete;
  Rework& operator=(const Rework&) = delete;

  // `conflict` while another one of this kind runs for the source; `invalid` when `job` can be no job's id.
  Result<JobProgress> undo(const SourceId& source, const std::string& job, sync::ChangedSince changed,
                           std::string actor);
  Result<JobProgress> replay(const SourceId& source, const ReplayRange& range);

  const std::vector<JobProgress>& jobs() const { return jobs_; }
  PeopleContext& context() { return context_; }
  bool idle() const { return tasks_.idle(); }
  void on_idle(Action action) { tasks_.on_idle(std::move(action)); }

 private:
  struct UndoOrder {
    SourceId source;
    std::string job;
    Time begun;  // of the job: nothing older is its doing
    sync::ChangedSince changed;
    std::string actor;
  };
  struct Tally {
    std::uint64_t changed = 0;  // left because somebody has changed it since
    std::uint64_t made = 0;     // records that the job made
    std::uint64_t other = 0;
  };
  struct Reading {
    SystemName system;
    std::string object;
    std::string external_id;
  };
  // What one page of the journal asks to be read again.
  struct Touched {
    std::vector<std::pair<RecordId, std::vector<Reading>>> records;
    Seq next = 0;
    bool last = false;
  };

  Result<JobProgress> begin(const SourceId& source, const SystemName& system, const std::string& kind);
  JobProgress* find(const std::string& id);
  void note_rate(JobProgress& job);
  void finish(const std::string& id, std::string error, std::string note);

  Task<void> run_undo(std::string id, UndoOrder order);
  Task<Result<void>> undo_entries(std::string id, UndoOrder order, std::vector<sync::JournalEntry> entries,
                                  Tally& tally);
  Task<void> run_replay(std::string id, SourceId source, ReplayRange range);
  Task<Result<Touched>> touched(SourceId source, ReplayRange range, Seq after);
  Task<Result<std::optional<sync::Change>>> read_object(SourceId source, Reading reading);

  PeopleContext context_;
  TaskScope tasks_;
  std::vector<JobProgress> jobs_;
};

}  // namespace lockstep::hub
