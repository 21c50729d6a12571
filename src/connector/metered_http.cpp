#include "connector/metered_http.hpp"

#include "base/assert.hpp"
#include "connector/limits.hpp"

namespace lockstep::connector {
namespace {

constexpr std::array<WorkClass, kWorkClasses> kClasses{WorkClass::person, WorkClass::live, WorkClass::retry,
                                                       WorkClass::verify, WorkClass::backfill};

std::chrono::milliseconds to_milliseconds(Duration duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration);
}

Error over_budget(Duration wait) {
  return {ErrorKind::rate_limited, "the remote's budget does not allow this call in time", to_milliseconds(wait)};
}

Error closing() { return {ErrorKind::unavailable, "the connection to the system is closed", {}}; }

}  // namespace

MeteredHttp::MeteredHttp(Transport& transport, Quota& quota, Loop& loop, Log& log)
    : transport_(transport), quota_(quota), loop_(loop), log_(log) {}

MeteredHttp::~MeteredHttp() {
  LOCKSTEP_ASSERT(waiting() == 0 && in_flight_ == 0, "a port outlives its calls");
  if (timer_) loop_.cancel(*timer_);
}

std::size_t MeteredHttp::waiting() const {
  std::size_t sum = 0;
  for (const auto& waiters : queues_) sum += waiters.size();
  return sum;
}

Task<Result<wire::HttpResponse>> MeteredHttp::send(HttpCall call) {
  std::optional<Quota::Ticket> ticket;
  if (closed_) co_return fail(closing());
  if (call.metered) {
    Completion<Granted> turn([this, work = call.work, deadline = call.deadline](Completion<Granted>::Done done) {
      enter(work, deadline, std::move(done));
    });
    Granted granted = co_await turn;
    if (!granted) co_return fail(granted.error());
    ticket = *granted;
  }
  ++in_flight_;
  Task<Result<wire::HttpResponse>> sending = transport_.send(std::move(call.request), call.deadline);
  Result<wire::HttpResponse> answer = co_await sending;
  --in_flight_;
  if (ticket) {
    std::optional<QuotaSigns> signs;
    if (answer) signs = read_quota_signs(*answer, loop_.clock().now());
    if (signs) report(*answer, *signs);
    quota_.answered(*ticket, signs, loop_.clock().monotonic());
    pump();
  }
  co_return answer;
}

void MeteredHttp::enter(WorkClass work, std::chrono::milliseconds deadline, Completion<Granted>::Done done) {
  const Duration now = loop_.clock().monotonic();
  std::list<Waiter>& waiters = queue(work);
  if (waiters.size() >= limits::kWaitingCalls) {
    return done(fail(ErrorKind::exhausted, "too many calls wait for the remote's budget"));  // O3
  }
  if (const Duration wait = quota_.wait(work, now); wait > deadline) return done(fail(over_budget(wait)));
  waiters.push_back({now, now + deadline, std::move(done)});
  tell_quota(work);
  pump();
}

void MeteredHttp::tell_quota(WorkClass work) {
  const std::list<Waiter>& waiters = queue(work);
  quota_.waiting(work, waiters.empty() ? std::nullopt : std::optional(waiters.front().since));
}

bool MeteredHttp::grant_next(Duration now) {
  if (in_flight_ >= limits::kCallsInFlight) return false;
  for (const WorkClass work : quota_.order(now)) {
    std::list<Waiter>& waiters = queue(work);
    if (waiters.empty() || quota_.wait(work, now) > Duration(0)) continue;
    Waiter next = std::move(waiters.front());
    waiters.pop_front();
    tell_quota(work);
    const Quota::Ticket ticket = quota_.send(work, now);
    next.done(ticket);
    return true;
  }
  return false;
}

void MeteredHttp::expire(Duration now) {
  for (const WorkClass work : kClasses) {
    std::list<Waiter>& waiters = queue(work);
    std::list<Waiter> ended;
    for (auto at = waiters.begin(); at != waiters.end();) {
      const auto next = std::next(at);
      if (at->expires <= now) ended.splice(ended.end(), waiters, at);
      at = next;
    }
    if (ended.empty()) continue;
    tell_quota(work);
    const Duration wait = std::max(quota_.wait(work, now), Duration(std::chrono::milliseconds(1)));
    for (Waiter& waiter : ended) waiter.done(fail(over_budget(wait)));
  }
}

void MeteredHttp::pump() {
  if (pumping_) return;  // a resumed call asked again; the loop below goes on
  pumping_ = true;
  const Duration now = loop_.clock().monotonic();
  while (grant_next(now)) {
  }
  expire(now);
  pumping_ = false;
  arm(now);
}

void MeteredHttp::arm(Duration now) {
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
  std::optional<Duration> soonest;
  const auto consider = [&](Duration delay) { soonest = std::min(soonest.value_or(delay), delay); };
  for (const WorkClass work : kClasses) {
    if (queue(work).empty()) continue;
    if (in_flight_ < limits::kCallsInFlight) consider(quota_.wait(work, now));
    for (const Waiter& waiter : queue(work)) consider(waiter.expires - now);
  }
  if (!soonest) return;
  timer_ = loop_.after(std::max(*soonest, Duration(std::chrono::milliseconds(1))), [this] {
    timer_.reset();
    pump();
  });
}

void MeteredHttp::report(const wire::HttpResponse& response, const QuotaSigns& signs) {
  if (!signs.refused) return;
  const auto retry =
      signs.retry_after ? std::chrono::duration_cast<std::chrono::milliseconds>(*signs.retry_after).count() : 0;
  log_.warning("remote_rate_limited", {{"status", response.status},
                                       {"retry_after_ms", retry},
                                       {"day_remaining", signs.day_remaining.value_or(0)},
                                       {"waiting", waiting()}});
}

void MeteredHttp::close() {
  closed_ = true;
  for (const WorkClass work : kClasses) {
    std::list<Waiter> ended = std::move(queue(work));
    queue(work).clear();
    tell_quota(work);
    for (Waiter& waiter : ended) waiter.done(fail(closing()));
  }
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
}

}  // namespace lockstep::connector
