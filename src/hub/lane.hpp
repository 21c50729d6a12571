// A lane: one system of one source. It keeps the connector running, writes what is due, reads objects whose state is in
// doubt, takes captured changes in, and pulls. Lanes share nothing but the committer, so that a hanging system holds up
// only itself.
#pragma once

#include <memory>
#include <set>
#include <span>
#include <string>

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/waker.hpp"
#include "hub/breaker.hpp"
#include "hub/committer.hpp"
#include "hub/guard.hpp"
#include "hub/hub.hpp"
#include "hub/prepare.hpp"
#include "hub/reads.hpp"
#include "hub/silence.hpp"

namespace lockstep::hub {

// What lanes share.
struct LaneContext {
  Committer& committer;
  Reads& reads;
  Loop& loop;
  Random& random;
  Log& log;
  Metrics& metrics;
  const HubLimits& limits;
  std::function<std::shared_ptr<const sync::Catalog>()> catalog;
};

class Lane final : private connector::CaptureSink {
 public:
  Lane(SystemSetup setup, LaneContext context);
  ~Lane() override;
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  void start();
  // Ends all tasks; `done` when they have ended. Writes on their way are waited for.
  void stop(Action done);

  // Takes over schedules and mapping after a reload; the connector is the same.
  void adopt(SystemSetup setup);

  // Hands a webhook's inputs to the committer.
  void take_webhook(Submission submission);

  // Stops writing, durably, until it is resumed.
  Task<Result<void>> hold(Hold hold);
  Task<Result<void>> resume(std::string actor);

  // Something may be due.
  void wake_writes() { write_waker_.wake(); }
  void wake_fetches() { fetch_waker_.wake(); }

  JobProgress start_job(const std::string& kind);
  Result<JobProgress> order_job(JobOrder order);
  void await_job(const std::string& id, std::vector<EntityName> entities,
                 std::move_only_function<void(Result<JobProgress>)> done);
  const std::vector<JobProgress>& jobs() const { return jobs_; }

  LaneStatus status() const;
  bool started() const { return connected_; }  // its connector has
  const SystemSetup& setup() const { return setup_; }
  const SourceId& source() const { return setup_.settings.source; }
  const SystemName& system() const { return setup_.settings.system; }

  // From the connector's decoder to the inputs of a submission: fills in what the host knows.
  std::vector<sync::Input> to_inputs(std::vector<sync::Change> changes, sync::Via via) const;

 private:
  void deliver(std::vector<sync::Change> changes, std::move_only_function<void(Result<void>)> durable) override;
  void lost(std::string reason, std::move_only_function<void(Result<void>)> durable) override;
  void status(std::string text) override;

  Task<void> run();
  Task<void> run_writes();
  Task<void> run_watch();
  Task<void> run_fetches();
  Task<void> run_polls();
  Task<void> run_schedules();
  Task<void> capture_in(std::vector<sync::Change> changes, std::move_only_function<void(Result<void>)> durable);

  // B4: a full pull that is owed because changes may have been missed; a row of the store until such a pull has ended.
  void owe_mirror();
  Task<void> keep_owed(std::string reason, std::move_only_function<void(Result<void>)> durable);
  Task<void> recall_owed();
  Task<void> settle_owed(std::uint64_t since);
  sync::StateRow owed_row(Json reason) const;

  // Nothing is written to a system before it has been read once: what it holds must be matched, not made again.
  Task<void> notice_read();
  bool can_catch_up() const;
  Task<void> recall_hold();
  Task<bool> guarded(const Due& due);
  Task<void> notice_gap();
  Task<void> notice_stall();
  bool gets_webhooks() const;

  Task<void> write_chunk(std::vector<Prepared> chunk);
  Task<void> read_back(Prepared prepared);
  Task<void> claim(std::vector<Prepared>& chunk);
  Task<void> fetch_one(sync::InboxRow row);
  static void keep_probe(std::vector<Prepared>& writes);
  void note_answers(std::vector<sync::WriteOutcome>& outcomes);
  Task<void> settle(std::vector<sync::WriteOutcome> outcomes);
  sync::WriteOutcome to_outcome(const Prepared& prepared, connector::WriteResult result, Duration latency) const;

