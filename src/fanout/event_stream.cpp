#include "fanout/event_stream.hpp"

#include <utility>
#include <vector>

#include "base/assert.hpp"

namespace lockstep::fanout {

EventStream::EventStream(std::size_t kept_events_limit, std::size_t kept_bytes_limit, std::size_t subscribers_limit)
    : kept_events_limit_(kept_events_limit),
      kept_bytes_limit_(kept_bytes_limit),
      subscribers_limit_(subscribers_limit) {}

void EventStream::start_at(Seq seq) {
  LOCKSTEP_ASSERT(kept_.empty() && seq >= last_seq_, "the start is told before anything is published");
  last_seq_ = seq;
}

void EventStream::publish(Event event) {
  LOCKSTEP_ASSERT(event.seq > last_seq_, "events come in order");
  last_seq_ = event.seq;
  std::vector<SubscriptionId> dropped;
  for (const auto& [id, subscription] : subscribers_) {
    const Subscriber& subscriber = subscription.subscriber;
    if (event.seq <= subscription.after || !subscriber.wants(event.source)) continue;
    if (subscriber.deliver(event) == Delivered::full) dropped.push_back(id);
  }
  kept_bytes_ += event.text->size();
  kept_.push_back(std::move(event));
  while (kept_.size() > kept_events_limit_ || kept_bytes_ > kept_bytes_limit_) {
    kept_bytes_ -= kept_.front().text->size();
    kept_.pop_front();
  }
  for (const SubscriptionId id : dropped) {
    const auto at = subscribers_.find(id);
    if (at == subscribers_.end()) continue;
    const auto on_dropped = std::move(at->second.subscriber.on_dropped);
    subscribers_.erase(at);
    on_dropped();
  }
}

Seq EventStream::first_kept() const { return kept_.empty() ? last_seq_ + 1 : kept_.front().seq; }

std::optional<SubscriptionId> EventStream::subscribe(Seq after, Subscriber subscriber) {
  if (after + 1 < first_kept() || full()) return std::nullopt;
  for (const Event& event : kept_) {
    if (event.seq <= after || !subscriber.wants(event.source)) continue;
    if (subscriber.deliver(event) == Delivered::full) {
      subscriber.on_dropped();
      return ++last_id_;
    }
  }
  subscribers_.emplace(++last_id_, Subscription{std::move(subscriber), after});
  return last_id_;
}

void EventStream::unsubscribe(SubscriptionId id) { subscribers_.erase(id); }

}  // namespace lockstep::fanout
