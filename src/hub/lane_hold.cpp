// Writes that wait for a person: a pause, or what the guard asks about. A hold is a row of the store, so that a restart
// does not send what somebody wanted to look at first.
#include "hub/lane.hpp"

namespace lockstep::hub {

Task<void> Lane::recall_hold() {
  const Json row = co_await state(hold_key());
  hold_ = read_hold(row);
}

Task<Result<void>> Lane::hold(Hold hold) {
  hold_ = hold;  // at once; what is already on its way ends
  context_.log.warning(
      "system.held",
      {{"source", source().str()}, {"system", system().str()}, {"kind", hold.kind}, {"reason", hold.reason}});
  sync::StateRow row = hold_row(source(), system(), hold);
  co_return co_await keep(std::move(row));
}

Task<Result<void>> Lane::resume(std::string actor) {
  if (!hold_) co_return fail(ErrorKind::not_found, "nothing is held: system '" + system().str() + "' is written to");
  sync::StateRow none = hold_row(source(), system(), std::nullopt);
  if (const Result<void> kept = co_await keep(std::move(none)); !kept) co_return fail(kept.error());
  context_.log.info("system.resumed", {{"source", source().str()}, {"system", system().str()}, {"actor", actor}});
  if (hold_ && hold_->kind == "guard") guard_.approve(context_.loop.clock().now());
  hold_.reset();
  write_waker_.wake();
  co_return Result<void>();
}

// True when the guard asks a person about what is due; nothing of it is sent then.
Task<bool> Lane::guarded(const Due& due) {
  std::vector<GuardedWrite> writes;
  for (const Prepared& prepared : due.writes) {
    if (!prepared.read_back) writes.push_back({prepared.row.key.record, prepared.request.kind});
  }
  const Time now = context_.loop.clock().now();
  std::optional<std::string> refused = guard_.refuse(now, writes, due.records);
  if (!refused) co_return false;
  Hold asked{"guard", std::move(*refused), "", now};
  const Result<void> kept = co_await hold(std::move(asked));
  if (!kept) problem_ = "the hold can not be kept: " + kept.error().message;
  co_return true;
}

}  // namespace lockstep::hub
