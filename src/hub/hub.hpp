// The hub: everything between the inputs and the systems. It accepts changes, commits them in groups, writes what is
// due to each system, pulls and captures, and publishes what was committed.
//
// All methods are called on the loop's thread; callbacks come on it too. What was accepted is durable when its
// callback says so (A1). Nothing here knows of HTTP servers, files or configuration syntax.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/loop.hpp"
#include "base/random.hpp"
#include "connector/connector.hpp"
#include "fanout/topic_hub.hpp"
#include "hub/dead_letters.hpp"
#include "hub/guard.hpp"
#include "hub/hold.hpp"
#include "hub/limits.hpp"
#include "hub/schedule.hpp"
#include "store/store.hpp"
#include "sync/engine.hpp"
#include "sync/plan.hpp"

namespace lockstep::hub {

// Jobs that somebody has ordered are shown as records of an entity, one for each entity that is pulled, so that systems
// and dashboards see them. Of its fields those are set that it has: job_type, mode, status (running, completed, failed),
// progress (current_page, total_records, triggered_by, job), error, started_at, completed_at.
struct JobRecording {
  EntityName entity;
  sync::Fields fields;  // the same for all jobs of a system: its location
};

// One system of one source, as configured.
struct SystemSetup {
  connector::SystemSettings settings;
  std::shared_ptr<connector::Connector> connector;
  std::string kind;                              // the connector's: "gohighlevel"
  std::chrono::milliseconds poll_every{60'000};  // incremental pulls; 0: never
  std::chrono::milliseconds full_every{0};       // full pulls; 0: only the first mirror
  bool mirror_on_start = true;
  GuardSettings guard;
  std::optional<JobRecording> recording;
  std::vector<Schedule> schedules;
  bool migrates_at_start = false;  // migrate() belongs to every start: it runs what the user has changed
};

struct Setup {
  std::shared_ptr<const sync::Catalog> catalog;
  std::vector<SystemSetup> systems;
  RowBatching row_batching;
};

// What the hub is made of; it owns none of it.
struct Parts {
  store::Store* store = nullptr;
  Executor* writer = nullptr;   // runs commits; one thread
  Executor* readers = nullptr;  // runs reads; one thread
  Loop* loop = nullptr;
  Random* random = nullptr;
  Log* log = nullptr;
};

// A pull that somebody asks for.
struct JobOrder {
  std::string kind;  // "mirror" or "pull"; what a system can not pull incrementally is read in full
  std::vector<std::pair<EntityName, std::string>> entities;  // and what the caller calls them
  std::size_t page_limit = 0;                                // 0: the hub's own; never above it
  std::string actor;                                         // who or what asks: "user ann", "schedule"
};

// What an ordered job has done about one entity.
struct JobPart {
  EntityName entity;
  std::string name;   // as the order calls it
  std::string state;  // "waiting", "running", "done", "failed"
  std::uint64_t count = 0;
  std::uint64_t pages = 0;
  std::uint64_t unstored = 0;  // of them: refused, or waiting for a person
  Error error;                 // "failed": why; else the first reason of the unstored ones, if any
};

struct JobProgress {
  std::string id;
  SourceId source;
  SystemName system;
  std::string kind;            // "mirror" (full pull), "pull" (incremental), "undo", "replay"
  std::string state;           // "running", "done", "failed"; of ordered ones also "waiting"
  std::string actor;           // of ordered ones
  std::vector<JobPart> parts;  // of ordered ones
  std::string entity;          // at the moment
  std::uint64_t done = 0;
  std::uint64_t skipped = 0;  // undo: what was left; replay: records with nothing to read
  std::optional<std::uint64_t> total;
  Time started;
  std::optional<Time> ended;
  double rate_per_second = 0;
  std::optional<std::chrono::seconds> eta;
  std::string error;
  std::string note;  // what was skipped and why, for people
};

// By the hub's clock, when the entries were accepted.
struct ReplayRange {
  Time from, to;
  std::optional<SystemName> system;  // read again there only; otherwise wherever the records are
};

struct LaneStatus {
  SystemName system;
  std::string kind;
  bool connected = false;
  std::optional<Hold> hold;
  bool read_once = false;            // nothing is written to it before that
  std::optional<Time> retry_at;      // the system does not answer: when it is tried again
  bool stalled = false;              // writes have been due for long, and none was done
  std::optional<Duration> silence;   // no webhook for so long that something is wrong
  std::uint64_t found_by_polls = 0;  // changes that a webhook should have told, since start
  std::string problem;               // why it does not run, for people
  std::string unstored;              // why nothing of it can be kept at the moment, for people; "": it can
  std::string capture;               // which way of capture runs, "" for none
  std::size_t in_flight = 0;
  std::uint64_t written = 0;  // since start
  std::uint64_t failed = 0;
  std::optional<Time> last_seen;  // last change that came from it
  std::optional<Time> last_written;
  std::vector<ScheduleStatus> schedules;
};

// The status of one record in one system, derived, never stored.
struct RecordStatus {
  SystemName system;
  std::string external_id;
  sync::Status status = sync::Status::unlinked;
  std::string detail;                  // why it is pending or failed
  std::vector<std::string> differing;  // fields that still differ
};

struct RecordView {
  sync::Record record;
  std::vector<RecordStatus> systems;
};

struct Metrics {
  std::uint64_t accepted = 0, applied = 0, suppressed = 0, parked = 0, pending = 0, refused = 0;  // A5
  std::uint64_t commits = 0, committed_inputs = 0;
  std::uint64_t writes_applied = 0, writes_retried = 0, writes_rejected = 0, writes_unknown = 0;
  std::size_t queued = 0;
  Duration commit_time_last{0};
  std::optional<Time> unstored_since;  // no commit goes through
};

class Hub {
 public:
  using AppliedDone = std::move_only_function<void(Result<std::vector<sync::Applied>>)>;

