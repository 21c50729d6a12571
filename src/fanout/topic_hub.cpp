#include "fanout/topic_hub.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace lockstep::fanout {

void TopicHub::start_at(Seq seq) {
  LOCKSTEP_ASSERT(kept_.empty() && seq >= last_seq_, "the start is told before anything is published");
  last_seq_ = seq;
  forgotten_ = seq;
}

void TopicHub::publish(std::shared_ptr<const Message> message) {
  if (message->seq != 0) {
    LOCKSTEP_ASSERT(message->seq >= last_seq_, "messages come in order");
    last_seq_ = message->seq;
    keep(message);
  }
  // A copy: listeners may come and go while they are called.
  std::vector<std::pair<SubscriptionId, std::shared_ptr<Subscription>>> due;
  for (const std::string& topic : message->topics) {
    const auto at = topics_.find(topic);
    if (at != topics_.end()) due.insert(due.end(), at->second.listeners.begin(), at->second.listeners.end());
  }
  for (const auto& [id, subscription] : due) {
    if (subscriptions_.contains(id)) hand_over(id, subscription, *message);
  }
}

bool TopicHub::hand_over(SubscriptionId id, const std::shared_ptr<Subscription>& subscription, const Message& message) {
  if (message.seq != 0 && message.seq <= subscription->after) return true;
  if (!subscription->listener.wants(message)) return true;
  if (subscription->listener.deliver(message) == Delivered::yes) {
    return true;
  }
  // Several messages may share a sequence: what stands before it is what the subscriber surely has.
  const Seq last = message.seq == 0 ? last_seq_ : message.seq - 1;
  unsubscribe(id);
  subscription->listener.on_full(std::max(last, subscription->after));
  return false;
}

void TopicHub::keep(std::shared_ptr<const Message> message) {
  kept_bytes_ += message->bytes();
  for (const std::string& topic : message->topics) topics_[topic].kept.push_back(message);
  kept_.push_back(std::move(message));
  while (kept_.size() > limits_.kept_messages_limit || kept_bytes_ > limits_.kept_bytes_limit) forget_oldest();
}

void TopicHub::forget_oldest() {
  const auto oldest = std::move(kept_.front());
  kept_.pop_front();
  kept_bytes_ -= oldest->bytes();
  forgotten_ = oldest->seq;
  for (const std::string& topic : oldest->topics) {
    topics_.at(topic).kept.pop_front();
    drop_if_idle(topic);
  }
}

void TopicHub::drop_if_idle(const std::string& topic) {
  const auto at = topics_.find(topic);
  if (at != topics_.end() && at->second.kept.empty() && at->second.listeners.empty()) topics_.erase(at);
}

Seq TopicHub::replayable_after(const std::string& topic) const {
  const auto at = passed_over_.find(topic);
  return at == passed_over_.end() ? forgotten_ : std::max(forgotten_, at->second);
}

bool TopicHub::listened(const std::string& topic) const {
  const auto at = topics_.find(topic);
  return at != topics_.end() && !at->second.listeners.empty();
}

std::optional<SubscriptionId> TopicHub::subscribe(const std::string& topic, Seq after, Listener listener) {
  if (after < replayable_after(topic) || full()) return std::nullopt;
  const SubscriptionId id = ++last_id_;
  const auto subscription = std::make_shared<Subscription>(Subscription{topic, std::move(listener), after});
  subscriptions_.emplace(id, subscription);
  Topic& of = topics_[topic];
  of.listeners.emplace(id, subscription);
  // A copy, for the same reason as in publish().
  std::vector<std::shared_ptr<const Message>> missed;
  for (auto at = of.kept.rbegin(); at != of.kept.rend() && (*at)->seq > after; ++at) missed.push_back(*at);
  for (auto at = missed.rbegin(); at != missed.rend(); ++at) {
    if (!subscriptions_.contains(id) || !hand_over(id, subscription, **at)) break;
  }
  return id;
}

void TopicHub::unsubscribe(SubscriptionId id) {
  const auto at = subscriptions_.find(id);
  if (at == subscriptions_.end()) return;
  const std::string topic = at->second->topic;
  subscriptions_.erase(at);
  topics_.at(topic).listeners.erase(id);
  drop_if_idle(topic);
}

}  // namespace lockstep::fanout
