// Jobs that somebody orders: one entity after the other, each shown as a record from before its first request until what
// it read is written to the other systems.
#include <algorithm>

#include "hub/lane.hpp"
#include "hub/view.hpp"

namespace lockstep::hub {
namespace {

constexpr std::chrono::milliseconds kLookAgain{50};
constexpr std::chrono::milliseconds kLookAgainAtMost{1'000};
constexpr std::size_t kRowsLooked = 500;

// The record of a part that runs: a program that starts anew ends it.
std::string row_key(const EntityName& entity) { return "job_row/" + entity.str(); }

bool is_open(const JobPart& part) { return part.state == "waiting" || part.state == "running"; }

bool covers(const JobProgress& job, const std::vector<std::pair<EntityName, std::string>>& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& one) {
    const auto part = std::ranges::find(job.parts, one.first, &JobPart::entity);
    return part != job.parts.end() && is_open(*part);
  });
}

bool ended(const JobProgress& job, const std::vector<EntityName>& entities) {
  if (job.state == "done" || job.state == "failed") return true;
  return std::ranges::all_of(entities, [&](const EntityName& entity) {
    const auto part = std::ranges::find(job.parts, entity, &JobPart::entity);
    return part == job.parts.end() || !is_open(*part);
  });
}

}  // namespace

Result<JobProgress> Lane::order_job(JobOrder order) {
  for (const JobProgress& job : jobs_) {
    const bool open = job.state == "waiting" || job.state == "running";
    if (open && job.kind == order.kind && covers(job, order.entities)) return job;
  }
  if (!connected_ || stopping_) return fail(ErrorKind::unavailable, problem_.empty() ? "not connected yet" : problem_);
  const auto waiting = std::ranges::count(jobs_, "waiting", &JobProgress::state);
  if (static_cast<std::size_t>(waiting) >= context_.limits.jobs_waiting_limit)
    return fail(ErrorKind::exhausted, "too many jobs wait for this system already: try again later");
  std::vector<JobPart> parts;
  for (const sync::EntitySchema* entity : entities_in_order()) {
    const auto asked = std::ranges::find(order.entities, entity->name, &std::pair<EntityName, std::string>::first);
    if (asked != order.entities.end()) parts.push_back({entity->name, asked->second, "waiting", 0, 0, 0, {}});
  }
  if (parts.size() != order.entities.size())
    return fail(ErrorKind::invalid, "an entity of the job is not held by system '" + system().str() + "'");
  JobProgress& job = begin_job(order.kind);
  job.state = "waiting";
  job.actor = std::move(order.actor);
  job.parts = std::move(parts);
  const std::size_t most = context_.limits.pull_page_limit;
  page_limits_[job.id] = order.page_limit == 0 ? most : std::min(order.page_limit, most);
  const std::string id = job.id;
  next_order();
  return *find_job(id);
}

void Lane::await_job(const std::string& id, std::vector<EntityName> entities,
                     std::move_only_function<void(Result<JobProgress>)> done) {
  job_waiters_.push_back({id, std::move(entities), std::move(done)});
  tell_waiters();
}

void Lane::tell_waiters() {
  for (std::size_t i = 0; i < job_waiters_.size();) {
    const JobProgress* job = find_job(job_waiters_[i].job);
    if (job != nullptr && !ended(*job, job_waiters_[i].entities)) {
      ++i;
      continue;
    }
    JobWaiter waiter = std::move(job_waiters_[i]);
    job_waiters_.erase(job_waiters_.begin() + static_cast<std::ptrdiff_t>(i));
    if (job != nullptr) {
      waiter.done(*job);
    } else {
      waiter.done(fail(ErrorKind::not_found, "there is no such job (any more)"));
    }
  }
}

// What stops does not run jobs that wait.
void Lane::end_waiting_jobs() {
  for (JobProgress& job : jobs_) {
    if (job.state != "waiting") continue;
    job.state = "failed";
    job.error = "stopped before it began";
    job.ended = context_.loop.clock().now();
  }
  tell_waiters();
}

void Lane::next_order() {
  if (job_running_ || stopping_) return;
  const auto next = std::ranges::find(jobs_, "waiting", &JobProgress::state);
  if (next == jobs_.end()) return;
  next->state = "running";
  job_running_ = true;
  tasks_.spawn(run_order(next->id));
}