  enum class Pull { full_once /* unless it is complete */, full_again, incremental };
  Task<void> run_job(std::string id, Pull pull);
  bool pulls(const sync::EntitySchema& entity, Pull pull) const;
  // Ordered jobs (lane_order.cpp).
  struct OpenPart {
    std::string job;
    EntityName entity;
    std::string object;
    RecordId record;  // "": jobs are not recorded
    Json started;
    std::size_t page_limit = 0;
    Seq since = 0;  // the journal's end when it began
  };
  // Of a schedule, since the lane runs.
  struct Planned {
    Schedule schedule;
    std::optional<Time> last;  // when it was due
    std::optional<Time> next;
    std::string job;  // the last one
  };
  Task<void> plan_schedules();
  Task<void> look_at(Planned& planned);
  Task<void> keep_planned(const Planned& planned, Time since);
  Task<void> run_order(std::string id);
  Task<void> run_part(std::string id, const sync::EntitySchema& entity);
  Task<Result<void>> read_part(OpenPart part, const sync::EntitySchema& entity, Pull pull);
  Task<Pull> pull_of_order(std::string kind, const sync::EntitySchema& entity);
  Task<Result<void>> open_row(OpenPart& part);
  Task<void> close_row(OpenPart part);
  Task<Result<void>> until_written(RecordId record);
  Task<Result<void>> until_settled(OpenPart part);
  Task<void> close_left_row();
  std::vector<sync::Input> row_edits(const sync::Fields& fields, const RecordId& record, const RecordId& new_record);
  sync::Fields part_fields(const OpenPart& part);
  // A page: its number is shown with it, in the same transaction.
  void note_page(const OpenPart& part, std::size_t count, std::vector<sync::Input>& inputs);
  void note_refused(const OpenPart& part, std::span<const sync::Applied> applied);
  void end_waiting_jobs();
  void next_order();
  bool has_open_part(const std::string& id);
  JobPart* find_part(const std::string& id, const EntityName& entity);
  void tell_waiters();

  // What a full pull has shown.
  struct Scan {
    std::string job;
    const OpenPart* part = nullptr;  // of an ordered job
    bool ran = false;
    std::uint64_t total = 0;         // its share of the job's
    bool complete = false;           // from the first page to the last in one go
    std::set<std::string> expected;  // objects that were linked before it began
    std::set<std::string> seen;
  };
  // What a scan says about records: objects that are gone, writes that are due and not in the outbox.
  struct ScanFindings {
    std::vector<sync::Input> replans;
    std::vector<std::string> linked;  // external ids
    std::string next;
  };
  Task<Result<void>> pull_entity(std::string id, const sync::EntitySchema& entity, Pull pull, Scan& scan);
  Task<Result<void>> expect_linked(const sync::EntitySchema& entity, Scan& scan);
  Task<Result<void>> finish_scan(const sync::EntitySchema& entity, const Scan& scan);
  Task<Result<void>> confirm_missing(const sync::EntitySchema& entity, const Scan& scan,
                                     std::vector<std::string> missing);
  Task<void> notice_mapping();
  JobProgress* find_job(const std::string& id);
  std::vector<const sync::EntitySchema*> entities_in_order() const;
  // The same in groups: those of one can be read side by side, what they refer to is in groups before.
  using Group = std::vector<const sync::EntitySchema*>;
  std::vector<Group> entities_in_groups(const std::function<bool(const sync::EntitySchema&)>& wanted) const;
  // Ends when all that was spawned has.
  Task<void> all_ended(TaskScope& together);
  Task<void> pull_one(std::string id, const sync::EntitySchema& entity, Pull pull, Result<void>& done);
  JobProgress& begin_job(const std::string& kind);

  // Commits, and tries again where that may help; an error is final.
  Task<Result<std::vector<sync::Applied>>> commit(std::vector<sync::Input> inputs, std::vector<sync::StateRow> state);
  // The same for rows of the system's state alone.
  Task<Result<void>> keep(sync::StateRow row);
  Task<Result<void>> keep_all(std::vector<sync::StateRow> rows);
  // Waits; stop() cuts it short.
  Task<void> rest(Duration time);
  void end_rests();
  Task<Json> state(std::string key);
  sync::StateRow state_row(std::string key, Json value) const;

  SystemSetup setup_;
  LaneContext context_;
  Preparer preparer_;
  TaskScope tasks_;
  Waker write_waker_;
  Waker fetch_waker_;
  Waker poll_waker_;
  Waker watch_waker_;
  Waker schedule_waker_;
  std::vector<Planned> planned_;
  Breaker breaker_;
  Guard guard_;
  Silence silence_;
  std::optional<Hold> hold_;
  bool read_once_ = false;
  bool caught_up_ = false;  // what happened while the program was away has been asked for
  Time started_{};
  bool stalled_ = false;
  std::uint64_t found_by_polls_ = 0;
  bool stopping_ = false;
  bool connected_ = false;
  bool mirror_wanted_ = false;  // to be started
  bool mirror_owed_ = false;    // and not ended since
  std::uint64_t losses_ = 0;    // how often one became owed
  std::string problem_;
  std::string capture_status_;
  Time paused_until_{};
  std::map<TimerId, Completion<std::monostate>::Done> resting_;
  std::set<RecordId> in_flight_;
  std::set<Seq> fetching_;
  // L5: what is read while a write of ours changes the object may show it as it was before, and no version may tell.
  struct Reading {
    std::pair<std::string, std::string> object;  // and its external id
    bool overtaken = false;
  };
  std::set<Reading*> readings_;
  std::multiset<std::pair<std::string, std::string>> sending_;
  std::size_t calls_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t failed_ = 0;
  std::optional<Time> last_seen_;
  std::optional<Time> last_written_;
  std::vector<JobProgress> jobs_;
  bool job_running_ = false;
  struct JobWaiter {
    std::string job;
    std::vector<EntityName> entities;
    std::move_only_function<void(Result<JobProgress>)> done;
  };
  std::vector<JobWaiter> job_waiters_;
  std::map<std::string, std::size_t> page_limits_;  // of ordered jobs that have not ended
};

}  // namespace lockstep::hub
