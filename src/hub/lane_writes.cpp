// The dispatcher's side of a lane: what is due is prepared, claimed where it must be, sent, and its outcome committed.
#include <algorithm>

#include "base/assert.hpp"
#include "hub/lane.hpp"

namespace lockstep::hub {
namespace {

std::optional<Duration> until(std::optional<Time> when, Time now) {
  if (!when) return std::nullopt;
  return std::max(Duration(0), *when - now) + std::chrono::milliseconds(1);
}

}  // namespace

Task<void> Lane::run_writes() {
  const connector::Capabilities& can = setup_.connector->capabilities();
  while (!stopping_) {
    const Time now = context_.loop.clock().now();
    if (hold_ || !read_once_) {
      co_await write_waker_.sleep(std::nullopt);
      continue;
    }
    // L1: what people did while the program was away is heard first, so that a write covers nothing unseen.
    const Time heard_by = started_ + context_.limits.catch_up_limit;
    if (!caught_up_ && now < heard_by && now >= started_) {
      co_await write_waker_.sleep(heard_by - now);
      continue;
    }
    if (paused_until_ > now &&
        paused_until_ - now <= context_.limits.unauthorized_pause) {  // else the clock was set back
      co_await write_waker_.sleep(paused_until_ - now);
      continue;
    }
    const Breaker::State breaker = breaker_.state(now);
    if (breaker == Breaker::State::open) {
      co_await write_waker_.sleep(*breaker_.retry_at() - now);
      continue;
    }
    const bool probing = breaker == Breaker::State::half_open;
    if (calls_ >= (probing ? 1 : can.write_parallel_limit)) {
      co_await write_waker_.sleep(std::nullopt);
      continue;
    }
    const std::size_t limit =
        std::min((can.write_parallel_limit - calls_) * can.write_batch_limit, context_.limits.lane_rows_limit);
    Reads::Query<Result<Due>> query = [this, limit, now, catalog = context_.catalog(),
                                       skip = in_flight_](store::Reader& reader) {
      return preparer_.prepare(reader, *catalog, source(), system(), now, limit, skip);
    };
    Result<Due> due = co_await context_.reads.ask(std::move(query));
    if (!due) {
      problem_ = "the store can not be read: " + due.error().message;
      co_await write_waker_.sleep(std::chrono::seconds(1));
      continue;
    }
    if (!due->empty.empty()) {
      std::vector<sync::Input> replans;
      for (const sync::OutboxKey& key : due->empty)
        replans.emplace_back(sync::Replan{key.source, key.system, key.record});
      co_await commit(std::move(replans), {});
    }
    if (due->writes.empty()) {
      if (due->empty.empty()) co_await write_waker_.sleep(until(due->next, now));
      continue;
    }
    if (probing) keep_probe(due->writes);
    if (co_await guarded(*due)) continue;
    std::vector<Prepared> chunk;
    for (Prepared& prepared : due->writes) {
      in_flight_.insert(prepared.row.key.record);
      if (prepared.read_back || (prepared.unseen && !can.compares_and_swaps)) {
        ++calls_;
        tasks_.spawn(read_back(std::move(prepared)));
        continue;
      }
      chunk.push_back(std::move(prepared));
      if (chunk.size() == can.write_batch_limit) {
        ++calls_;
        tasks_.spawn(write_chunk(std::exchange(chunk, {})));
      }
    }
    if (!chunk.empty()) {
      ++calls_;
      tasks_.spawn(write_chunk(std::move(chunk)));
    }
  }
}

// Writes are claimed durably before they are sent (X1, X2). A claim that comes too late is dropped from the chunk.
Task<void> Lane::claim(std::vector<Prepared>& chunk) {
  std::vector<sync::Input> claims;
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    if (!chunk[i].problem.empty()) continue;
    const connector::WriteRequest& request = chunk[i].request;
    claims.emplace_back(
        sync::Claim{source(), system(), request.record, request.kind, request.external_id, chunk[i].written});
    which.push_back(i);
  }
  if (claims.empty()) co_return;
  Result<std::vector<sync::Applied>> applied = co_await commit(std::move(claims), {});
  std::vector<Prepared> kept;
  std::set<std::size_t> refused;
  for (std::size_t i = 0; i < which.size(); ++i) {
    if (!applied || (*applied)[i].error) refused.insert(which[i]);
  }
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    if (refused.contains(i)) {
      in_flight_.erase(chunk[i].row.key.record);
    } else {
      kept.push_back(std::move(chunk[i]));
    }
  }
  chunk = std::move(kept);
}