JobPart* Lane::find_part(const std::string& id, const EntityName& entity) {
  JobProgress* job = find_job(id);
  if (job == nullptr) return nullptr;
  const auto at = std::ranges::find(job->parts, entity, &JobPart::entity);
  return at == job->parts.end() ? nullptr : &*at;
}

bool Lane::has_open_part(const std::string& id) {
  const JobProgress* job = find_job(id);
  return job != nullptr && std::ranges::any_of(job->parts, [](const JobPart& part) { return is_open(part); });
}

Task<void> Lane::run_order(std::string id) {
  const std::shared_ptr<const sync::Catalog> catalog = context_.catalog();  // keeps the entities alive
  const auto asked = [&](const sync::EntitySchema& entity) { return find_part(id, entity.name) != nullptr; };
  const std::vector<Group> groups = entities_in_groups(asked);
  for (const Group& group : groups) {
    TaskScope together;
    for (const sync::EntitySchema* entity : group) together.spawn(run_part(id, *entity));
    co_await all_ended(together);
  }
  co_await notice_read();
  if (JobProgress* job = find_job(id)) {
    job->state = "done";
    for (JobPart& part : job->parts) {
      if (part.state == "done") continue;
      if (part.state != "failed") part.error = {ErrorKind::unavailable, "the mapping has changed meanwhile", {}};
      part.state = "failed";
      job->state = "failed";
      if (job->error.empty()) job->error = part.name + ": " + part.error.message;
    }
    job->ended = context_.loop.clock().now();
    job->eta.reset();
  }
  page_limits_.erase(id);
  job_running_ = false;
  tell_waiters();
  if (mirror_wanted_) poll_waker_.wake();
  next_order();
}

// A part that fails does not keep the others from running.
Task<void> Lane::run_part(std::string id, const sync::EntitySchema& entity) {
  OpenPart part;
  part.job = id;
  part.entity = entity.name;
  part.object = entity.binding(system())->object;
  part.page_limit = page_limits_[id];
  part.started = to_iso8601(context_.loop.clock().now());
  if (JobPart* shown = find_part(id, entity.name)) shown->state = "running";
  Result<void> done = co_await open_row(part);
  if (done) {
    std::string kind;
    if (const JobProgress* job = find_job(id)) kind = job->kind;
    const Pull pull = co_await pull_of_order(std::move(kind), entity);
    done = co_await read_part(part, entity, pull);
  }
  if (done && !stopping_) done = co_await until_settled(part);
  if (done && stopping_) done = fail(ErrorKind::unavailable, "stopped");
  if (JobPart* shown = find_part(id, entity.name)) {
    shown->state = done ? "done" : "failed";
    if (!done) shown->error = done.error();
    if (!done && stopping_) shown->error.message += "; what was read is kept, and the next sync goes on from there";
  }
  co_await close_row(part);
  if (has_open_part(id)) tell_waiters();  // of the last one with the job's end
}

// What changed since the last reading; everything, where the system can not say, or has never been read to its end.
Task<Lane::Pull> Lane::pull_of_order(std::string kind, const sync::EntitySchema& entity) {
  if (kind == "mirror" || !pulls(entity, Pull::incremental)) co_return Pull::full_again;
  const Json checkpoint = co_await state(mirror_key(*entity.binding(system())));
  co_return find_member(checkpoint, "complete") == nullptr ? Pull::full_once : Pull::incremental;
}

Task<Result<void>> Lane::read_part(OpenPart part, const sync::EntitySchema& entity, Pull pull) {
  Scan scan;
  scan.job = part.job;
  scan.part = &part;
  Result<void> done;
  if (pull == Pull::full_again) done = co_await expect_linked(entity, scan);
  if (done) done = co_await pull_entity(part.job, entity, pull, scan);
  if (done && pull != Pull::incremental && !stopping_) done = co_await finish_scan(entity, scan);
  co_return done;
}

