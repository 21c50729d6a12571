// The stream of committed events: sequence, filter, resume, and what happens to slow readers. Pure decisions; bytes
// leave through the subscriber's own sink.
//
// Every event is serialized once, whatever the number of subscribers. The newest ones stay in memory (bounded); a
// subscriber that resumes from further back is told the gap and reads the journal first (P1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/ids.hpp"

namespace lockstep::fanout {

struct Event {
  Seq seq = 0;
  SourceId source;
  std::shared_ptr<const std::string> text;  // as it goes out, framing included
};

enum class Delivered { yes, full };

// `full`: the subscriber's buffer is at its limit; it is dropped and told so by on_dropped.
struct Subscriber {
  std::function<bool(const SourceId&)> wants;
  std::function<Delivered(const Event&)> deliver;
  std::function<void()> on_dropped;
};

using SubscriptionId = std::uint64_t;

class EventStream {
 public:
  explicit EventStream(std::size_t kept_events_limit = 10'000, std::size_t kept_bytes_limit = 16u << 20,
                       std::size_t subscribers_limit = 20'000);

  // Events come in order of seq.
  void publish(Event event);

  // The oldest sequence that can still be replayed from memory; last_seq()+1 when nothing is kept.
  Seq first_kept() const;
  Seq last_seq() const { return last_seq_; }
  // Tells where the journal stood at start, so that resuming from there is no gap.
  void start_at(Seq seq);

  // Delivers what is kept after `after` and then everything new, without a hole. nullopt when `after` is older than
  // what is kept (read the journal up to first_kept() and subscribe again) or the limit of subscribers is reached.
  // `after` may lie ahead of last_seq(): a reader of the journal can be faster than the publisher; what it has read is
  // not delivered again.
  std::optional<SubscriptionId> subscribe(Seq after, Subscriber subscriber);
  void unsubscribe(SubscriptionId id);
  std::size_t subscribers() const { return subscribers_.size(); }
  bool full() const { return subscribers_.size() >= subscribers_limit_; }

 private:
  std::size_t kept_events_limit_;
  std::size_t kept_bytes_limit_;
  std::size_t subscribers_limit_;
  std::deque<Event> kept_;
  std::size_t kept_bytes_ = 0;
  Seq last_seq_ = 0;
  SubscriptionId last_id_ = 0;
  struct Subscription {
    Subscriber subscriber;
    Seq after = 0;
  };
  std::map<SubscriptionId, Subscription> subscribers_;
};

}  // namespace lockstep::fanout
