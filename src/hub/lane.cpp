#include "hub/lane.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace lockstep::hub {

Lane::Lane(SystemSetup setup, LaneContext context)
    : setup_(std::move(setup)),
      context_(std::move(context)),
      write_waker_(context_.loop),
      fetch_waker_(context_.loop),
      poll_waker_(context_.loop),
      watch_waker_(context_.loop),
      schedule_waker_(context_.loop),
      breaker_(context_.limits),
      guard_(setup_.guard),
      silence_(context_.limits) {}

Lane::~Lane() { LOCKSTEP_ASSERT(tasks_.idle(), "a lane is stopped before it goes"); }

void Lane::start() { tasks_.spawn(run()); }

void Lane::stop(Action done) {
  stopping_ = true;
  end_waiting_jobs();
  tasks_.on_idle([this, done = std::move(done)]() mutable {
    // Posted: the last task's frame is still on the stack.
    context_.loop.post(std::move(done));
  });
  struct Stop {
    static Task<void> run(Lane& lane) {
      lane.write_waker_.wake();
      lane.fetch_waker_.wake();
      lane.poll_waker_.wake();
      lane.watch_waker_.wake();
      lane.schedule_waker_.wake();
      lane.end_rests();
      co_await lane.setup_.connector->stop();
    }
  };
  tasks_.spawn(Stop::run(*this));
}

// Starts the connector, again and again until it works, and then everything that needs it.
Task<void> Lane::run() {
  std::chrono::milliseconds wait = context_.limits.connector_restart_first;
  while (!stopping_) {
    Result<void> started = co_await setup_.connector->start();
    if (started && setup_.migrates_at_start) {
      const Result<std::vector<std::string>> migrated = co_await setup_.connector->migrate();
      if (!migrated) started = fail(migrated.error());
    }
    if (started) break;
    problem_ = started.error().message;
    context_.log.warning("system.start_failed",
                         {{"source", source().str()}, {"system", system().str()}, {"error", problem_}});
    co_await rest(wait);
    wait = std::min(wait * 2, context_.limits.connector_restart_limit);
  }
  if (stopping_) co_return;
  connected_ = true;
  started_ = context_.loop.clock().now();
  problem_.clear();
  context_.log.info("system.started", {{"source", source().str()}, {"system", system().str()}, {"kind", setup_.kind}});
  // Captured changes come from before the mirror's first page, so that nothing falls between the two.
  if (setup_.connector->capabilities().captures) setup_.connector->capture(*this);
  co_await recall_hold();
  co_await notice_read();
  co_await recall_owed();
  caught_up_ = !can_catch_up() && !mirror_owed_;
  co_await close_left_row();
  co_await notice_gap();  // before run_watch() says that we are here
  tasks_.spawn(run_writes());
  tasks_.spawn(run_fetches());
  tasks_.spawn(run_polls());
  tasks_.spawn(run_watch());
  tasks_.spawn(run_schedules());
}

void Lane::adopt(SystemSetup setup) {
  LOCKSTEP_ASSERT(setup.connector == setup_.connector, "another connector is another lane");
  setup_ = std::move(setup);
  guard_.configure(setup_.guard);
  // A filter or an expression is no setting of the connector; what it newly lets in or out is read all the same.
  if (connected_) tasks_.spawn(notice_mapping());
  write_waker_.wake();
  poll_waker_.wake();
  schedule_waker_.wake();
}

std::vector<sync::Input> Lane::to_inputs(std::vector<sync::Change> changes, sync::Via via) const {
  const bool sparse = setup_.connector->capabilities().omits_empty && via == sync::Via::webhook;
  std::vector<sync::Input> inputs;
  inputs.reserve(changes.size());
  for (sync::Change& change : changes) {
    change.source = source();
    change.system = system();
    change.via = via;
    if (sparse && change.extent == sync::Extent::partial) change.extent = sync::Extent::sparse;
    inputs.emplace_back(std::move(change));
  }
  return inputs;
}

void Lane::deliver(std::vector<sync::Change> changes, std::move_only_function<void(Result<void>)> durable) {
  tasks_.spawn(capture_in(std::move(changes), std::move(durable)));
}

void Lane::take_webhook(Submission submission) {
  last_seen_ = context_.loop.clock().now();
  silence_.heard(*last_seen_);
  context_.committer.submit(std::move(submission));
}