  Hub(Parts parts, Setup setup, HubLimits limits = {}, sync::EngineSettings engine = {});
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // Starts connectors, captures, schedules and the dispatcher. Systems that can not be reached are tried again.
  void start();
  // Takes no more inputs, lets what is on its way end, and calls `done`; after that the hub can be destroyed.
  void drain(Action done);
  bool draining() const;

  // Changes tenants, entities, systems. Connectors whose settings are the same stay as they are; inputs that are on
  // their way are not lost.
  void reload(Setup setup);

  // A webhook's raw bytes. `exhausted` when the queue is full or the hub drains (the sender gets 429, A2);
  // `not_found` for an unknown source or system; `unauthorized` and `invalid` from the connector.
  void accept_webhook(const SourceId& source, const SystemName& system, const connector::WebhookRequest& request,
                      AppliedDone done);
  // Edits, retries, decisions. One Applied per input; a refused one carries its error.
  void submit(std::vector<sync::Input> inputs, AppliedDone done);

  // Starts a full ("mirror") or incremental ("pull") pull of all mapped objects of a system, or joins the running one.
  Result<JobProgress> start_job(const SourceId& source, const SystemName& system, const std::string& kind);
  // A job over the given entities, in the order of references, or the one that waits or runs and covers them. It is
  // done when what it has read is written to the other systems.
  Result<JobProgress> order_job(const SourceId& source, const SystemName& system, JobOrder order);
  // Answers when those entities' parts of the job have ended. `not_found`: there is no such job.
  void await_job(const SourceId& source, const SystemName& system, const std::string& id,
                 std::vector<EntityName> entities, std::move_only_function<void(Result<JobProgress>)> done);
  std::vector<JobProgress> jobs(const SourceId& source) const;
  std::optional<JobProgress> job(const SourceId& source, const std::string& id) const;

  // Both are answered when the job is on the disk: it goes on after a restart, and does nothing twice.
  using JobStarted = std::move_only_function<void(Result<JobProgress>)>;
  // Undoes everything that a mirror, a pull or a replay has brought in, newest first, as edits. A job ("undo").
  void undo_job(const SourceId& source, const std::string& job, sync::ChangedSince changed, std::string actor,
                JobStarted started);
  // Reads every record again that the journal touched in that time, and plans it again. A job ("replay").
  void replay(const SourceId& source, const ReplayRange& range, JobStarted started);

  void dead_letter_groups(const SourceId& source, DeadLetterFilter filter,
                          std::move_only_function<void(Result<DeadLetterGroups>)> done);
  // Tries again, gives up or counts all dead letters that the filter finds, any number of them.
  void dead_letters(const SourceId& source, DeadLetterOrder order,
                    std::move_only_function<void(Result<DeadLettersDone>)> done);

  // Stops all writes to a system until resume(); durable. What comes from it is still taken in.
  void pause(const SourceId& source, const SystemName& system, std::string reason, std::string actor,
             std::move_only_function<void(Result<void>)> done);
  // Ends a pause, or approves what the guard asked about. `not_found` when nothing is held.
  void resume(const SourceId& source, const SystemName& system, std::string actor,
              std::move_only_function<void(Result<void>)> done);

  // Reads, answered on the loop's thread.
  void read(std::move_only_function<void(store::Reader&)> query, Action done);
  void record(const SourceId& source, const RecordId& id,
              std::move_only_function<void(Result<std::optional<RecordView>>)> done);
  void records(const SourceId& source, store::RecordFilter filter, store::PageRequest page,
               std::move_only_function<void(Result<store::Page<RecordView>>)> done);

  // Durable state of a system: tokens, cursors, catalogs. Answered when it is on the disk.
  void put_state(sync::StateRow row, std::move_only_function<void(Result<void>)> done);
  void get_state(const SourceId& source, const SystemName& system, const std::string& key,
                 std::move_only_function<void(Result<Json>)> done);

  // As configured, secrets too; null when there is no such system.
  const JsonObject* settings(const SourceId& source, const SystemName& system) const;
  // Null when there is no such system. It stays usable while it is held; stopped, its calls end with an error.
  std::shared_ptr<connector::Connector> connector(const SourceId& source, const SystemName& system) const;
  std::vector<LaneStatus> lanes(const SourceId& source) const;
  const sync::Catalog& catalog() const;
  Metrics metrics() const;
  // What was committed, by topic: entry_topic(), row_topic() and change_topic().
  fanout::TopicHub& events();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lockstep::hub
