#include "hub/hub.hpp"

#include <algorithm>
#include <set>

#include "base/assert.hpp"
#include "hub/event_text.hpp"
#include "hub/lane.hpp"
#include "hub/rework.hpp"
#include "hub/row_batches.hpp"
#include "hub/row_events.hpp"
#include "hub/view.hpp"

namespace lockstep::hub {
namespace {

constexpr std::chrono::minutes kRowsKeptFor{5};  // after the last listener: more than a recovery takes

Error no_system(const SourceId& source, const SystemName& system) {
  return {ErrorKind::not_found, "no system '" + system.str() + "' in source '" + source.str() + "'", {}};
}

}  // namespace

using LaneKey = std::pair<SourceId, SystemName>;

struct Hub::State {
  State(Parts given, Setup& setup, HubLimits given_limits, sync::EngineSettings settings)
      : parts(given),
        limits(given_limits),
        catalog(std::move(setup.catalog)),
        engine(catalog, settings, *parts.random),
        committer(*parts.store, engine, *parts.writer, *parts.loop, *parts.log, limits),
        reads(*parts.store, *parts.readers, *parts.loop),
        row_batches(*parts.loop, events),
        rework({committer, reads, *parts.loop, *parts.random, *parts.log, limits, [this] { return catalog; },
                [this](const SourceId& source, const SystemName& system) { return connector(source, system); },
                [this] { return draining; }}) {
    row_batches.set(setup.row_batching);
  }

  LaneContext lane_context() {
    return {committer, reads, *parts.loop, *parts.random, *parts.log, metrics, limits, [this] { return catalog; }};
  }
  Lane* lane(const SourceId& source, const SystemName& system) const {
    const auto at = lanes.find(std::pair(source, system));
    return at == lanes.end() ? nullptr : at->second.get();
  }
  Result<std::shared_ptr<connector::Connector>> connector(const SourceId& source, const SystemName& system) const {
    const Lane* one = lane(source, system);
    if (one == nullptr) return fail(no_system(source, system));
    if (!one->started()) return fail(ErrorKind::unavailable, "not connected yet");
    return one->setup().connector;
  }
  void publish(const Committed& done);
  bool rows_wanted(const SourceId& source);
  void committed(const Committed& done);
  void count(const std::vector<sync::Applied>& applied);
  // Two lanes of one system never run at once (X1, X3): a new one waits for those that are retiring.
  void start(const LaneKey& key);
  void retire(const LaneKey& key, std::unique_ptr<Lane> lane);
  void drain_step();