// Until nothing that was read waits to be written. What never will be is counted (A5): it is shown where it waits for a
// person, and here.
Task<Result<void>> Lane::until_settled(OpenPart part) {
  struct Found {
    bool waits = false;
    std::uint64_t unstored = 0;
    std::string reason;
    std::string detail;  // of what waits
  };
  const Time end = context_.loop.clock().now() + context_.limits.job_settle_wait;
  std::chrono::milliseconds pause = kLookAgain;
  for (;;) {
    Reads::Query<Result<Found>> query = [source = source(), part](store::Reader& reader) -> Result<Found> {
      Found found;
      const auto unstored = [&](const std::string& reason) {
        if (found.unstored++ == 0) found.reason = reason;
      };
      store::PageRequest page{"", kRowsLooked};
      do {
        LOCKSTEP_TRY(rows, reader.outbox(source, {}, page));
        for (const sync::OutboxRow& row : rows.items) {
          if (row.entity != part.entity) continue;
          const bool dead = row.state == sync::OutboxState::dead;
          if (dead && row.cause > part.since) unstored(row.error);
          if (dead || row.state == sync::OutboxState::discarded || row.state == sync::OutboxState::blocked) continue;
          found.waits = true;
          if (!row.error.empty()) found.detail = row.error;
        }
        page.after = found.waits ? "" : rows.next;
      } while (!page.after.empty());
      if (found.waits) return found;
      page.after.clear();
      do {
        LOCKSTEP_TRY(rows, reader.inbox(source, page));
        for (const sync::InboxRow& row : rows.items) {
          const bool asks = row.kind == sync::InboxKind::invalid || row.kind == sync::InboxKind::identity;
          const bool ours = row.change.job == part.job && row.change.object == part.object && row.seq > part.since;
          if (asks && ours) unstored(row.reason);
        }
        page.after = rows.next;
      } while (!page.after.empty());
      return found;
    };
    const Result<Found> found = co_await context_.reads.ask(std::move(query));
    if (!found) co_return fail(found.error());
    if (!found->waits) {
      JobPart* shown = find_part(part.job, part.entity);
      if (shown != nullptr && found->unstored > 0) {
        if (shown->unstored == 0) shown->error = {ErrorKind::invalid, found->reason, {}};
        shown->unstored += found->unstored;
      }
      co_return Result<void>();
    }
    if (stopping_) co_return fail(ErrorKind::unavailable, "stopped");
    if (context_.loop.clock().now() >= end) {
      co_return fail(ErrorKind::unavailable, "read, but not all of it is written yet" +
                                                 (found->detail.empty() ? std::string() : ": " + found->detail));
    }
    co_await rest(pause);
    pause = std::min(pause * 2, kLookAgainAtMost);
  }
}

// The fields of a part's record as they are now.
sync::Fields Lane::part_fields(const OpenPart& part) {
  sync::Fields fields = setup_.recording->fields;
  const JobProgress* job = find_job(part.job);
  const JobPart* shown = find_part(part.job, part.entity);
  if (job == nullptr || shown == nullptr) return fields;
  const bool over = shown->state == "done" || shown->state == "failed";
  fields["job_type"] = shown->name;
  fields["mode"] = job->kind == "mirror" ? "full" : "incremental";
  fields["status"] = shown->state == "done" ? "completed" : over ? "failed" : "running";
  fields["progress"] = JsonObject{{"current_page", shown->pages},
                                  {"total_records", shown->count},
                                  {"triggered_by", job->actor},
                                  {"mode", fields["mode"]},
                                  {"job", job->id}};
  if (shown->unstored > 0) fields["progress"].get_object()["unstored"] = shown->unstored;
  fields["error"] = shown->error.message.empty() ? Json() : Json(shown->error.message);
  if (shown->unstored > 0)
    fields["error"] = std::to_string(shown->unstored) + " could not be stored: " + shown->error.message;
  fields["started_at"] = part.started;
  fields["completed_at"] = over ? Json(to_iso8601(context_.loop.clock().now())) : Json();
  return fields;
}

// An edit of the record as it stands in the mapping now; none when the entity has gone.
std::vector<sync::Input> Lane::row_edits(const sync::Fields& fields, const RecordId& record,
                                         const RecordId& new_record) {
  std::vector<sync::Input> out;
  const std::shared_ptr<const sync::Catalog> catalog = context_.catalog();
  const sync::SourceSchema* schema = catalog->find(source());
  if (!setup_.recording || schema == nullptr) return out;
  const sync::EntitySchema* entity = schema->find(setup_.recording->entity);
  if (entity == nullptr) return out;
  sync::Edit edit;
  edit.source = source();
  edit.entity = entity->name;
  edit.record = record;
  edit.new_record = new_record;
  edit.actor = "jobs";
  edit.by = sync::EditBy::program;
  for (const auto& [name, value] : fields) {
    if (entity->find(name) != nullptr) edit.fields.emplace(name, value);
  }
  out.emplace_back(std::move(edit));
  return out;
}

