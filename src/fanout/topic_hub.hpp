// Topics and who listens to them: the one hub under SSE, Socket.IO and Supabase Realtime. Pure decisions; bytes leave
// through the subscriber.
//
// A message that was committed carries its journal sequence, which grows along each topic: that is the topic's sequence.
// The newest ones stay in memory (bounded, O3); a subscriber that resumes from further back is told so and reads the
// journal first, so that there is no hole (P1). A subscriber that does not take a message is set aside: nothing more is
// delivered to it, and it subscribes again from where it stands once it has room. Messages without a sequence
// (broadcasts between clients) are not kept.
//
// Publishing costs what the topic's subscribers cost, not what others do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fanout/message.hpp"

namespace lockstep::fanout {

enum class Delivered { yes, full };

// What a subscription calls, inside publish() and subscribe(). It may subscribe and unsubscribe while it is called.
struct Listener {
  std::function<bool(const Message&)> wants;  // rights included: asked for each message (P2)
  std::function<Delivered(const Message&)> deliver;
  // It has answered `full` and is not subscribed any more. Everything after `last` is still to come.
  std::function<void(Seq last)> on_full;
};

using SubscriptionId = std::uint64_t;

struct HubLimits {
  std::size_t kept_messages_limit = 20'000;
  std::size_t kept_bytes_limit = 16u << 20;
  std::size_t subscriptions_limit = 100'000;
};

class TopicHub {
 public:
  explicit TopicHub(HubLimits limits = {}) : limits_(limits) {}

  // Messages with a sequence come in order; several may share one. One message, delivered to all its topics.
  void publish(std::shared_ptr<const Message> message);

  // Something happened on the topic that was not worth a message, for nobody listens: it can not be replayed.
  void pass_over(const std::string& topic, Seq seq) { passed_over_[topic] = seq; }

  // Tells where the journal stood at start, so that resuming from there is no gap.
  void start_at(Seq seq);
  Seq last_seq() const { return last_seq_; }
  // What comes after this can be replayed from memory.
  Seq replayable_after(const std::string& topic) const;

  // Delivers what is kept of the topic after `after` and then everything new, without a hole. nullopt when memory does
  // not reach back that far (read the journal, then subscribe again) or when full(). `after` may lie ahead of
  // last_seq(): what a reader of the journal has read is not delivered again.
  std::optional<SubscriptionId> subscribe(const std::string& topic, Seq after, Listener listener);
  void unsubscribe(SubscriptionId id);
  bool full() const { return subscriptions_.size() >= limits_.subscriptions_limit; }
  std::size_t subscriptions() const { return subscriptions_.size(); }
  std::size_t topics() const { return topics_.size(); }
  bool listened(const std::string& topic) const;

 private:
  struct Subscription {
    std::string topic;
    Listener listener;
    Seq after = 0;  // what it has
  };
  struct Topic {
    std::deque<std::shared_ptr<const Message>> kept;
    std::map<SubscriptionId, std::shared_ptr<Subscription>> listeners;
  };

  void keep(std::shared_ptr<const Message> message);
  void forget_oldest();
  void drop_if_idle(const std::string& topic);
  // False: it is full, and was taken out.
  bool hand_over(SubscriptionId id, const std::shared_ptr<Subscription>& subscription, const Message& message);

  HubLimits limits_;
  std::unordered_map<std::string, Topic> topics_;
  std::unordered_map<SubscriptionId, std::shared_ptr<Subscription>> subscriptions_;
  std::deque<std::shared_ptr<const Message>> kept_;
  std::size_t kept_bytes_ = 0;
  Seq last_seq_ = 0;
  Seq forgotten_ = 0;
  std::unordered_map<std::string, Seq> passed_over_;  // as many as there are topics that are passed over: tenants
  SubscriptionId last_id_ = 0;
};

}  // namespace lockstep::fanout