  Parts parts;
  HubLimits limits;
  std::shared_ptr<const sync::Catalog> catalog;
  sync::Engine engine;
  Committer committer;
  Reads reads;
  fanout::TopicHub events;
  RowEvents rows;
  RowBatches row_batches;
  std::map<SourceId, Time> rows_wanted_until;
  Metrics metrics;
  Rework rework;
  std::map<LaneKey, std::unique_ptr<Lane>> lanes;
  std::set<LaneKey> waiting;  // of `lanes`: not started yet
  std::vector<std::pair<LaneKey, std::unique_ptr<Lane>>> retiring;
  TaskScope tasks;
  bool started = false;
  bool draining = false;
  Action drained;
};

Hub::Hub(Parts parts, Setup setup, HubLimits limits, sync::EngineSettings engine)
    : state_(std::make_unique<State>(parts, setup, limits, engine)) {
  if (const Result<Seq> seq = parts.store->last_seq()) state_->events.start_at(*seq);
  state_->committer.on_committed([state = state_.get()](const Committed& done) { state->committed(done); });
  for (SystemSetup& system : setup.systems) {
    const auto key = std::pair(system.settings.source, system.settings.system);
    state_->lanes.emplace(key, std::make_unique<Lane>(std::move(system), state_->lane_context()));
  }
}

Hub::~Hub() {
  LOCKSTEP_ASSERT(!state_->started || (state_->draining && state_->lanes.empty()), "a hub is drained before it goes");
}

void Hub::start() {
  state_->started = true;
  for (auto& [key, lane] : state_->lanes) lane->start();
  state_->rework.resume();
}

// In the order of the journal; what an entry has made a table hold comes after the entry.
void Hub::State::publish(const Committed& done) {
  std::multimap<Seq, const sync::Holding*> rows_of;
  for (const sync::Holding& holding : done.holdings) rows_of.emplace(holding.cause, &holding);
  for (const sync::JournalEntry& entry : done.journal) {
    events.publish(entry_message(entry));
    std::uint32_t part = 1;  // the entry itself is 0
    for (auto [at, end] = rows_of.equal_range(entry.seq); at != end; ++at) {
      const sync::Holding& holding = *at->second;
      const Lane* one = lane(holding.source, holding.system);
      if (one == nullptr || one->setup().connector->capabilities().table_schema.empty()) continue;
      if (!rows_wanted(holding.source)) {
        for (const std::string& topic : {row_topic(holding.source), change_topic(holding.source), change_topic({})})
          events.pass_over(topic, entry.seq);
        continue;
      }
      auto row = rows.message(*catalog, one->setup().connector->capabilities(), holding, entry.at, part);
      if (!row) continue;
      ++part;
      row_batches.publish(std::move(row),
                          holding.system.str() + '\n' + holding.entity.str() + '\n' + holding.external_id, entry.at);
    }
  }
}

// Rows are worth their text while somebody listens, or did a moment ago and may come back.
bool Hub::State::rows_wanted(const SourceId& source) {
  const Time now = parts.loop->clock().now();
  if (events.listened(row_topic(source)) || events.listened(change_topic(source)) ||
      events.listened(change_topic({}))) {
    rows_wanted_until[source] = now + kRowsKeptFor;
    return true;
  }
  const auto at = rows_wanted_until.find(source);
  if (at == rows_wanted_until.end()) return false;
  if (now < at->second) return true;
  rows_wanted_until.erase(at);
  return false;
}

void Hub::State::committed(const Committed& done) {
  publish(done);
  std::set<std::pair<SourceId, SystemName>> writes;
  for (const sync::OutboxRow& row : done.outbox) writes.emplace(row.key.source, row.key.system);
  for (const auto& key : writes) {
    if (Lane* one = lane(key.first, key.second)) one->wake_writes();
  }
  std::set<std::pair<SourceId, SystemName>> fetches;
  for (const sync::InboxRow& row : done.inbox) {
    if (row.kind == sync::InboxKind::fetch) fetches.emplace(row.change.source, row.change.system);
  }
  for (const auto& key : fetches) {
    if (Lane* one = lane(key.first, key.second)) one->wake_fetches();
  }
  for (const sync::JournalEntry& entry : done.journal) {
    if (find_member(entry.body, "replays") != nullptr) continue;  // it was counted when it was accepted
    if (entry.disposition == "applied") ++metrics.applied;
    if (entry.disposition == "suppressed") ++metrics.suppressed;
    if (entry.disposition == "parked") ++metrics.parked;
    if (entry.disposition == "pending") ++metrics.pending;
    if (!entry.disposition.empty()) ++metrics.accepted;
  }
}

void Hub::accept_webhook(const SourceId& source, const SystemName& system, const connector::WebhookRequest& request,
                         AppliedDone done) {
  if (state_->draining) {
    done(fail({ErrorKind::exhausted, "shutting down: send it again later", std::chrono::seconds(5)}));  // A2
    return;
  }
  Lane* lane = state_->lane(source, system);
  if (lane == nullptr) {
    done(fail(no_system(source, system)));
    return;
  }
  Result<std::vector<sync::Change>> changes = lane->setup().connector->decode_webhook(request);
  if (!changes) {
    ++state_->metrics.refused;
    done(fail(changes.error()));
    return;
  }
  if (changes->empty()) {
    done(std::vector<sync::Applied>{});  // concerns nothing that is mapped
    return;
  }
  Submission submission;
  submission.source = source;
  submission.inputs = lane->to_inputs(std::move(*changes), sync::Via::webhook);
  submission.bytes = request.body.size();
  submission.done = std::move(done);
  lane->take_webhook(std::move(submission));
}

void Hub::submit(std::vector<sync::Input> inputs, AppliedDone done) {
  Submission submission;
  for (const sync::Input& input : inputs) {
    std::visit(
        [&](const auto& one) {
          if constexpr (requires { one.source; }) submission.source = one.source;
        },
        input);
  }
  submission.inputs = std::move(inputs);
  submission.done = std::move(done);
  state_->committer.submit(std::move(submission));
}

Result<JobProgress> Hub::start_job(const SourceId& source, const SystemName& system, const std::string& kind) {
  if (kind != "mirror" && kind != "pull")
    return fail(ErrorKind::invalid, "kind is 'mirror' (everything) or 'pull' (what has changed), not '" + kind + "'");
  Lane* lane = state_->lane(source, system);
  if (lane == nullptr) return fail(no_system(source, system));
  if (state_->draining) return fail(ErrorKind::exhausted, "shutting down");
  return lane->start_job(kind);
}

Result<JobProgress> Hub::order_job(const SourceId& source, const SystemName& system, JobOrder order) {
  Lane* lane = state_->lane(source, system);
  if (lane == nullptr) return fail(no_system(source, system));
  if (state_->draining) return fail(ErrorKind::exhausted, "shutting down");
  return lane->order_job(std::move(order));
}

void Hub::await_job(const SourceId& source, const SystemName& system, const std::string& id,
                    std::vector<EntityName> entities, std::move_only_function<void(Result<JobProgress>)> done) {
  Lane* lane = state_->lane(source, system);
  if (lane == nullptr) return done(fail(no_system(source, system)));
  lane->await_job(id, std::move(entities), std::move(done));
}

std::vector<JobProgress> Hub::jobs(const SourceId& source) const {
  std::vector<JobProgress> out;
  for (const auto& [key, lane] : state_->lanes) {
    if (key.first == source) out.insert(out.end(), lane->jobs().begin(), lane->jobs().end());
  }
  std::ranges::copy_if(state_->rework.jobs(), std::back_inserter(out),
                       [&](const JobProgress& one) { return one.source == source; });
  std::ranges::sort(out, std::greater{}, &JobProgress::started);
  return out;
}

std::optional<JobProgress> Hub::job(const SourceId& source, const std::string& id) const {
  for (const JobProgress& one : jobs(source)) {
    if (one.id == id) return one;
  }
  return std::nullopt;
}

namespace {

template <class T>
Task<void> answer(Reads& reads, std::move_only_function<T(store::Reader&)> query,
                  std::move_only_function<void(T)> done) {
  T value = co_await reads.ask<T>(std::move(query));
  done(std::move(value));
}

template <class T>
Task<void> hand_over(Task<Result<T>> task, std::move_only_function<void(Result<T>)> done) {
  Result<T> result = co_await std::move(task);
  done(std::move(result));
}

}  // namespace

void Hub::undo_job(const SourceId& source, const std::string& id, sync::ChangedSince changed, std::string actor,
                   JobStarted started) {
  if (const auto known = job(source, id); known && known->state == "running")
    return started(fail(ErrorKind::conflict, "the job still runs: undo it when it has ended"));
  state_->rework.undo(source, {id, {}, changed, std::move(actor)}, std::move(started));
}

void Hub::replay(const SourceId& source, const ReplayRange& range, JobStarted started) {
  if (range.system && state_->lane(source, *range.system) == nullptr)
    return started(fail(no_system(source, *range.system)));
  state_->rework.replay(source, range, std::move(started));
}

void Hub::dead_letter_groups(const SourceId& source, DeadLetterFilter filter,
                             std::move_only_function<void(Result<DeadLetterGroups>)> done) {
  state_->tasks.spawn(hand_over<DeadLetterGroups>(
      group_dead_letters(state_->rework.context(), source, std::move(filter)), std::move(done)));
}

void Hub::dead_letters(const SourceId& source, DeadLetterOrder order,
                       std::move_only_function<void(Result<DeadLettersDone>)> done) {
  state_->tasks.spawn(hand_over<DeadLettersDone>(work_dead_letters(state_->rework.context(), source, std::move(order)),
                                                 std::move(done)));
}

void Hub::pause(const SourceId& source, const SystemName& system, std::string reason, std::string actor,
                std::move_only_function<void(Result<void>)> done) {
  Lane* lane = state_->lane(source, system);
  if (lane == nullptr) return done(fail(no_system(source, system)));
  Hold hold{"paused", std::move(reason), std::move(actor), state_->parts.loop->clock().now()};
  state_->tasks.spawn(hand_over<void>(lane->hold(std::move(hold)), std::move(done)));
}

void Hub::resume(const SourceId& source, const SystemName& system, std::string actor,
                 std::move_only_function<void(Result<void>)> done) {
  Lane* lane = state_->lane(source, system);
  if (lane == nullptr) return done(fail(no_system(source, system)));
  state_->tasks.spawn(hand_over<void>(lane->resume(std::move(actor)), std::move(done)));
}

void Hub::read(std::move_only_function<void(store::Reader&)> query, Action done) {
  state_->tasks.spawn(answer<int>(
      state_->reads,
      [query = std::move(query)](store::Reader& reader) mutable {
        query(reader);
        return 0;
      },
      [done = std::move(done)](int) mutable { done(); }));
}

void Hub::record(const SourceId& source, const RecordId& id,
                 std::move_only_function<void(Result<std::optional<RecordView>>)> done) {
  state_->tasks.spawn(answer<Result<std::optional<RecordView>>>(
      state_->reads,
      [source, id, catalog = state_->catalog](store::Reader& reader) {
        return view_record(reader, *catalog, source, id);
      },
      std::move(done)));
}

void Hub::records(const SourceId& source, store::RecordFilter filter, store::PageRequest page,
                  std::move_only_function<void(Result<store::Page<RecordView>>)> done) {
  state_->tasks.spawn(answer<Result<store::Page<RecordView>>>(
      state_->reads,
      [source, filter = std::move(filter), page = std::move(page), catalog = state_->catalog](store::Reader& reader) {
        return view_records(reader, *catalog, source, filter, page);
      },
      std::move(done)));
}

void Hub::put_state(sync::StateRow row, std::move_only_function<void(Result<void>)> done) {
  Submission submission;
  submission.source = row.source;
  submission.state.push_back(std::move(row));
  submission.done = [done = std::move(done)](Result<std::vector<sync::Applied>> applied) mutable {
    if (applied) {
      done({});
    } else {
      done(fail(std::move(applied).error()));
    }
  };
  state_->committer.submit_inner(std::move(submission));
}

void Hub::get_state(const SourceId& source, const SystemName& system, const std::string& key,
                    std::move_only_function<void(Result<Json>)> done) {
  state_->tasks.spawn(answer<Result<Json>>(
      state_->reads, [source, system, key](store::Reader& reader) { return reader.state(source, system, key); },
      std::move(done)));
}

std::shared_ptr<connector::Connector> Hub::connector(const SourceId& source, const SystemName& system) const {
  const Lane* one = state_->lane(source, system);
  return one == nullptr ? nullptr : one->setup().connector;
}

const JsonObject* Hub::settings(const SourceId& source, const SystemName& system) const {
  const Lane* one = state_->lane(source, system);
  return one == nullptr ? nullptr : &one->setup().settings.settings;
}

std::vector<LaneStatus> Hub::lanes(const SourceId& source) const {
  std::vector<LaneStatus> out;
  for (const auto& [key, lane] : state_->lanes) {
    if (key.first == source) out.push_back(lane->status());
  }
  return out;
}

const sync::Catalog& Hub::catalog() const { return *state_->catalog; }

Metrics Hub::metrics() const {
  Metrics out = state_->metrics;
  out.commits = state_->committer.commits();
  out.committed_inputs = state_->committer.committed_inputs();
  out.queued = state_->committer.queued();
  out.commit_time_last = state_->committer.last_commit_time();
  if (const auto& trouble = state_->committer.trouble()) out.unstored_since = trouble->since;
  return out;
}

fanout::TopicHub& Hub::events() { return state_->events; }

bool Hub::draining() const { return state_->draining; }

// The successor, if any, starts when the last write of the old lane has ended: never two at one system (X1).
void Hub::State::start(const LaneKey& key) {
  const bool taken = std::ranges::any_of(retiring, [&](const auto& one) { return one.first == key; });
  if (taken) {
    waiting.insert(key);
  } else {
    waiting.erase(key);
    lanes.at(key)->start();
  }
}

void Hub::State::retire(const LaneKey& key, std::unique_ptr<Lane> lane) {
  Lane* one = lane.get();
  retiring.emplace_back(key, std::move(lane));
  one->stop([this, one, key] {
    std::erase_if(retiring, [&](const auto& held) { return held.second.get() == one; });
    if (waiting.contains(key)) start(key);
    drain_step();
  });
}

// Lanes first, so that the outcomes of their last writes are still committed; then the queue; then pending reads.
void Hub::State::drain_step() {
  if (!draining || !drained || !retiring.empty() || !committer.idle() || !tasks.idle() || !rework.idle()) return;
  parts.loop->post(std::exchange(drained, nullptr));
}

void Hub::drain(Action done) {
  State& state = *state_;
  LOCKSTEP_ASSERT(!state.draining, "a hub drains once");
  state.draining = true;
  state.row_batches.flush();
  state.drained = std::move(done);
  state.committer.close_intake();
  state.committer.on_idle([&state] { state.drain_step(); });
  state.tasks.on_idle([&state] { state.drain_step(); });
  state.rework.on_idle([&state] { state.drain_step(); });
  state.waiting.clear();
  for (auto& [key, lane] : std::exchange(state.lanes, {})) {
    if (state.started) state.retire(key, std::move(lane));
  }
  state.drain_step();
}

void Hub::reload(Setup setup) {
  State& state = *state_;
  state.catalog = setup.catalog;
  state.row_batches.set(setup.row_batching);
  state.committer.replace_catalog(setup.catalog);
  std::map<LaneKey, std::unique_ptr<Lane>> kept;
  std::vector<LaneKey> fresh;
  for (SystemSetup& system : setup.systems) {
    const auto key = std::pair(system.settings.source, system.settings.system);
    const auto old = state.lanes.find(key);
    // The caller hands the running connector back where its settings have not changed.
    if (old != state.lanes.end() && old->second->setup().connector == system.connector) {
      old->second->adopt(std::move(system));
      kept.emplace(key, std::move(old->second));
      state.lanes.erase(old);
      continue;
    }
    kept.emplace(key, std::make_unique<Lane>(std::move(system), state.lane_context()));
    fresh.push_back(key);
  }
  auto former = std::exchange(state.lanes, std::move(kept));
  if (!state.started) return;
  std::erase_if(state.waiting, [&](const LaneKey& key) { return !state.lanes.contains(key); });
  for (auto& [key, lane] : former) state.retire(key, std::move(lane));
  for (const LaneKey& key : fresh) state.start(key);
}

}  // namespace lockstep::hub