Task<void> Lane::write_chunk(std::vector<Prepared> chunk) {
  co_await claim(chunk);
  std::vector<sync::WriteOutcome> outcomes;
  std::vector<connector::WriteRequest> requests;
  std::vector<Prepared> sent;
  for (Prepared& prepared : chunk) {
    if (prepared.problem.empty()) {
      requests.push_back(prepared.request);
      sent.push_back(std::move(prepared));
    } else {
      connector::WriteResult rejected;
      rejected.kind = sync::OutcomeKind::rejected;
      rejected.reason = prepared.problem;
      outcomes.push_back(to_outcome(prepared, std::move(rejected), Duration(0)));
    }
  }
  if (!requests.empty()) {
    const Duration start = context_.loop.clock().monotonic();
    std::vector<std::pair<std::string, std::string>> objects;
    for (const connector::WriteRequest& request : requests) {
      if (!request.external_id.empty()) objects.emplace_back(request.object, request.external_id);
    }
    for (const auto& object : objects) {
      sending_.insert(object);
      for (Reading* reading : readings_) reading->overtaken = reading->overtaken || reading->object == object;
    }
    std::vector<connector::WriteResult> results = co_await setup_.connector->write(std::move(requests));
    for (const auto& object : objects) sending_.erase(sending_.find(object));
    const Duration latency = context_.loop.clock().monotonic() - start;
    LOCKSTEP_ASSERT(results.size() == sent.size(), "a connector answers every write");
    std::vector<sync::WriteOutcome> answers;
    for (std::size_t i = 0; i < results.size(); ++i)
      answers.push_back(to_outcome(sent[i], std::move(results[i]), latency));
    note_answers(answers);
    std::ranges::move(answers, std::back_inserter(outcomes));
  }
  co_await settle(std::move(outcomes));
  --calls_;
  write_waker_.wake();
}

sync::WriteOutcome Lane::to_outcome(const Prepared& prepared, connector::WriteResult result, Duration latency) const {
  sync::WriteOutcome outcome;
  outcome.source = source();
  outcome.system = system();
  outcome.record = prepared.row.key.record;
  outcome.write = prepared.request.kind;
  outcome.kind = result.kind;
  outcome.external_id = std::move(result.external_id);
  if (outcome.external_id.empty()) outcome.external_id = prepared.request.external_id;
  const bool wrote = result.kind == sync::OutcomeKind::applied || result.partly;
  if (wrote && !result.existed) outcome.written = prepared.written;  // else what it holds is compared, not assumed
  if (!result.left_out.empty()) {
    const std::shared_ptr<const sync::Catalog> catalog = context_.catalog();
    const sync::SourceSchema* schema = catalog->find(source());
    const sync::EntitySchema* entity = schema == nullptr ? nullptr : schema->find(prepared.row.entity);
    const sync::SystemBinding* binding = entity == nullptr ? nullptr : entity->binding(system());
    std::erase_if(outcome.written, [&](const auto& one) {
      const sync::FieldBinding* bound = binding == nullptr ? nullptr : binding->find(one.first);
      return bound != nullptr && std::ranges::find(result.left_out, bound->path) != result.left_out.end();
    });
  }
  outcome.state = std::move(result.state);
  outcome.read_later = result.read_later;
  outcome.extent = result.extent;
  outcome.version = result.version;
  outcome.reason = std::move(result.reason);
  outcome.retry_after = result.retry_after;
  outcome.latency = latency;
  return outcome;
}

// To find out whether a system answers again, one write is enough; reading one back changes nothing there.
void Lane::keep_probe(std::vector<Prepared>& writes) {
  const auto harmless = std::ranges::find_if(writes, &Prepared::read_back);
  if (harmless != writes.end()) std::iter_swap(writes.begin(), harmless);
  writes.resize(1);
}

// One answer shows that the system is there, whatever it says; a wait that it asked for (429) is an answer, too. A lost
// answer says nothing: reading back tells.
void Lane::note_answers(std::vector<sync::WriteOutcome>& outcomes) {
  const auto lost = [](const sync::WriteOutcome& one) { return one.kind == sync::OutcomeKind::unknown; };
  const auto refused = [](const sync::WriteOutcome& one) {
    return one.kind == sync::OutcomeKind::retry && !one.retry_after;
  };
  if (std::ranges::all_of(outcomes, lost)) return;
  if (!std::ranges::all_of(outcomes, [&](const auto& one) { return lost(one) || refused(one); }))
    return breaker_.answered();
  breaker_.failed(context_.loop.clock().now());
  if (!breaker_.retry_at()) return;
  for (sync::WriteOutcome& outcome : outcomes) outcome.outage = true;
  problem_ = "does not answer: " + outcomes.front().reason;
}

