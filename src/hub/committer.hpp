// Group commit: whatever arrives while one commit is on its way to the disk goes into the next one. Load makes batches
// bigger, never slower to start.
//
// Lives on the loop's thread; the engine and the store run on the writer executor, one batch at a time.
#pragma once

#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/log.hpp"
#include "base/loop.hpp"
#include "hub/limits.hpp"
#include "store/store.hpp"
#include "sync/engine.hpp"

namespace lockstep::hub {

struct Submission {
  SourceId source;  // whose share of the queue it takes
  std::vector<sync::Input> inputs;
  std::vector<sync::StateRow> state;  // commits with the inputs (B1)
  std::size_t bytes = 0;              // what it weighs in the queue
  std::size_t input_count = 0;        // kept by the committer: the inputs themselves move into the batch
  std::move_only_function<void(Result<std::vector<sync::Applied>>)> done;
};

// Whether what could not be committed is tried again, a second later each time: for as long as the disk is full, and for a
// while when the store is busy or the disk has errors, since nothing of the batch is there. Any other error is final.
class CommitAttempts {
 public:
  static constexpr std::chrono::seconds pause{1};
  explicit CommitAttempts(const HubLimits& limits) : left_(limits.commit_attempts) {}
  bool again(const Error& error) {
    return error.kind == ErrorKind::exhausted || (error.kind == ErrorKind::unavailable && --left_ > 0);
  }

 private:
  std::size_t left_;
};

// What one transaction has made durable, for those who act on it.
struct Committed {
  std::vector<sync::JournalEntry> journal;
  std::vector<sync::OutboxRow> outbox;
  std::vector<sync::InboxRow> inbox;
  std::vector<sync::Holding> holdings;
};

// Why the store takes nothing, from the first commit that failed until one has gone through.
struct StoreTrouble {
  Error error;
  Time since;
  std::uint64_t failed = 0;  // submissions
};

class Committer {
 public:
  Committer(store::Store& store, sync::Engine& engine, Executor& writer, Loop& loop, Log& log, const HubLimits& limits);
  ~Committer();

  // Called for each commit, before the submitters hear of it.
  void on_committed(std::function<void(const Committed&)> action) { on_committed_ = std::move(action); }

  // Queues the submission; `exhausted` at once when the queue or the source's share of it is full, or when closed.
  void submit(Submission submission);

  // Replaces the catalog between two batches.
  void replace_catalog(std::shared_ptr<const sync::Catalog> catalog);

  // Takes nothing more from outside (`exhausted`). What the hub itself submits (outcomes) still goes through.
  void close_intake() { intake_closed_ = true; }
  bool intake_closed() const { return intake_closed_; }
  // Outcomes and checkpoints of work that is on its way: never refused for want of room.
  void submit_inner(Submission submission);

  bool idle() const { return queue_.empty() && !writing_; }
  std::size_t queued() const { return queued_inputs_; }
  std::uint64_t commits() const { return commits_; }
  std::uint64_t committed_inputs() const { return committed_inputs_; }
  Duration last_commit_time() const { return last_commit_time_; }
  const std::optional<StoreTrouble>& trouble() const { return trouble_; }
  // Called when the queue has become empty.
  void on_idle(Action action) { on_idle_ = std::move(action); }

 private:
  struct Outcome;
  struct Failure;
  struct Share {
    std::size_t inputs = 0;
    std::size_t submissions = 0;
  };
  void enqueue(Submission submission);
  void pump();
  // On the writer's thread.
  static Outcome commit(store::Store& store, sync::Engine& engine, std::vector<Submission>& group, Time now);
  static std::expected<sync::Decision, Failure> commit_once(store::Store& store, sync::Engine& engine,
                                                            std::span<const sync::Input> inputs,
                                                            const std::vector<sync::StateRow>& state, Time now);
  static Result<std::vector<sync::Applied>> commit_parts(store::Store& store, sync::Engine& engine,
                                                         std::span<const sync::Input> inputs,
                                                         const std::vector<sync::StateRow>& state, Time now,
                                                         Outcome& out);
  void finish(std::vector<Submission> group, Outcome outcome, Duration took);
  void note_trouble(const Outcome& outcome);

  store::Store& store_;
  sync::Engine& engine_;
  Executor& writer_;
  Loop& loop_;
  Log& log_;
  const HubLimits& limits_;
  std::function<void(const Committed&)> on_committed_;
  Action on_idle_;
  std::deque<Submission> queue_;
  std::map<SourceId, Share> queued_by_source_;
  std::shared_ptr<const sync::Catalog> next_catalog_;
  std::size_t queued_inputs_ = 0;
  std::size_t queued_bytes_ = 0;
  bool writing_ = false;
  bool intake_closed_ = false;
  std::uint64_t commits_ = 0;
  std::uint64_t committed_inputs_ = 0;
  Duration last_commit_time_{0};
  std::optional<StoreTrouble> trouble_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace lockstep::hub
