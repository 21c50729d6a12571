// Jobs at set times. How far a schedule has come is a row of the store: what was due while the program was away is noticed
// at the next start.
#include <algorithm>

#include "hub/lane.hpp"

namespace lockstep::hub {
namespace {

std::optional<Time> time_member(const Json& row, std::string_view name) {
  const Json* value = find_member(row, name);
  return value != nullptr && value->is_int64() ? std::optional(from_epoch_ms(value->get_int64())) : std::nullopt;
}

}  // namespace

Task<void> Lane::run_schedules() {
  while (!stopping_) {
    co_await plan_schedules();
    for (Planned& one : planned_) {
      if (!stopping_) co_await look_at(one);
    }
    const Time now = context_.loop.clock().now();
    std::optional<Duration> wait;
    for (const Planned& one : planned_) {
      if (!one.next) continue;
      Duration left = context_.limits.schedule_look;  // also of one that could not begin
      if (*one.next > now) left = std::min(left, *one.next - now);
      wait = std::min(wait.value_or(left), left);
    }
    if (!stopping_) co_await schedule_waker_.sleep(wait);
  }
}

// What the configuration asks for now. A schedule that is new begins now.
Task<void> Lane::plan_schedules() {
  const std::vector<Schedule> wanted = setup_.schedules;
  std::vector<Planned> plan;
  for (const Schedule& schedule : wanted) {
    const std::string key = schedule.key();
    const auto at = std::ranges::find_if(planned_, [&](const Planned& one) { return one.schedule.key() == key; });
    Planned one{schedule, {}, {}, {}};
    if (at != planned_.end()) {
      one = *at;
      one.schedule = schedule;
    } else {
      std::string row = key;
      const Json kept = co_await state(std::move(row));
      const Time now = context_.loop.clock().now();
      const std::optional<Time> since = time_member(kept, "since_ms");
      one.last = time_member(kept, "last_ms");
      one.next = schedule.cron.next(std::min(since.value_or(now), now));
      if (!since) co_await keep_planned(one, now);
    }
    plan.push_back(std::move(one));
  }
  planned_ = std::move(plan);
}

Task<void> Lane::look_at(Planned& planned) {
  const Cron& cron = planned.schedule.cron;
  const Time now = context_.loop.clock().now();
  // The clock may have been set back: what is due comes no later than by the clock as it is.
  if (planned.next && *planned.next > now)
    planned.next = std::min(*planned.next, cron.next(now).value_or(*planned.next));
  if (!planned.next || *planned.next > now) co_return;
  const JobProgress* former = planned.job.empty() ? nullptr : find_job(planned.job);
  const bool runs = former != nullptr && (former->state == "waiting" || former->state == "running");
  if (runs) {
    context_.log.warning("schedule.left_out", {{"source", source().str()},
                                               {"system", system().str()},
                                               {"schedule", planned.schedule.name},
                                               {"reason", "the job of the time before still runs"}});
  } else {
    JobOrder order;
    order.kind = planned.schedule.kind;
    order.entities = planned.schedule.entities;
    order.actor = "schedule";
    const Result<JobProgress> job = order_job(std::move(order));
    if (!job) {
      context_.log.warning("schedule.failed", {{"source", source().str()},
                                               {"system", system().str()},
                                               {"schedule", planned.schedule.name},
                                               {"error", job.error().message}});
      co_return;  // it stays due
    }
    planned.job = job->id;
    planned.last = planned.next;
  }
  planned.next = cron.next(now);
  co_await keep_planned(planned, now);
}

Task<void> Lane::keep_planned(const Planned& planned, Time since) {
  JsonObject row{{"since_ms", to_epoch_ms(since)}};
  if (planned.last) row["last_ms"] = to_epoch_ms(*planned.last);
  sync::StateRow kept = state_row(planned.schedule.key(), std::move(row));
  const Result<void> done = co_await keep(std::move(kept));
  if (!done && !stopping_)
    context_.log.warning("schedule.not_kept",
                         {{"source", source().str()}, {"system", system().str()}, {"error", done.error().message}});
}

}  // namespace lockstep::hub