void Lane::note_page(const OpenPart& part, std::size_t count, std::vector<sync::Input>& inputs) {
  JobPart* shown = find_part(part.job, part.entity);
  if (shown == nullptr) return;
  ++shown->pages;
  shown->count += count;
  if (part.record.empty() || !setup_.recording) return;
  for (sync::Input& edit : row_edits(part_fields(part), part.record, {})) inputs.push_back(std::move(edit));
}

void Lane::note_refused(const OpenPart& part, std::span<const sync::Applied> applied) {
  JobPart* shown = find_part(part.job, part.entity);
  for (const sync::Applied& one : applied) {
    if (shown == nullptr || !one.error) continue;
    if (shown->unstored++ == 0) shown->error = *one.error;
  }
}

Task<Result<void>> Lane::open_row(OpenPart& part) {
  Reads::Query<Result<Seq>> last = [](store::Reader& reader) { return reader.last_seq(); };
  const Result<Seq> since = co_await context_.reads.ask(std::move(last));
  if (!since) co_return fail(since.error());
  part.since = *since;
  if (!setup_.recording) co_return Result<void>();
  const RecordId fresh(make_ulid(context_.loop.clock().now(), context_.random));
  std::vector<sync::Input> edits = row_edits(part_fields(part), {}, fresh);
  if (edits.empty()) co_return Result<void>();
  std::vector<sync::StateRow> rows;
  rows.push_back(state_row(row_key(part.entity), JsonObject{{"record", fresh.str()}}));
  const Result<std::vector<sync::Applied>> applied = co_await commit(std::move(edits), std::move(rows));
  if (!applied) co_return fail(applied.error());
  if (applied->front().error) co_return fail(*applied->front().error);
  part.record = fresh;
  RecordId record = fresh;
  co_return co_await until_written(std::move(record));
}

Task<void> Lane::close_row(OpenPart part) {
  if (part.record.empty() || !setup_.recording) co_return;
  std::vector<sync::Input> edits = row_edits(part_fields(part), part.record, {});
  std::vector<sync::StateRow> rows;
  rows.push_back(state_row(row_key(part.entity), nullptr));
  const Result<std::vector<sync::Applied>> applied = co_await commit(std::move(edits), std::move(rows));
  if (!applied || stopping_) co_return;
  RecordId record = part.record;
  const Result<void> shown = co_await until_written(std::move(record));
  if (!shown) {
    context_.log.warning("job.row_late",
                         {{"source", source().str()}, {"system", system().str()}, {"error", shown.error().message}});
  }
}

// Every system that holds jobs has the record as it is.
Task<Result<void>> Lane::until_written(RecordId record) {
  const Time end = context_.loop.clock().now() + context_.limits.job_row_wait;
  std::string detail;
  while (!stopping_) {
    Reads::Query<Result<std::optional<RecordView>>> query = [source = source(), record,
                                                             catalog = context_.catalog()](store::Reader& reader) {
      return view_record(reader, *catalog, source, record);
    };
    const Result<std::optional<RecordView>> view = co_await context_.reads.ask(std::move(query));
    if (!view) co_return fail(view.error());
    if (!*view) co_return Result<void>();
    const auto pending = std::ranges::find_if(
        (*view)->systems, [](const RecordStatus& one) { return one.status != sync::Status::synced; });
    if (pending == (*view)->systems.end()) co_return Result<void>();
    detail = pending->system.str() + (pending->detail.empty() ? "" : ": " + pending->detail);
    if (context_.loop.clock().now() >= end)
      co_return fail(ErrorKind::unavailable, "the job's own row could not be written to " + detail);
    co_await rest(kLookAgain);
  }
  co_return fail(ErrorKind::unavailable, "stopped");
}

// What an earlier run of the program left open.
Task<void> Lane::close_left_row() {
  const std::shared_ptr<const sync::Catalog> catalog = context_.catalog();  // keeps the entities alive
  for (const sync::EntitySchema* entity : entities_in_order()) {
    std::string key = row_key(entity->name);
    const Json left = co_await state(std::move(key));
    const RecordId record{std::string(string_member(left, "record"))};
    if (record.empty()) continue;
    sync::Fields fields;
    fields["status"] = "failed";
    fields["error"] = "the program ended while it ran; what was read is kept, and the next sync goes on from there";
    fields["completed_at"] = to_iso8601(context_.loop.clock().now());
    std::vector<sync::Input> edits = row_edits(fields, record, {});
    std::vector<sync::StateRow> rows;
    rows.push_back(state_row(row_key(entity->name), nullptr));
    co_await commit(std::move(edits), std::move(rows));
  }
}

}  // namespace lockstep::hub
