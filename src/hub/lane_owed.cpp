// A full pull is owed from the moment that changes may have been missed until one has seen everything since (B4), also
// when the program ends in between.
#include "connector/missed.hpp"
#include "hub/lane.hpp"

namespace lockstep::hub {

sync::StateRow Lane::owed_row(Json reason) const {
  return state_row(connector::stored_state_key(connector::missed_state), std::move(reason));
}

void Lane::owe_mirror() {
  ++losses_;
  mirror_owed_ = true;
  mirror_wanted_ = true;
  poll_waker_.wake();
}

Task<void> Lane::keep_owed(std::string reason, std::move_only_function<void(Result<void>)> durable) {
  sync::StateRow owed = owed_row(Json(reason));
  Result<void> kept = co_await keep(std::move(owed));
  durable(std::move(kept));
}

// What an earlier run, or `lockstep migrate`, has left. Before the first mirror has begun nothing can have been missed.
Task<void> Lane::recall_owed() {
  const Json reason = co_await state(owed_row(Json()).key);
  if (reason.is_null()) co_return;
  const std::shared_ptr<const sync::Catalog> catalog = context_.catalog();  // keeps the entities alive
  for (const sync::EntitySchema* entity : entities_in_order()) {
    const Json checkpoint = co_await state(mirror_key(*entity->binding(system())));
    if (!checkpoint.is_null()) {
      owe_mirror();
      co_return;
    }
  }
  co_await settle_owed(losses_);
}

// `since`: the losses that were known when the pull began.
Task<void> Lane::settle_owed(std::uint64_t since) {
  if (losses_ != since) co_return;
  mirror_owed_ = mirror_wanted_ = false;
  sync::StateRow settled = owed_row(Json());
  co_await keep(std::move(settled));
  // Commits wait while the disk is full, and then come in any order.
  if (losses_ != since) {
    co_await keep_owed("changes may have been missed", [](const Result<void>&) {});
  }
}

}  // namespace lockstep::hub
