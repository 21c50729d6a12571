// The reading side of a lane: objects in doubt are fetched by id; full and incremental pulls with checkpoints.
#include <algorithm>

#include "hub/lane.hpp"
#include "hub/progress.hpp"

namespace lockstep::hub {
namespace {

constexpr std::chrono::milliseconds kReadAgain{500};  // after a write of ours has overtaken a reading

const std::string kFullKey = "full_at";  // when everything was read last, ms since 1970

std::string poll_key(const sync::SystemBinding& binding) { return "poll/" + binding.object; }

}  // namespace

Task<void> Lane::run_fetches() {
  while (!stopping_) {
    const std::size_t room =
        context_.limits.fetches_parallel_limit - std::min(fetching_.size(), context_.limits.fetches_parallel_limit);
    if (room == 0) {
      co_await fetch_waker_.sleep(std::nullopt);
      continue;
    }
    Reads::Query<Result<std::vector<sync::InboxRow>>> query = [this,
                                                               limit = room + fetching_.size()](store::Reader& reader) {
      return reader.inbox_fetches(source(), system(), limit);
    };
    Result<std::vector<sync::InboxRow>> rows = co_await context_.reads.ask(std::move(query));
    std::size_t begun = 0;
    if (rows) {
      for (sync::InboxRow& row : *rows) {
        if (begun < room && fetching_.insert(row.seq).second) {
          ++begun;
          tasks_.spawn(fetch_one(std::move(row)));
        }
      }
    }
    if (begun == 0) co_await fetch_waker_.sleep(rows ? std::optional<Duration>() : std::chrono::seconds(1));
  }
}

Task<void> Lane::fetch_one(sync::InboxRow row) {
  Reading reading{{row.change.object, row.change.external_id}};
  reading.overtaken = sending_.contains(reading.object);
  readings_.insert(&reading);
  Result<std::optional<sync::Change>> found =
      co_await setup_.connector->fetch(row.change.object, row.change.external_id, sync::WorkClass::live);
  readings_.erase(&reading);
  if (found && reading.overtaken) {
    if (!stopping_) co_await rest(kReadAgain);  // the row stands and is read again
  } else if (found) {
    std::vector<sync::Change> changes;
    if (*found) {
      changes.push_back(std::move(**found));
    } else {
      sync::Change gone = row.change;
      gone.kind = sync::ChangeKind::deleted;
      gone.version = 0;
      gone.delivery.clear();
      changes.push_back(std::move(gone));
    }
    changes.front().object = row.change.object;
    changes.front().external_id = row.change.external_id;
    changes.front().answers = row.seq;
    changes.front().job = row.change.job;
    last_seen_ = context_.loop.clock().now();
    std::vector<sync::Input> inputs = to_inputs(std::move(changes), sync::Via::fetch);
    co_await commit(std::move(inputs), {});
  } else {
    problem_ = found.error().message;
    const Duration wait =
        found.error().retry_after ? Duration(*found.error().retry_after) : Duration(std::chrono::seconds(5));
    if (!stopping_) co_await rest(wait);
  }
  fetching_.erase(row.seq);
  fetch_waker_.wake();
}

Task<void> Lane::notice_read() {
  if (read_once_) co_return;
  const std::shared_ptr<const sync::Catalog> catalog = context_.catalog();  // keeps the entities alive
  for (const sync::EntitySchema* entity : entities_in_order()) {
    if (!setup_.mirror_on_start) break;
    if (!pulls(*entity, Pull::full_once)) continue;
    const Json checkpoint = co_await state(mirror_key(*entity->binding(system())));
    if (find_member(checkpoint, "complete") == nullptr) co_return;
  }
  read_once_ = true;
  write_waker_.wake();
}

bool Lane::can_catch_up() const {
  const std::shared_ptr<const sync::Catalog> catalog = context_.catalog();  // keeps the entities alive
  const auto pulled = [&](const sync::EntitySchema* entity) { return pulls(*entity, Pull::incremental); };
  return setup_.poll_every.count() > 0 && std::ranges::any_of(entities_in_order(), pulled);
}

bool Lane::pulls(const sync::EntitySchema& entity, Pull pull) const {
  const connector::Capabilities& can = setup_.connector->capabilities();
  const auto object = std::ranges::find_if(can.objects, [&](const connector::ObjectInfo& info) {
    return info.name == "*" || info.name == entity.binding(system())->object;
  });
  if (object == can.objects.end()) return false;
  return pull == Pull::incremental ? object->pulls_incremental : object->pulls_full;
}

JobProgress& Lane::begin_job(const std::string& kind) {
  const auto over = std::ranges::find_if(jobs_, [](const JobProgress& one) { return one.ended.has_value(); });
  if (jobs_.size() >= context_.limits.jobs_kept_limit && over != jobs_.end()) jobs_.erase(over);
  JobProgress job;
  job.id = make_ulid(context_.loop.clock().now(), context_.random);
  job.source = source();
  job.system = system();
  job.kind = kind;
  job.state = "running";
  job.started = context_.loop.clock().now();
  jobs_.push_back(std::move(job));
  return jobs_.back();
}

JobProgress Lane::start_job(const std::string& kind) {
  if (const auto running = std::ranges::find(jobs_, "running", &JobProgress::state); running != jobs_.end())
    return *running;
  JobProgress& job = begin_job(kind);
  job_running_ = true;
  tasks_.spawn(run_job(job.id, kind == "mirror" ? Pull::full_again : Pull::incremental));
  return jobs_.back();
}

JobProgress* Lane::find_job(const std::string& id) {
  const auto at = std::ranges::find(jobs_, id, &JobProgress::id);
  return at == jobs_.end() ? nullptr : &*at;
}

// The schedule: the first mirror (or the rest of one that a restart cut short), then pulls.
Task<void> Lane::run_polls() {
  const auto steady = [this] { return context_.loop.clock().monotonic(); };  // a wall clock may be set back
  std::string key = kFullKey;
  const Json last_full = co_await state(std::move(key));
  // A program that is started anew more often than that still reads everything in its time (B4).
  Duration since{0};
  if (last_full.is_int64()) since = context_.loop.clock().now() - from_epoch_ms(last_full.get_int64());
  Duration next_full = steady() + setup_.full_every - std::clamp<Duration>(since, Duration(0), setup_.full_every);
  bool first = true;
  const bool read_before = read_once_ && setup_.mirror_on_start;  // by an earlier run
  co_await notice_mapping();
  while (!stopping_) {
    const bool incremental = setup_.poll_every.count() > 0 && !first;
    const bool full_due =
        mirror_wanted_ || (mirror_owed_ && !first) || (setup_.full_every.count() > 0 && steady() >= next_full);
    const bool unread = !read_once_ && setup_.mirror_on_start;
    if (!job_running_ && (first ? setup_.mirror_on_start : incremental || full_due || unread)) {
      if (full_due) next_full = steady() + setup_.full_every;
      const Pull once = first || unread ? Pull::full_once : Pull::incremental;
      const Pull pull = mirror_wanted_ || full_due ? Pull::full_again : once;
      mirror_wanted_ = false;
      job_running_ = true;
      const std::string id = begin_job(pull == Pull::incremental ? "pull" : "mirror").id;
      co_await run_job(id, pull);
    }
    // What happened between the last run and this start is looked for at once, not after the first interval.
    const bool caught_up = !std::exchange(first, false) || !read_before || setup_.poll_every.count() == 0;
    if (stopping_) break;
    if (caught_up && (!mirror_wanted_ || job_running_)) {
      std::optional<Duration> wait;
      if (setup_.poll_every.count() > 0) wait = setup_.poll_every;
      if (setup_.full_every.count() > 0) wait = std::min<Duration>(wait.value_or(setup_.full_every), setup_.full_every);
      if ((unread && !read_once_) || !caught_up_ || mirror_owed_) wait = context_.limits.mirror_retry;
      co_await poll_waker_.sleep(wait);
    }
  }
}

Task<void> Lane::run_job(std::string id, Pull pull) {
  std::string error;
  const std::uint64_t losses = losses_;
  const std::shared_ptr<const sync::Catalog> catalog = context_.catalog();  // keeps the entities alive
  const bool looks = pull != Pull::full_once || !read_once_;
  const auto pulled = [&](const sync::EntitySchema& entity) { return pulls(entity, pull); };
  const std::vector<Group> groups = entities_in_groups(pulled);
  for (const Group& group : groups) {
    if (stopping_ || !error.empty()) break;
    std::vector<Result<void>> done(group.size());
    TaskScope together;
    for (std::size_t i = 0; i < group.size(); ++i) together.spawn(pull_one(id, *group[i], pull, done[i]));
    co_await all_ended(together);
    const auto failed = std::ranges::find_if(done, [](const Result<void>& one) { return !one; });
    if (failed != done.end()) problem_ = error = failed->error().message;
  }
  if (pull == Pull::full_again && error.empty() && !stopping_) co_await settle_owed(losses);
  if (pull != Pull::incremental && error.empty() && !stopping_) co_await notice_read();
  if (looks && pull != Pull::incremental && error.empty() && !stopping_) {
    sync::StateRow read_all = state_row(kFullKey, to_epoch_ms(context_.loop.clock().now()));
    co_await keep(std::move(read_all));
  }
  if (looks && error.empty() && !stopping_) {
    caught_up_ = true;
    write_waker_.wake();
  }
  if (JobProgress* job = find_job(id)) {
    job->state = !error.empty() || stopping_ ? "failed" : "done";
    job->error = stopping_ && error.empty() ? "stopped; it goes on after the next start" : error;
    job->ended = context_.loop.clock().now();
    job->eta.reset();
    // A poll that found nothing is no news.
    if (pull == Pull::incremental && error.empty() && job->done == 0)
      std::erase_if(jobs_, [&](const JobProgress& one) { return one.id == id; });
  }
  job_running_ = false;
  if (mirror_wanted_) poll_waker_.wake();
  next_order();
}

Task<void> Lane::pull_one(std::string id, const sync::EntitySchema& entity, Pull pull, Result<void>& done) {
  Scan scan;
  scan.job = id;
  if (pull == Pull::full_again) done = co_await expect_linked(entity, scan);
  if (done) done = co_await pull_entity(id, entity, pull, scan);
  if (done && pull != Pull::incremental && !stopping_) done = co_await finish_scan(entity, scan);
}

Task<Result<void>> Lane::pull_entity(std::string id, const sync::EntitySchema& entity, Pull pull, Scan& scan) {
  const sync::SystemBinding& binding = *entity.binding(system());
  const bool full = pull != Pull::incremental;
  const std::string key = full ? mirror_key(binding) : poll_key(binding);
  const Time started = context_.loop.clock().now();
  Json checkpoint = co_await state(key);
  const bool complete = find_member(checkpoint, "complete") != nullptr;
  if (full && complete && pull == Pull::full_once) co_return Result<void>();
  scan.ran = full;
  connector::PullRequest request;
  request.object = binding.object;
  request.mode = full ? connector::PullMode::full : connector::PullMode::incremental;
  request.page_limit = scan.part == nullptr ? context_.limits.pull_page_limit : scan.part->page_limit;
  request.work = full ? sync::WorkClass::backfill : sync::WorkClass::verify;
  // B1: a full pull that was cut short goes on from its last committed page. One that is owed must see every page
  // itself, or it would find no deletes (B4).
  const bool resumes = !complete && !(mirror_owed_ && pull == Pull::full_again);
  if (const Json* cursor = find_member(checkpoint, "cursor"); cursor != nullptr && resumes) request.cursor = *cursor;
  scan.complete = full && request.cursor.is_null();  // a resumed pull has not seen its first pages
  if (JobProgress* job = find_job(id)) job->entity = entity.name.str();
  const std::int64_t since = [&] {
    const Json* stored = find_member(checkpoint, "started_ms");
    return stored != nullptr && stored->is_int64() && resumes ? stored->get_int64() : to_epoch_ms(started);
  }();
  std::chrono::milliseconds wait(1'000);
  std::optional<Time> patient_until;
  for (;;) {
    Result<connector::PullPage> page = co_await setup_.connector->pull(request);
    if (!page) {
      const ErrorKind kind = page.error().kind;
      const bool passing =
          kind == ErrorKind::unavailable || kind == ErrorKind::rate_limited || kind == ErrorKind::maybe_applied;
      if (!passing || !(full || scan.part != nullptr) || stopping_) co_return fail(page.error());
      const Time now = context_.loop.clock().now();
      if (!patient_until) patient_until = now + context_.limits.job_patience;
      if (scan.part != nullptr && now >= *patient_until) co_return fail(page.error());
      problem_ = page.error().message;
      const Duration pause_time = page.error().retry_after ? Duration(*page.error().retry_after) : Duration(wait);
      wait = std::min<std::chrono::milliseconds>(wait * 2, std::chrono::seconds(60));
      co_await rest(pause_time);
      if (stopping_) co_return fail(ErrorKind::unavailable, "stopped");
      continue;
    }
    wait = std::chrono::milliseconds(1'000);
    problem_.clear();
    patient_until.reset();
    const std::size_t count = page->changes.size();
    for (sync::Change& change : page->changes) {
      if (scan.complete) scan.seen.insert(change.external_id);
      change.job = id;
    }
    if (count > 0) last_seen_ = context_.loop.clock().now();
    std::vector<sync::StateRow> rows;
    if (full) {
      JsonObject next;
      next["started_ms"] = since;
      if (page->last) {
        next["complete"] = true;
        // What changed while the mirror ran is pulled from its start (B2).
        rows.push_back(state_row(poll_key(binding), JsonObject{{"cursor", JsonObject{{"since_ms", since}}}}));
      } else {
        next["cursor"] = page->cursor;
      }
      rows.push_back(state_row(key, std::move(next)));
    } else if (page->cursor != request.cursor) {
      rows.push_back(state_row(key, JsonObject{{"cursor", page->cursor}}));
    }
    if (count > 0 || !rows.empty() || scan.part != nullptr) {
      std::vector<sync::Input> inputs = to_inputs(std::move(page->changes), full ? sync::Via::scan : sync::Via::poll);
      if (scan.part != nullptr) note_page(*scan.part, count, inputs);
      Result<std::vector<sync::Applied>> applied = co_await commit(std::move(inputs), std::move(rows));
      if (!applied) co_return fail(applied.error());
      const std::span<const sync::Applied> of_changes(applied->data(), count);
      if (scan.part != nullptr) note_refused(*scan.part, of_changes);
      if (!full && gets_webhooks()) {
        found_by_polls_ += static_cast<std::uint64_t>(std::ranges::count_if(of_changes, [](const sync::Applied& one) {
          return !one.error && one.disposition == sync::Disposition::applied;
        }));
      }
    }
    if (JobProgress* job = find_job(id)) {
      job->done += count;
      if (page->total) {
        job->total = job->total.value_or(0) - scan.total + *page->total;
        scan.total = *page->total;
      }
      note_rate(*job, job->done, context_.loop.clock().now() - job->started);
    }
    request.cursor = page->cursor;
    if (page->last) co_return Result<void>();
    if (stopping_) co_return fail(ErrorKind::unavailable, "stopped");
  }
}

}  // namespace lockstep::hub
