// A lane looks after itself: writes that are due and do not move, webhooks that have stopped, and what was missed while
// the program was not running.
#include <algorithm>

#include "hub/lane.hpp"

namespace lockstep::hub {
namespace {

const std::string kAliveKey = "alive";

}  // namespace

bool Lane::gets_webhooks() const {
  return std::ranges::any_of(setup_.connector->capabilities().objects, &connector::ObjectInfo::webhooks);
}

Task<void> Lane::run_watch() {
  while (!stopping_) {
    sync::StateRow alive = state_row(kAliveKey, to_epoch_ms(context_.loop.clock().now()));
    co_await keep(std::move(alive));
    co_await notice_stall();
    if (!stopping_) co_await watch_waker_.sleep(context_.limits.watch_every);
  }
}

Task<void> Lane::notice_stall() {
  const Time now = context_.loop.clock().now();
  const Time before = now - context_.limits.stall_after;
  const bool explained = !read_once_ || hold_.has_value() || breaker_.retry_at().has_value() || paused_until_ > now;
  const bool moving = last_written_ && *last_written_ > before;
  bool stalled = false;
  if (!explained && !moving) {
    Reads::Query<Result<std::vector<sync::OutboxRow>>> query = [this, before](store::Reader& reader) {
      return reader.outbox_due(source(), system(), before, 1);
    };
    const Result<std::vector<sync::OutboxRow>> due = co_await context_.reads.ask(std::move(query));
    stalled = due && !due->empty();
  }
  if (stalled && !stalled_)
    context_.log.error("system.stalled", {{"source", source().str()}, {"system", system().str()}});
  stalled_ = stalled;
}

// B4: the vendor sends a webhook again for about an hour at most, and not every object can be pulled by time.
Task<void> Lane::notice_gap() {
  std::string key = kAliveKey;
  const Json alive = co_await state(std::move(key));
  if (!alive.is_int64()) co_return;
  const Duration away = context_.loop.clock().now() - from_epoch_ms(alive.get_int64());
  const bool all_by_time = std::ranges::all_of(setup_.connector->capabilities().objects, [](const auto& object) {
    return object.pulls_incremental || !object.webhooks;
  });
  if (away < context_.limits.gap_scan_after || all_by_time) co_return;
  owe_mirror();
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(away).count();
  sync::StateRow owed = owed_row(Json("away for " + std::to_string(minutes) + " minutes"));
  co_await keep(std::move(owed));
}

}  // namespace lockstep::hub