Task<void> Lane::capture_in(std::vector<sync::Change> changes, std::move_only_function<void(Result<void>)> durable) {
  last_seen_ = context_.loop.clock().now();
  std::vector<sync::Input> inputs = to_inputs(std::move(changes), sync::Via::capture);
  Result<std::vector<sync::Applied>> applied = co_await commit(std::move(inputs), {});
  if (applied) {
    durable({});  // B3: only now may the position be acknowledged outside
  } else {
    durable(fail(applied.error()));
  }
}

void Lane::lost(std::string reason, std::move_only_function<void(Result<void>)> durable) {
  context_.log.warning("capture.lost", {{"source", source().str()}, {"system", system().str()}, {"reason", reason}});
  owe_mirror();
  tasks_.spawn(keep_owed(std::move(reason), std::move(durable)));
}

void Lane::status(std::string text) { capture_status_ = std::move(text); }

LaneStatus Lane::status() const {
  LaneStatus out;
  out.system = system();
  out.kind = setup_.kind;
  out.connected = connected_ && problem_.empty();
  out.problem = problem_;
  if (const auto& trouble = context_.committer.trouble())
    out.unstored = "nothing can be kept since " + to_iso8601(trouble->since) + ": " + trouble->error.message;
  out.capture = capture_status_;
  out.hold = hold_;
  out.read_once = read_once_;
  out.retry_at = breaker_.retry_at();
  out.stalled = stalled_;
  if (gets_webhooks()) out.silence = silence_.alarming(context_.loop.clock().now());
  out.found_by_polls = found_by_polls_;
  out.in_flight = in_flight_.size();
  out.written = written_;
  out.failed = failed_;
  out.last_seen = last_seen_;
  out.last_written = last_written_;
  for (const Planned& one : planned_)
    out.schedules.push_back({one.schedule.name, one.schedule.cron.text(), one.schedule.kind, one.last, one.next});
  return out;
}

Task<Result<std::vector<sync::Applied>>> Lane::commit(std::vector<sync::Input> inputs,
                                                      std::vector<sync::StateRow> state) {
  for (CommitAttempts attempts(context_.limits);;) {
    Submission submission;
    submission.source = source();
    submission.inputs = inputs;
    submission.state = state;
    Result<std::vector<sync::Applied>> applied =
        co_await completion<Result<std::vector<sync::Applied>>>([&](auto done) {
          submission.done = std::move(done);
          context_.committer.submit_inner(std::move(submission));
        });
    if (applied || stopping_) co_return applied;
    // What the systems said is kept until it can be written. After an error that is final no caller goes round in circles.
    co_await rest(CommitAttempts::pause);
    if (!attempts.again(applied.error())) co_return applied;
  }
}

Task<Result<void>> Lane::keep(sync::StateRow row) {
  std::vector<sync::StateRow> rows;
  rows.push_back(std::move(row));
  co_return co_await keep_all(std::move(rows));
}

Task<Result<void>> Lane::keep_all(std::vector<sync::StateRow> rows) {
  std::vector<sync::Input> none;
  const Result<std::vector<sync::Applied>> kept = co_await commit(std::move(none), std::move(rows));
  if (!kept) co_return fail(kept.error());
  co_return Result<void>();
}

Task<void> Lane::rest(Duration time) {
  if (stopping_) co_return;
  co_await completion<std::monostate>([&](Completion<std::monostate>::Done done) {
    // The timer's action finds the sleeper by the timer's own id, which is known only after it is set.
    auto id = std::make_shared<TimerId>(0);
    *id = context_.loop.after(time, [this, id] {
      const auto at = resting_.find(*id);
      if (at == resting_.end()) return;
      auto sleeper = std::move(at->second);
      resting_.erase(at);
      sleeper({});
    });
    resting_.emplace(*id, std::move(done));
  });
}

void Lane::end_rests() {
  while (!resting_.empty()) {
    auto first = resting_.extract(resting_.begin());
    context_.loop.cancel(first.key());
    first.mapped()({});
  }
}

Task<Json> Lane::state(std::string key) {
  Reads::Query<Result<Json>> query = [source = source(), system = system(), key](store::Reader& reader) {
    return reader.state(source, system, key);
  };
  Result<Json> value = co_await context_.reads.ask(std::move(query));
  co_return value ? std::move(*value) : Json();
}

sync::StateRow Lane::state_row(std::string key, Json value) const {
  return {source(), system(), std::move(key), std::move(value)};
}

}  // namespace lockstep::hub