Task<void> Lane::settle(std::vector<sync::WriteOutcome> outcomes) {
  std::vector<RecordId> records;
  std::vector<sync::Input> inputs;
  for (sync::WriteOutcome& outcome : outcomes) {
    records.push_back(outcome.record);
    switch (outcome.kind) {
      case sync::OutcomeKind::applied:
        ++written_;
        ++context_.metrics.writes_applied;
        last_written_ = context_.loop.clock().now();
        problem_.clear();
        break;
      case sync::OutcomeKind::unauthorized:
        problem_ = outcome.reason;
        paused_until_ = context_.loop.clock().now() + context_.limits.unauthorized_pause;
        [[fallthrough]];
      case sync::OutcomeKind::retry:
      case sync::OutcomeKind::conflict: ++context_.metrics.writes_retried; break;
      case sync::OutcomeKind::unknown: ++context_.metrics.writes_unknown; break;
      case sync::OutcomeKind::rejected:
      case sync::OutcomeKind::duplicate:
      case sync::OutcomeKind::not_found:
        if (outcome.kind == sync::OutcomeKind::not_found && outcome.write == sync::WriteKind::remove)
          break;  // what should be gone is gone
        ++failed_;
        ++context_.metrics.writes_rejected;
        break;
    }
    inputs.emplace_back(std::move(outcome));
  }
  Result<std::vector<sync::Applied>> applied = co_await commit(std::move(inputs), {});
  if (!applied) {
    context_.log.error("outcome.lost",
                       {{"source", source().str()}, {"system", system().str()}, {"error", applied.error().message}});
  }
  for (const RecordId& record : records) in_flight_.erase(record);
}

// X2: after an unknown outcome the object is read before anything is written again; so it is before a write that would
// cover what was never looked at (L1, L3).
Task<void> Lane::read_back(Prepared prepared) {
  const connector::Capabilities& can = setup_.connector->capabilities();
  connector::WriteResult result;
  const Duration start = context_.loop.clock().monotonic();
  if (!prepared.request.external_id.empty()) {
    Result<std::optional<sync::Change>> found =
        co_await setup_.connector->fetch(prepared.request.object, prepared.request.external_id, sync::WorkClass::retry);
    if (!found) {
      result.kind = sync::OutcomeKind::unknown;
      result.reason = found.error().message;
      result.retry_after = found.error().retry_after;
    } else if (!*found) {
      result.kind = sync::OutcomeKind::not_found;
    } else {
      result.kind = sync::OutcomeKind::conflict;  // what it holds now is merged, then planned again
      result.state = std::move((*found)->document);
      result.extent = (*found)->extent;
      result.version = (*found)->version;
    }
  } else {
    Result<std::optional<connector::Found>> found = co_await setup_.connector->find(prepared.request);
    const Time now = context_.loop.clock().now();
    const Time settled = sent_by(prepared.row, started_, now) + can.find_settles;
    if (!found && found.error().kind == ErrorKind::invalid) {
      result.kind = sync::OutcomeKind::rejected;  // nothing to find it by: a person must look
      result.reason = found.error().message;
    } else if (!found) {
      result.kind = sync::OutcomeKind::unknown;
      result.reason = found.error().message;
      result.retry_after = found.error().retry_after;
    } else if (*found) {
      result.kind = sync::OutcomeKind::applied;
      result.external_id = (*found)->external_id;
      result.state = std::move((*found)->document);
      result.extent = (*found)->extent;
      result.version = (*found)->version;
      // Where it is certainly ours, other values than those it was made with are edits; else all is compared.
      result.read_later = (*found)->maker == connector::Maker::us && !prepared.row.sent.empty();
      if (!result.read_later) prepared.written.clear();
    } else if (now < settled) {
      result.kind = sync::OutcomeKind::unknown;
      result.reason = "not found yet; searches lag behind";
      result.retry_after = std::chrono::duration_cast<std::chrono::milliseconds>(settled - now);
    } else {
      result.kind = sync::OutcomeKind::retry;
      result.reason = "certainly not applied";
    }
  }
  const bool silent = result.kind == sync::OutcomeKind::unknown && !result.retry_after;
  silent ? breaker_.failed(context_.loop.clock().now()) : breaker_.answered();
  std::vector<sync::WriteOutcome> outcomes;
  outcomes.push_back(to_outcome(prepared, std::move(result), context_.loop.clock().monotonic() - start));
  outcomes.back().outage = silent && breaker_.retry_at().has_value();
  co_await settle(std::move(outcomes));
  --calls_;
  write_waker_.wake();
}

}  // namespace lockstep::hub
